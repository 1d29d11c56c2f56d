"""Warnings for numbers that are impossible, or that usually mean a mistake."""

import math
from collections.abc import Iterator

import numpy as np
import xarray as xr

from poreflux.reporting.methods_errors import listed
from poreflux.schema import MESH_DEPENDENT
from poreflux.schema.attribute_text import history
from poreflux.uncertainty.errors import DISCRETISATION, SAMPLING, errors_of
from poreflux.uncertainty.rounding import rounded, told
from poreflux.uncertainty.sampling import too_narrow
from poreflux.volume import USUAL_VOXELS

#: without a warning: widest band of porosities, as a share of the highest, and worst fit of two
#: phases
WIDE_BAND, MISFIT = 0.5, 0.1

#: share of the variance between the classes that needs no model to be two phases
CLEAR = 0.9

#: share of pores in a segmentation without a warning: more is the solid, in most samples
MOSTLY_PORE = 0.6


def guards(results: xr.Dataset) -> list[str]:
    """Return a warning for each number of the Results that is impossible or suspicious.

    Examples
    --------
    >>> guards(xr.Dataset({"porosity": 0.0}))
    ['no voxel is pore; check the threshold and the names of the phases']
    """
    checks = (
        _reading,
        _voxel_size,
        _porosity,
        _narrow,
        _pores_brighter,
        _separation,
        _wide_band,
        _mostly_pore,
        _two_phases,
        _percolation,
        _too_easy,
        _not_resolved,
        _voxels_unknown,
        _solver,
        _mesh_dependent,
    )
    return list(dict.fromkeys(warning for check in checks for warning in check(results)))


def _reading(results: xr.Dataset) -> Iterator[str]:
    """Yield what was assumed, or was missing, when the file was read."""
    for entry in history(results):
        if entry.get("operation") == "read":
            yield from entry.get("parameters", {}).get("notes", [])


def _voxel_size(results: xr.Dataset) -> Iterator[str]:
    for length in np.unique(results.attrs.get("voxel_size", ())):
        if not USUAL_VOXELS[0] <= length <= USUAL_VOXELS[1]:
            yield (
                f"a voxel edge of {length:g} µm is unusual for a tomogram; "
                "voxel_size is in µm, not nm or mm"
            )


def _porosity(results: xr.Dataset) -> Iterator[str]:
    if "porosity" not in results:
        return
    porosity = float(results["porosity"])
    if porosity == 0:
        yield "no voxel is pore; check the threshold and the names of the phases"
    elif porosity == 1:
        yield "every voxel is pore; check the threshold and the names of the phases"
    elif porosity > 0.7:
        shown = told(results, "porosity").with_unit("")
        yield f"the porosity is {shown}: are pore and solid swapped?"


def _narrow(results: xr.Dataset) -> Iterator[str]:
    sentence = too_narrow(results)
    if sentence:
        yield sentence


def _pores_brighter(results: xr.Dataset) -> Iterator[str]:
    """Pores attenuate least, so their grey values are the lowest unless the image is inverted."""
    if not {"gray_slice_z", "phase_slice_z"} <= set(results.data_vars):
        return
    labels = results["phase_slice_z"]
    names = str(labels.attrs.get("flag_meanings", "")).split()
    values = np.atleast_1d(labels.attrs.get("flag_values", []))
    gray = results["gray_slice_z"].values.astype(float)
    mean = {
        name: gray[labels.values == value].mean()
        for name, value in zip(names, values)
        if (labels.values == value).any()
    }
    solids = [value for name, value in mean.items() if name != "pore"]
    if "pore" in mean and solids and mean["pore"] > max(solids):
        yield (
            f"the pores are brighter ({mean['pore']:.4g}) than the solid ({max(solids):.4g}): "
            "are the phases swapped, or the image inverted?"
        )


def _separation(results: xr.Dataset) -> Iterator[str]:
    """Pietsch et al. (2018): the share of variance between the classes rates a threshold."""
    if "separability" not in results:
        return
    share = float(results["separability"])
    if share < 0.6:
        yield (
            f"the threshold separates only {100 * share:.0f} % of the grey values' variance: "
            "the porosity may depend on noise or blur; compare thresholds"
        )


def _mostly_pore(results: xr.Dataset) -> Iterator[str]:
    if "porosity_low" not in results or "porosity" in results:
        return
    share = float(results["porosity_low"])
    if share > MOSTLY_PORE:
        yield (
            f"at least {100 * share:.0f} % of the sample would be pore: are the pores on the other "
            "side of the grey values (pore='dark' or pore='bright')?"
        )


def _wide_band(results: xr.Dataset) -> Iterator[str]:
    if not {"porosity_low", "porosity_high"} <= set(results.data_vars):
        return
    low, high = (float(results[f"porosity_{end}"]) for end in ("low", "high"))
    if high - low > WIDE_BAND * max(high, 1e-9):
        ends = " and ".join(rounded(100 * end, 100 * (high - low)) for end in (low, high))
        yield (
            f"by other thresholds and methods the porosity is between {ends} %: denoise or correct "
            "the scan, and report this range with it"
        )


def _two_phases(results: xr.Dataset) -> Iterator[str]:
    if "gray_misfit" not in results or _weighed(results):
        return
    misfit = float(results["gray_misfit"])
    if math.isnan(misfit) and float(results.get("separability", 1.0)) < CLEAR:
        yield (
            "no model of two phases fits the grey values: there is no check of the porosity but "
            "the other thresholds; do not trust the grey balance"
        )
    if misfit > MISFIT:
        yield (
            f"{100 * misfit:.0f} % of the grey values do not fit two phases with equal noise: a "
            "third phase, air around the sample, or an uneven image; do not trust the grey balance"
        )


def _weighed(results: xr.Dataset) -> bool:
    """Return whether the last segmentation weighed the pores, which needs no model."""
    done = [e for e in history(results) if e.get("operation") == "segment"]
    return bool(done and done[-1].get("weighed"))


def _percolation(results: xr.Dataset) -> Iterator[str]:
    for direction, tau in _directions(results, "tortuosity_factor"):
        if math.isinf(tau):
            yield (
                f"the conducting phase does not connect the two faces along {direction}: the "
                "effective conductivity is 0"
            )
    for direction, share in _directions(results, "contact_fraction"):
        if share == 0:
            yield (
                f"no current is possible along {direction}: no electrolyte joins the opposite face "
                "to the contact"
            )
    blocks = results.get("block_tortuosity_factor")
    if blocks is not None and np.isinf(blocks).any():
        yield (
            f"{int(np.isinf(blocks).sum())} of {blocks.size} block solves found no path through; "
            "they count with conductivity 0 in the mean and its sampling error"
        )


def _too_easy(results: xr.Dataset) -> Iterator[str]:
    for direction, tau in _directions(results, "tortuosity_factor"):
        if tau < 1 - 1e-6:
            shown = told(results, "tortuosity_factor", direction).with_unit("")
            yield (
                f"the tortuosity factor along {direction} is {shown}, below 1, which no structure "
                "of one conducting phase can have; check the conductivities"
            )


def _not_resolved(results: xr.Dataset) -> Iterator[str]:
    name = "tortuosity_factor_discretisation_high"
    for direction, high in _directions(results, name):
        if math.isinf(high):
            why = results[name].attrs.get("not_resolved", "voxels are too large for it")
            yield (
                f"the tortuosity factor along {direction} has no upper bound: {why}; take smaller "
                "voxels, or say so beside it"
            )


def _voxels_unknown(results: xr.Dataset) -> Iterator[str]:
    """Yield where a total error is told, and that of the voxels is not in it."""
    unknown = []
    for direction, tau in _directions(results, "tortuosity_factor"):
        kinds = {error.kind for error in errors_of(results, "tortuosity_factor", direction)}
        if math.isfinite(tau) and SAMPLING in kinds and DISCRETISATION not in kinds:
            unknown.append(direction)
    if unknown:
        yield (
            f"how far voxels move the tortuosity factor along {listed(unknown)} is not known, and "
            "not in its total error, which is too small; compare only samples of equal voxels"
        )


def _solver(results: xr.Dataset) -> Iterator[str]:
    for direction, imbalance in _directions(results, "flux_imbalance"):
        if imbalance > 0.01:
            yield (
                f"the flux along {direction} differs by {100 * imbalance:.2g} % between planes; "
                "solve again with a smaller rtol"
            )


def _mesh_dependent(results: xr.Dataset) -> Iterator[str]:
    for direction, change in _directions(results, "current_density_max_refinement"):
        if abs(change) > MESH_DEPENDENT:
            yield (
                f"the largest current density along {direction} is mesh-dependent: voxels half as "
                f"large change it by about {100 * change:+.2g} %; compare 99th percentiles, or use "
                "smaller voxels"
            )


def _directions(results: xr.Dataset, name: str) -> list[tuple[str, float]]:
    if name not in results:
        return []
    array = results[name]
    return [(str(d), float(array.sel(direction=d))) for d in np.atleast_1d(array["direction"])]
