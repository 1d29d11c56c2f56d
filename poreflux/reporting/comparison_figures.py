"""The figures of a comparison that show all samples beside or over each other."""

from collections.abc import Callable, Mapping
from functools import partial

import xarray as xr

from poreflux import plot
from poreflux.reporting.comparison_data import arrays
from poreflux.reporting.figures import Card, make_card
from poreflux.reporting.packed import packed
from poreflux.reporting.solid import turnable

Samples = Mapping[str, xr.Dataset]

#: edge in µm of the field that the paper shows
PAPER_FIELD = 100.0


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
                partial(arrays, samples, "pore_number"))),
            (("phase_percent",), card_of(
                "pore-space", "Pores from outside (Fig. 4 d, g)",
                lambda: plot.pores(*all_results, names=names),
                "The pore space as a solid; colours follow the depth along z. The paper shows one "
                "sub-volume of 115 µm of two samples.", held=partial(_pores, samples))),
        ],
        ("profile", "Porosity along z, and structure factor (Fig. 3)"): [
            (("porosity_profile",), card_of(
                "profiles", "Porosity of planes (Fig. 3 a)",
                lambda: plot.together(*all_results, names=names, quantity="porosity_profile",
                                      title="porosity of a plane"), "Each plane along z.",
                partial(arrays, samples, "porosity_profile"))),
            (("structure_factor",), card_of(
                "maps", "Structure factor (Fig. 3 b to g)",
                lambda: plot.structure_factor(*all_results, names=names),
                "Porosity of each column minus the mean porosity, on one scale. Values beyond its "
                "ends have the colours of the ends.",
                held=partial(_maps, samples, "structure_factor"))),
        ],
        ("blocks", "Sub-volumes (Fig. 4)"): [
            ((blocks,), card_of(
                "block-porosity", "Porosity of sub-volumes (Fig. 4 b, e)",
                lambda: plot.block_porosity(*all_results, names=names), layers,
                partial(arrays, samples, blocks))),
            ((blocks,), card_of(
                "block-porosity-map", "Porosity of each sub-volume (numbers as in Fig. 4 a)",
                lambda: plot.block_map(*all_results, names=names), numbered,
                same="block-porosity")),
            ((tau,), card_of(
                "block-tortuosity", "Tortuosity factor of sub-volumes (Fig. 4 c, f; S7)",
                lambda: plot.block_tortuosity(*all_results, names=names),
                f"Through the plane (z) and in the plane (y, x). {layers} Dashed: the whole "
                "volume.",
                partial(arrays, samples, tau))),
            ((tau,), card_of(
                "block-tortuosity-map", "Tortuosity factor along z of each sub-volume",
                lambda: plot.block_map(*all_results, names=names, quantity=tau), numbered,
                same="block-tortuosity")),
        ],
        ("current", "The current at the electrode (Fig. 5, S8)"): [
            (("current_density", "interface_state"), card_of(
                "current", "Current density (Fig. 5)",
                lambda: plot.current_density(*all_results, names=names),
                "On one scale; at most 0.2 % of all values lie above its top.",
                held=partial(_maps, samples, "current_density"))),
            (("current_density",), card_of(
                "distribution", "Distribution of the current density (Fig. S8)",
                lambda: plot.current_distribution(*all_results, names=names),
                "Histograms, and the share of the contact above each value.", same="current")),
            (("sweep_current_density_cv", "swept_wagner_length"), card_of(
                "wagner", "Unevenness against the Wagner length (not in the paper)",
                lambda: plot.wagner_sweep(*all_results, names=names),
                "The slower the kinetics, the less of the structure the current sees. The axis is "
                "broken left of the least length; 0 is the limit of fast kinetics. Right: squares "
                "are 99th percentiles, triangles the largest values, open where voxels half as "
                "large would change them.",
                partial(arrays, samples, "sweep_current_density_cv", "sweep_current_density_max"))),
        ],
        ("size", "How large a sample must be, and at which lengths it is uneven (Fig. S3)"): [
            (("representative_std",), card_of(
                "representative", "Porosity of sub-volumes by their size (Fig. S3)",
                lambda: plot.together(
                    *all_results, names=names, quantity="representative_std", log=True,
                    title="standard deviation of the porosity"),
                "Standard deviation of the porosity of cubes against their edge.",
                partial(arrays, samples, "representative_std"))),
            (("spectral_density",), card_of(
                "spectra", "Spectral density (not in the paper)",
                lambda: plot.together(
                    *all_results, names=names, quantity="spectral_density", log=True),
                "Power of the porosity by wavenumber; bands are standard errors.",
                partial(arrays, samples, "spectral_density", "spectral_density_error"))),
        ],
    }  # fmt: skip


def card_of(
    name: str,
    title: str,
    draw: Callable[[], plot.style.Figure],
    caption: str,
    data: Callable[[], list[bytes]] = list,
    *,
    same: str = "",
    held: Callable[[], str] = str,
) -> Callable[[], Card]:
    """Return what draws a figure and makes its card."""
    alt = f"{title}. {caption}"
    return lambda: make_card(
        name, title, draw(), caption, alt, tables=data(), same=same, held=held()
    )


def _maps(samples: Samples, name: str) -> str:
    """Return the elements that hold a map of each sample."""
    return "\n".join(packed(results[name], sample) for sample, results in samples.items())


def _pores(samples: Samples) -> str:
    """Return the elements that hold the phase of each sample, to turn it."""
    return "\n".join(
        turnable(results["phase_percent"], sample) for sample, results in samples.items()
    )
