"""Fit a plan of oblate pores to a porosity, a tortuosity factor and a variation between blocks."""

from collections.abc import Callable
from dataclasses import asdict, replace

import numpy as np

from poreflux.annotations import Progress
from poreflux.phantoms.oblate import OblatePores
from poreflux.phantoms.presets import Properties


def mismatch(properties: Properties, target: Properties) -> np.ndarray:
    """Return the differences in units of their tolerances: 0.2 % of volume, 0.02, a quarter."""
    return np.array(
        [
            (properties.porosity - target.porosity) / 0.002,
            (properties.tortuosity_factor - target.tortuosity_factor) / 0.02,
            (properties.block_deviation / target.block_deviation - 1) / 0.25,
        ]
    )


def calibrate(
    plan: OblatePores,
    target: Properties,
    measure: Callable[[OblatePores], Properties],
    *,
    tolerance: float = 0.2,
    rounds: int = 10,
    progress: Progress | None = None,
) -> tuple[OblatePores, Properties]:
    """Adjust porosity, aspect and clusters of a plan until its volume has the target properties.

    Parameters
    ----------
    plan
        to start from, with clusters above 0.
    target
        the properties to meet.
    measure
        makes a volume of a plan and measures it.
    tolerance
        largest :func:`mismatch` to accept.
    rounds
        volumes to try at most.
    progress
        called as ``progress(done, total, note)``.

    Returns
    -------
    the best plan tried, and its properties.

    Notes
    -----
    Broyden's method [1]_ in the logarithms of the three parameters. It starts from the slopes of a
    dilute suspension: the tortuosity factor grows with the porosity and falls with the aspect.

    References
    ----------
    .. [1] C. G. Broyden, Math. Comp. 19, 577 (1965).

    Examples
    --------
    >>> def measure(plan):
    ...     p = plan.porosity
    ...     return Properties(p, 1 + p / plan.aspect, 0.05 * plan.modulation.clusters)
    >>> from poreflux.phantoms import Modulation
    >>> start = OblatePores(0.1, 8.0, aspect=0.6, modulation=Modulation(clusters=0.3))
    >>> plan, properties = calibrate(start, Properties(0.12, 1.25, 0.02), measure)
    >>> print(f"{plan.porosity:.2f} {plan.aspect:.2f} {plan.modulation.clusters:.1f}")
    0.12 0.48 0.4
    """
    slopes = _dilute_slopes(target)
    tried: list[tuple[float, OblatePores, Properties]] = []
    step, previous_misfit = np.zeros(3), np.zeros(3)
    for i in range(rounds):
        properties = measure(plan)
        misfit = mismatch(properties, target)
        if progress is not None:
            progress(i + 1, rounds, f"{_parameters(plan)} -> {asdict(properties)}")
        tried.append((float(np.abs(misfit).max()), plan, properties))
        if tried[-1][0] <= tolerance:
            break
        if i:
            slopes += np.outer(misfit - previous_misfit - slopes @ step, step) / (step @ step)
        step = np.clip(-np.linalg.solve(slopes, misfit), -0.3, 0.3)
        plan, previous_misfit = _moved(plan, step), misfit
    return min(tried, key=lambda t: t[0])[1:]


def _dilute_slopes(target: Properties) -> np.ndarray:
    """Return roughly the slopes of the mismatch in log porosity, log aspect and log clusters."""
    p, excess = target.porosity, target.tortuosity_factor - 1
    return np.array(
        [[p / 0.002, 0, 0], [1.2 * excess / 0.02, -1.8 * p / 0.02, 0], [0, 0, 0.7 / 0.25]]
    )


def _parameters(plan: OblatePores) -> dict[str, float]:
    return {
        "porosity": plan.porosity,
        "aspect": plan.aspect,
        "clusters": plan.modulation.clusters,
    }


def _moved(plan: OblatePores, step: np.ndarray) -> OblatePores:
    """Return the plan with its parameters times exp(step), to four digits."""
    porosity, aspect, clusters = (
        float(f"{value:.4g}") for value in np.exp(step) * list(_parameters(plan).values())
    )
    return replace(
        plan,
        porosity=porosity,
        aspect=min(aspect, 1.0),
        modulation=replace(plan.modulation, clusters=clusters),
    )
