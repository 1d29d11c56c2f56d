"""Methods text: what was done, to paste into a paper, and the works to cite for it."""

from collections.abc import Iterator, Mapping

import numpy as np
import xarray as xr

from poreflux.reporting import methods_microstructure, methods_segmentation
from poreflux.reporting.computed import computed, solved_directions
from poreflux.reporting.methods_current import current_sentences
from poreflux.reporting.methods_errors import error_sentences, listed
from poreflux.reporting.methods_microstructure import structure_sentences
from poreflux.results.variants import LABEL, own_variables
from poreflux.schema.attribute_text import history, parsed
from poreflux.uncertainty.rounding import significant

WORKS = {
    "otsu": "N. Otsu, A threshold selection method from gray-level histograms, "
    "IEEE Trans. Syst. Man Cybern. 9 (1979) 62–66. doi:10.1109/TSMC.1979.4310076",
    "multi-otsu": "P.-S. Liao, T.-S. Chen, P.-C. Chung, A fast algorithm for multilevel "
    "thresholding, J. Inf. Sci. Eng. 17 (2001) 713–727.",
    "structure": "Lin et al., ACS Energy Lett. 9 (2024) 2387.",
    "tortuosity": "B. Tjaden, D. J. L. Brett, P. R. Shearing, Tortuosity in electrochemical "
    "devices: a review of calculation approaches, Int. Mater. Rev. 63 (2018) 47–67. "
    "doi:10.1080/09506608.2016.1249995",
    "cg": "M. R. Hestenes, E. Stiefel, Methods of conjugate gradients for solving linear systems, "
    "J. Res. Natl. Bur. Stand. 49 (1952) 409–436. doi:10.6028/jres.049.044",
    "xarray": "S. Hoyer, J. Hamman, xarray: N-D labeled arrays and datasets in Python, "
    "J. Open Res. Softw. 5 (2017) 10. doi:10.5334/jors.148",
    "dask": "M. Rocklin, Dask: parallel computation with blocked algorithms and task scheduling, "
    "Proc. 14th Python in Science Conf. (2015) 126–132. doi:10.25080/Majora-7b98e3ed-013",
}


def operations(results: xr.Dataset) -> list[dict]:
    """Return the operations that made the Results, first to last, each a dict with `operation`."""
    return [*history(results), *computed(results)]


def methods(results: xr.Dataset, *, variants: Mapping[int, xr.Dataset] | None = None) -> str:
    """Return the methods paragraph of the Results, and of their variants what differs.

    Examples
    --------
    >>> methods(xr.Dataset({"voxels": 8}, attrs={"program": "poreflux 0.1.0"}))
    'The volume was analysed with poreflux 0.1.0.'
    """
    sentences = [*_sentences(results)]
    for number, variant in (variants or {}).items():
        sentences += _of_variant(number, variant)
    return " ".join(" ".join(sentence.split()) for sentence in sentences)


def _of_variant(number: int, variant: xr.Dataset) -> Iterator[str]:
    """Yield what was done in another way for a variant."""
    yield f"For variant {number} ({variant.attrs[LABEL]}) this differs."
    names = own_variables(variant)
    only = variant.drop_vars([name for name in variant.data_vars if name not in names])
    if "block_porosity" in only:
        yield _blocks(only["block_porosity"])
    yield from structure_sentences(only)
    if "tortuosity_factor" in only:
        yield from _transport(only)
    if "block_tortuosity_factor" in only:
        yield _block_tortuosity(only["block_tortuosity_factor"], variant.get("tortuosity_factor"))
    yield from current_sentences(only)


def citations(results: xr.Dataset) -> list[str]:
    """Return the works that this run used, in the order of the methods paragraph."""
    used = _used(results)
    segmented = methods_segmentation.works(_segmentation(results))
    specific = [methods_segmentation.WORKS[key] for key in segmented]
    specific += [methods_microstructure.WORKS[key] for key in methods_microstructure.works(results)]
    first, last = [key for key in WORKS if key in used], ("xarray", "dask")
    general = [WORKS[key] for key in first if key not in last]
    return [*general, *specific, *(WORKS[key] for key in last)]


def program(results: xr.Dataset) -> str:
    """Return name and version of the program that made the Results."""
    from poreflux import __version__

    return str(results.attrs.get("program", f"poreflux {__version__}"))


def _used(results: xr.Dataset) -> set[str]:
    used = {"xarray", "dask"}
    for entry in operations(results):
        method = str(entry.get("method", ""))
        used |= {method} & {"otsu", "multi-otsu"}
    if any(str(name).startswith("structure_factor") for name in results.data_vars):
        used.add("structure")
    if "tortuosity_factor" in results or "block_tortuosity_factor" in results:
        used |= {"tortuosity", "cg"}
    if "current_density_mean" in results:
        used |= {"structure", "cg"}
    return used


def _sentences(results: xr.Dataset) -> Iterator[str]:
    yield _volume(results)
    segmented = _segmentation(results)
    if segmented:
        yield from methods_segmentation.corrections(segmented)
        yield _segmented(segmented, results)
        yield from methods_segmentation.weighed(segmented)
    if "porosity" in results:
        yield "The porosity is the share of pore voxels."
    yield from methods_segmentation.band(results, segmented)
    if "block_porosity" in results:
        yield _blocks(results["block_porosity"])
    if "structure_factor" in results:
        yield (
            "The structure factor map is the porosity of each column along z minus the mean "
            "porosity."
        )
    if "structure_factor_ratio" in results:
        yield (
            "Its root mean square is compared with that of a homogeneous medium of the same "
            "porosity and correlation length, and with the scatter of such media."
        )
    yield from structure_sentences(results)
    if "tortuosity_factor" in results:
        yield from _transport(results)
    if "block_tortuosity_factor" in results:
        blocks = results["block_tortuosity_factor"]
        if "tortuosity_factor" not in results:
            yield from _equation(blocks)
        yield _block_tortuosity(blocks, results.get("tortuosity_factor"))
    if "representative_tortuosity_mean" in results:
        edges = [significant(e, 3) for e in results["cube_edge"].values.tolist()]
        yield f"So was that of cubes with an edge of {listed(edges)} µm."
    yield from current_sentences(results)
    yield from error_sentences(results)


def _segmentation(results: xr.Dataset) -> dict:
    """Return the last segmentation of the history; empty where there is none."""
    segmentations = [e for e in operations(results) if e.get("operation") == "segment"]
    return segmentations[-1] if segmentations else {}


def _volume(results: xr.Dataset) -> str:
    shape, size = volume_shape(results), results.attrs.get("voxel_size")
    if shape is None or size is None:
        return f"The volume was analysed with {program(results)}."
    edges = sorted({f"{h:g}" for h in size})
    voxel = f"{edges[0]} µm" if len(edges) == 1 else " × ".join(f"{h:g}" for h in size) + " µm"
    return (
        f"A volume of {' × '.join(map(str, shape))} voxels (z, y, x) with a voxel edge of {voxel} "
        f"was analysed with {program(results)}."
    )


def volume_shape(results: xr.Dataset) -> tuple[int, ...] | None:
    """Return the number of voxels (z, y, x) where the Results have all three coordinates."""
    if not {"z", "y", "x"} <= set(results.sizes):
        return None
    return tuple(results.sizes[d] for d in "zyx")


def _segmented(entry: dict, results: xr.Dataset) -> str:
    method = str(entry.get("method", "threshold"))
    description = methods_segmentation.METHODS.get(method, method)
    thresholds = np.atleast_1d(entry.get("thresholds", entry.get("threshold", []))).tolist()
    values = ", ".join(significant(float(t), 4) for t in thresholds if t is not None)
    at = f" (threshold{'s' if len(thresholds) > 1 else ''} {values})" if values else ""
    labels = results.get("phase_slice_z", xr.DataArray())
    names = str(labels.attrs.get("flag_meanings", "")).split()
    phases = listed(names) or "phases"
    noise = methods_segmentation.denoised(entry)
    return f"Grey values were segmented into {phases} by {description}{at}{noise}."


def _blocks(blocks: xr.DataArray) -> str:
    grid = " × ".join(str(n) for n in blocks.shape)
    return f"Sub-volumes are a {grid} division of the volume."


def _block_tortuosity(blocks: xr.DataArray, whole: xr.DataArray | None) -> str:
    """Return how sub-volumes were solved, `whole` being the factor of the volume, told before."""
    grid = " × ".join(str(blocks.sizes[dim]) for dim in blocks.dims[1:])
    along = listed(solved_directions(blocks))
    rtol = parsed(blocks.attrs.get("rtol"))
    digits = f", to a relative error of {rtol:g}" if isinstance(rtol, float) else ""
    way = "in this way" if whole is None else "in the same way"
    if whole is not None and whole.attrs.get("geometry") == "partial":
        way += ", but on voxels that conduct by their phase"
    return f"The tortuosity factor of {grid} sub-volumes along {along} was computed {way}{digits}."


def _equation(array: xr.DataArray) -> Iterator[str]:
    """Yield what was solved for a tortuosity factor, and how."""
    along = listed(solved_directions(array))  # other directions are those of other numbers
    conductivities = parsed(array.attrs.get("conductivity")) or {}
    conducts = listed(list(conductivities)) or "conducting phase"
    sides = array.attrs.get("sides", "insulated")
    if len(conductivities) > 1:
        values = listed([f"{name} {value:g}" for name, value in conductivities.items()])
        yield f"The conductivities were {values}, in one unit."
    yield (
        f"The tortuosity factor τ along {along} follows from κ_eff = κ0 φ / τ, with φ the volume "
        f"fraction of the {conducts}: Laplace's equation was solved by finite volumes on the "
        f"voxels (face neighbours; potentials on the outer faces of the first and last plane, "
        f"{sides} sides) with conjugate gradients preconditioned by multigrid."
    )


def _transport(results: xr.Dataset) -> Iterator[str]:
    array = results["tortuosity_factor"]
    yield from _equation(array)
    if "relative_error" in results:
        worst = float(np.nanmax(results["relative_error"]))
        yield (
            "It stopped when the estimated relative error of the effective conductivity was "
            f"{worst:.1g} or less."
        )
    if array.attrs.get("geometry") == "partial":
        yield (
            "Voxels at a surface conduct by their share of solid, from their grey value; blur "
            "lowers τ then."
        )
        return
    yield "Voxels represent curved walls by steps, which raises τ − 1."
