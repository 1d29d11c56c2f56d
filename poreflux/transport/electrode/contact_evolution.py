"""How contact with an electrode may change as metal is stripped and plated: a model of our own."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from scipy import ndimage

from poreflux.annotations import ShownProgress
from poreflux.progress import shows_progress
from poreflux.schema import Direction, name_of, variable
from poreflux.transport.electrode.conditions import INITIAL_CONTACT
from poreflux.transport.electrode.contact_mask import Contact, contact_of
from poreflux.transport.electrode.interfacial_current import interfacial_current
from poreflux.transport.electrode.kinetics import FARADAY

#: molar volume of lithium in m³/mol
MOLAR_VOLUME = 1.3e-5

#: µm of lithium a mAh/cm²: 4.85
THICKNESS = MOLAR_VOLUME * 3.6e4 / FARADAY * 1e6

STEP_STATISTICS = (
    "contact_fraction",
    "current_density_cv",
    "current_density_p99",
    "area_specific_resistance",
)

NOTE = "quasi-static model of poreflux, not calibrated to any cell: shows a mechanism, no lifetimes"


@shows_progress("contact")
def contact_evolution(
    volume: xr.Dataset,
    *,
    capacities: Sequence[float],
    supply: float,
    critical_gap: float,
    applied: float = 1.0,
    contact: Contact = INITIAL_CONTACT,
    direction: Direction = "z",
    progress: ShownProgress = None,
    **options: Any,
) -> xr.Dataset:
    """Follow the contact through steps of stripping and plating.

    The model is not calibrated: nothing in it has been fitted to a cell, and its two parameters
    have no default.

    Parameters
    ----------
    volume
        with `phase` (z, y, x).
    capacities
        of the steps in mAh/cm² of the whole face, negative where stripped, positive where plated.
    supply
        current density in mA/cm² that diffusion and creep of the metal can bring to a face.
    critical_gap
        thickness in µm of missing metal at which a face loses contact.
    applied
        magnitude of the current density in mA/cm².
    contact, direction, options
        as for :func:`poreflux.interfacial_current`.
    progress
        True for a bar (the default in notebooks), False for none; or what is called as
        ``progress(done, total, note)`` with steps.

    Returns
    -------
    Dataset over `evolution_step`, the start of each step and the end of the last: the capacity
    passed, `evolution_contact` (maps), share that reacts, CV and 99th percentile of the current,
    resistance; and `evolution_gap` at the end. It ends early where no current is possible any
    more. For the directions y and x, `_y` and `_x` are appended to the names, that of the steps
    too.

    Raises
    ------
    as :func:`poreflux.interfacial_current`.

    Notes
    -----
    Stripping: ``d gap / dt = V_m (|j| - supply) / F`` where in contact, not below 0; contact is
    lost above `critical_gap`. Plating fills only faces off contact that adjoin a face in contact,
    at the mean rate of these; contact is back where the gap is filled. Within a step the current
    stays as it was at its start.

    Examples
    --------
    >>> from poreflux import phantoms
    >>> sample = phantoms.random_sites((6, 12, 12), 0.2, seed=1)
    >>> found = contact_evolution(sample, capacities=[-0.2, -0.2], supply=0.2, critical_gap=1.1)
    >>> bool(found.evolution_contact_fraction[-1] < found.evolution_contact_fraction[0])
    True
    """
    steps = _validated(capacities, supply, critical_gap, applied)
    mask = contact_of(volume, contact, direction)
    gap = np.where(mask.values, 0.0, critical_gap)
    rows, maps, passed = [], [], [0.0]
    for index, step in enumerate([*steps, 0.0]):
        if not mask.values.any():
            break
        sign = np.sign(step) if step else np.sign(steps[-1])
        solved = interfacial_current(
            volume, contact=mask, direction=direction, applied=sign * applied, **options
        )
        if float(solved.contact_fraction[0]) == 0:
            break
        rows.append([float(solved[name][0]) for name in STEP_STATISTICS])
        maps.append(mask.values.copy())
        if progress is not None:
            progress(index, len(steps), f"{100 * rows[-1][0]:.1f} % of the face reacts")
        if step:
            j = np.abs(solved[name_of("current_density", direction)].values).astype(float)
            hours = abs(step) / applied
            change = strip if step < 0 else plate
            gap, still = change(gap, mask.values, j, hours, supply, critical_gap)
            mask = mask.copy(data=still)
            passed.append(passed[-1] + step)
    statistics = np.array(rows).reshape(-1, len(STEP_STATISTICS))
    return _dataset(direction, mask, gap, statistics, maps, passed[: len(rows)])


def strip(
    gap: np.ndarray,
    contact: np.ndarray,
    j: np.ndarray,
    hours: float,
    supply: float,
    critical_gap: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Return gap and contact after stripping at the current density j for some hours."""
    rate = THICKNESS * (np.nan_to_num(j) - supply)
    gap = np.where(contact, np.maximum(gap + rate * hours, 0.0), gap)
    return gap, contact & (gap <= critical_gap)


def plate(
    gap: np.ndarray,
    contact: np.ndarray,
    j: np.ndarray,
    hours: float,
    supply: float,
    critical_gap: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Return gap and contact after plating at the current density j for some hours."""
    cross = ndimage.generate_binary_structure(2, 1)
    beside = ndimage.binary_dilation(contact, cross) & ~contact
    weight = ndimage.convolve(contact.astype(float), cross.astype(float), mode="constant")
    total = ndimage.convolve(np.nan_to_num(j) * contact, cross.astype(float), mode="constant")
    filled = THICKNESS * hours * total / np.maximum(weight, 1.0)
    gap = np.where(beside, gap - filled, np.where(contact, 0.0, gap))
    back = beside & (gap <= 0)
    return np.maximum(gap, 0.0), contact | back


def _dataset(
    direction: Direction,
    mask: xr.DataArray,
    gap: np.ndarray,
    rows: np.ndarray,
    maps: Sequence[np.ndarray],
    passed: Sequence[float],
) -> xr.Dataset:
    values: dict = {f"evolution_{name}": (rows[:, i], {}) for i, name in enumerate(STEP_STATISTICS)}
    values["evolution_capacity"] = (passed, {})
    contact = np.array(maps, np.uint8).reshape(-1, *gap.shape)
    values["evolution_contact"] = (contact, {"note": NOTE})
    values["evolution_gap"] = (gap.astype(np.float32), {"note": NOTE})
    variables = {}
    for quantity, (array, note) in values.items():
        name = name_of(quantity, direction)
        variables[name] = variable(name, array, **note)
    coords = {dim: mask[dim] for dim in mask.dims}
    return xr.Dataset(variables, coords, attrs={"note": NOTE, "calibrated": 0})


def _validated(
    capacities: Sequence[float], supply: float, critical_gap: float, applied: float
) -> list[float]:
    steps = [float(step) for step in capacities]
    if not steps or not all(np.isfinite(step) and step != 0 for step in steps):
        raise ValueError(f"capacities={steps} are no steps; give mAh/cm², negative for stripping")
    if not (np.isfinite(supply) and supply >= 0):
        raise ValueError(f"supply={supply!r} is not a number of mA/cm², 0 or more")
    if not (np.isfinite(critical_gap) and critical_gap > 0):
        raise ValueError(f"critical_gap={critical_gap!r} is not a positive number of µm")
    if not (np.isfinite(applied) and applied > 0):
        raise ValueError(f"applied={applied!r} is not positive; the sign is that of the capacities")
    return steps
