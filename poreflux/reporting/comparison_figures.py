"""The figures of a comparison that show all samples beside or over each other."""

from collections.abc import Callable, Mapping
from functools import partial

import xarray as xr

from poreflux import plot
from poreflux.reporting.figures import Card, make_card

Samples = Mapping[str, xr.Dataset]

#: edge in µm of the field that the paper shows
PAPER_FIELD = 100.0

#: most numbers of a sample that are put into the page to download
_MOST = 20_000


def panels(samples: Samples) -> dict[tuple[str, str], list[tuple[tuple[str, ...], Callable]]]:
    """Return the figures of each part: the variables that each needs, and what makes its card."""
    all_results, names = tuple(samples.values()), tuple(samples)
    blocks, tau = "block_porosity", "block_tortuosity_factor"
    layers = (
        "A point is a sub-volume at the z of its centre; a box holds the middle half of a layer, "
        "and its line is the median."
    )
    numbered = (
        "Each layer across z, the first at the left, the electrode at the last; numbers are those "
        "of the paper, along x first (49 to 64 of 64 at the electrode). The scale "
        "ends where 98 % lie below."
    )
    return {
        ("pores", "Pores (Fig. 1 f, g; 4 d, g)"): [
            (("pore_number", "pore_count"), card_of(
                "sizes", "Sizes of pores (Fig. 1 f, g)",
                lambda: plot.pore_size(*all_results, names=names, by="number"),
                "Share of the number of pores, as in the paper, on one scale. Hatched: fewer than "
                "8 voxels, of uncertain size. Line: corrected for pores that faces cut. Triangles: "
                "modes.",
                partial(_data, samples, "pore_number"))),
            (("phase_percent",), card_of(
                "pore-space", "Pores from outside (Fig. 4 d, g)",
                lambda: plot.pores(*all_results, names=names),
                "The pore space as a solid; colours follow the depth along z. The paper shows one "
                "sub-volume of 115 µm of two samples.")),
        ],
        ("profile", "Porosity along z, and structure factor (Fig. 3)"): [
            (("porosity_profile",), card_of(
                "profiles", "Porosity of planes (Fig. 3 a)",
                lambda: plot.together(*all_results, names=names, quantity="porosity_profile",
                                      title="porosity of a plane"), "Each plane along z.",
                partial(_data, samples, "porosity_profile"))),
            (("structure_factor",), card_of(
                "maps", "Structure factor (Fig. 3 b to g)",
                lambda: plot.structure_factor(*all_results, names=names),
                "Porosity of each column minus the mean porosity, on one scale. Values beyond its "
                "ends have the colours of the ends.")),
        ],
        ("blocks", "Sub-volumes (Fig. 4)"): [
            ((blocks,), card_of(
                "block-porosity", "Porosity of sub-volumes (Fig. 4 b, e)",
                lambda: plot.block_porosity(*all_results, names=names), layers,
                partial(_data, samples, blocks))),
            ((blocks,), card_of(
                "block-porosity-map", "Porosity of each sub-volume (numbers as in Fig. 4 a)",
                lambda: plot.block_map(*all_results, names=names), numbered)),
            ((tau,), card_of(
                "block-tortuosity", "Tortuosity factor of sub-volumes (Fig. 4 c, f; S7)",
                lambda: plot.block_tortuosity(*all_results, names=names),
                f"Through the plane (z) and in the plane (y, x). {layers} Dashed: the whole "
                "volume.",
                partial(_data, samples, tau))),
            ((tau,), card_of(
                "block-tortuosity-map", "Tortuosity factor along z of each sub-volume",
                lambda: plot.block_map(*all_results, names=names, quantity=tau), numbered)),
        ],
        ("current", "The current at the electrode (Fig. 5, S8)"): [
            (("current_density", "interface_state"), card_of(
                "current", "Current density (Fig. 5)",
                lambda: plot.current_density(*all_results, names=names),
                "On one scale; at most 0.2 % of all values lie above its top. The data of maps are "
                "in the report of each sample.")),
            (("current_density",), card_of(
                "distribution", "Distribution of the current density (Fig. S8)",
                lambda: plot.current_distribution(*all_results, names=names),
                "Histograms, and the share of the contact above each value.")),
            (("sweep_current_density_cv", "swept_wagner_length"), card_of(
                "wagner", "Unevenness against the Wagner length (not in the paper)",
                lambda: plot.wagner_sweep(*all_results, names=names),
                "The slower the kinetics, the less of the structure the current sees. The axis is "
                "broken left of the least length; 0 is the limit of fast kinetics. Right: squares "
                "are 99th percentiles, triangles the largest values, open where voxels half as "
                "large would change them.",
                partial(_data, samples, "sweep_current_density_cv", "sweep_current_density_max"))),
        ],
        ("size", "How large a sample must be, and at which lengths it is uneven (Fig. S3)"): [
            (("representative_std",), card_of(
                "representative", "Porosity of sub-volumes by their size (Fig. S3)",
                lambda: plot.together(
                    *all_results, names=names, quantity="representative_std", log=True,
                    title="standard deviation of the porosity"),
                "Standard deviation of the porosity of cubes against their edge.",
                partial(_data, samples, "representative_std"))),
            (("spectral_density",), card_of(
                "spectra", "Spectral density (not in the paper)",
                lambda: plot.together(
                    *all_results, names=names, quantity="spectral_density", log=True),
                "Power of the porosity by wavenumber; bands are standard errors.",
                partial(_data, samples, "spectral_density", "spectral_density_error"))),
        ],
    }  # fmt: skip


def _data(samples: Samples, *names: str) -> list[xr.DataArray]:
    """Return variables of each sample under names of their own, to download; none of large maps.

    Maps are in the report of each sample.
    """
    arrays = []
    for sample, results in samples.items():
        for name in names:
            array = results[name]
            if array.size <= _MOST:
                dims = {d: f"{d} of {sample}" for d in array.dims}
                arrays.append(array.rename(f"{name} of {sample}").rename(dims))
    return arrays


def card_of(
    name: str,
    title: str,
    draw: Callable[[], plot.style.Figure],
    caption: str,
    data: Callable[[], list[xr.DataArray]] = list,
) -> Callable[[], Card]:
    """Return what draws a figure and makes its card."""
    return lambda: make_card(name, title, draw(), caption, f"{title}. {caption}", data())
