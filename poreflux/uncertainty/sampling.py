"""Whether a sample is wide enough to stand for the material, and what a larger one would bring."""

import math

import xarray as xr

from poreflux.uncertainty.rounding import significant

#: integral lengths along the shortest edge of a sample that stands for the material
REPRESENTATIVE = 8.0


def too_narrow(results: xr.Dataset) -> str:
    """Return what to say of a sample too narrow to be representative; nothing of a wide one.

    Parameters
    ----------
    results
        with `porosity_relative_width` and what :func:`poreflux.block_porosity` finds beside it.

    Examples
    --------
    >>> found = {"relative_width": 5.0, "integral_length": 20.0, "sampling_error": 0.01,
    ...     "effective_samples": 125.0}
    >>> results = xr.Dataset({f"porosity_{name}": number for name, number in found.items()})
    >>> print(too_narrow(results))
    the sample is not representative: it is 5.0 integral lengths of its pores (20 µm) wide, below \
8, so that its sampling errors are themselves uncertain; a cube of 160 µm would do, and lower that \
of the porosity from 0.010 to 0.0049
    """
    names = ("relative_width", "integral_length", "sampling_error", "effective_samples")
    width, length, error, samples = (
        float(results.get(f"porosity_{name}", math.nan)) for name in names
    )
    if not width < REPRESENTATIVE:
        return ""
    better = error * math.sqrt(samples / REPRESENTATIVE**3)
    gain = (
        f", and lower that of the porosity from {significant(error, 2)} to {significant(better, 2)}"
        if better < error
        else ""
    )
    arrangement = (
        "; its integral range, clustering ratio and hyperuniformity index are too small, by more "
        "than their errors"
        if "integral_range" in results
        else ""
    )
    return (
        f"the sample is not representative: it is {significant(width, 2)} integral lengths of its "
        f"pores ({significant(length, 2)} µm) wide, below {REPRESENTATIVE:.0f}, so that its "
        "sampling errors are themselves uncertain; a cube of "
        f"{significant(REPRESENTATIVE * length, 2)} µm would do{gain}{arrangement}"
    )
