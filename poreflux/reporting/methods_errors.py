"""Text about the uncertainties: what their kinds are, how they combine, and which are missing."""

from collections.abc import Iterator, Sequence

import numpy as np
import xarray as xr

from poreflux.uncertainty.errors import (
    DISCRETISATION,
    KINDS,
    SAMPLING,
    SEGMENTATION,
    SOLVER,
    errors_of,
    value_of,
)

MEANING = {
    SAMPLING: "sampling is one standard deviation of what other volumes of this size would give",
    DISCRETISATION: "discretisation reaches to the ends of the interval in which the value with "
    "far smaller voxels is expected",
    SEGMENTATION: "segmentation reaches to what other thresholds and methods give",
    SOLVER: "solver is the error of the linear solve",
}

#: quantity -> its words, and the kinds without which its uncertainty is not whole
_WHOLE = {
    "porosity": ("porosity", (SAMPLING, SEGMENTATION)),
    "tortuosity_factor": ("tortuosity factor", (SAMPLING, DISCRETISATION, SEGMENTATION)),
}


def error_sentences(results: xr.Dataset) -> Iterator[str]:
    """Yield what the uncertainties of the porosity and of the tortuosity factor are.

    Examples
    --------
    >>> list(error_sentences(xr.Dataset({"porosity": 0.2, "porosity_sampling_error": 0.01})))
    ... # doctest: +NORMALIZE_WHITESPACE
    ['Of the uncertainties, sampling is one standard deviation of what other volumes of this size
     would give.',
     'Not known, and in no total, are the errors of the porosity by segmentation.']
    """
    known = {name: _known(results, name) for name in _WHOLE if name in results}
    told = [k for k in KINDS if any(k in kinds for by in known.values() for kinds in by.values())]
    if told:
        yield f"Of the uncertainties, {'; '.join(MEANING[kind] for kind in told)}."
    if len(told) > 1:
        solver = ", the solver's is added" if SOLVER in told else ""
        yield f"In totals, kinds are independent and add as squares{solver}."
    missing = [
        words for name, by_direction in known.items() for words in _missing(name, by_direction)
    ]
    if missing:
        yield f"Not known, and in no total, are the errors {'; '.join(missing)}."


def _missing(name: str, known: dict[str, set[str]]) -> Iterator[str]:
    """Yield the kinds that are missing of a number, by its directions where these differ."""
    words, needed = _WHOLE[name]
    left: dict[tuple[str, ...], list[str]] = {}
    for direction, kinds in known.items():
        left.setdefault(tuple(kind for kind in needed if kind not in kinds), []).append(direction)
    for absent, directions in left.items():
        if absent:
            along = f" along {listed(directions)}" if len(left) > 1 else ""
            yield f"of the {words}{along} by {listed(list(absent))}"


def listed(items: Sequence[str]) -> str:
    """Return ``"a, b and c"``.

    Examples
    --------
    >>> listed(["z", "y", "x"]), listed(["z"]), listed([])
    ('z, y and x', 'z', '')
    """
    return " and ".join([", ".join(items[:-1]), items[-1]][len(items) < 2 :]) if items else ""


def _known(results: xr.Dataset, name: str) -> dict[str, set[str]]:
    """Return the kinds of error that are known of a number along each direction that it has."""
    array = results[name]
    directions = np.atleast_1d(array["direction"]) if "direction" in array.dims else [""]
    solved = [d for d in map(str, directions) if np.isfinite(value_of(results, name, d))]
    return {d: {error.kind for error in errors_of(results, name, d)} for d in solved}
