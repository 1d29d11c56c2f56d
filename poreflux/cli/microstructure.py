"""The metrics of `poreflux measure`, by their names in --also and --only."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import xarray as xr

#: what is measured by default
USUAL = ("porosity", "profile", "blocks", "structure", "preview")

#: what is measured on request, and its time for a voxel, in units of moving 12 bytes; measured on
#: two cores at 256³ voxels
EXTRA = {
    "pores": 100,
    "thickness": 60,
    "chords": 8,
    "connectivity": 40,
    "surface": 10,
    "correlation": 140,
    "spectrum": 110,
    "arrangement": 90,
    "representative": 5,
}


def chosen(also: str | None, only: str | None) -> tuple[str, ...]:
    """Return the names that --also and --only stand for.

    Examples
    --------
    >>> chosen(None, "chords,pores"), chosen("surface", None)[-1]
    (('pores', 'chords'), 'surface')
    >>> chosen("pore", None)
    Traceback (most recent call last):
    ValueError: --also pore is not known; choose of pores, thickness, chords, connectivity, \
surface, correlation, spectrum, arrangement, representative, or all
    """
    if also is not None and only is not None:
        raise ValueError("--also adds to the usual, --only replaces it; give one of the two")
    if also is None and only is None:
        return USUAL
    if only is None:
        return (*USUAL, *_names(also or "", "--also", EXTRA))
    return _names(only, "--only", (*USUAL, *EXTRA))


def _names(text: str, option: str, allowed: Iterable[str]) -> tuple[str, ...]:
    names = [word.strip() for word in text.split(",") if word.strip()]
    if names == ["all"]:
        return tuple(allowed)
    wrong = [word for word in names if word not in allowed]
    if wrong or not names:
        what = wrong[0] if wrong else text
        raise ValueError(f"{option} {what} is not known; choose of {', '.join(allowed)}, or all")
    return tuple(name for name in allowed if name in names)


def check_options(names: Iterable[str], bin_width: float | None, edges: str | None) -> None:
    """Raise ``ValueError`` for options of metrics that are not among the names.

    Examples
    --------
    >>> check_options(("pores",), 2.0, None)
    >>> check_options(("profile",), None, "92")
    Traceback (most recent call last):
    ValueError: --edges is for representative; add --also representative, or leave it out
    """
    users = {"--bin-width": ("pores", "thickness", "chords"), "--edges": ("representative",)}
    for (option, allowed), given in zip(users.items(), (bin_width, edges)):
        if given is not None and not set(allowed) & set(names):
            raise ValueError(
                f"{option} is for {', '.join(allowed)}; add --also {allowed[0]}, or leave it out"
            )


def metrics(volume: "xr.Dataset", names: Iterable[str], options: Mapping) -> list:
    """Return the lazy Datasets of the named metrics.

    The options are phase, directions, blocks, pore_method, bin_width, edges and discretisation:
    whether surface, thickness and chords are measured again on larger voxels.
    """
    import poreflux as pf

    names = tuple(names)
    phase, directions = options["phase"], options["directions"]
    bins = {"bin_width": options["bin_width"], "phase": phase}
    method = options["pore_method"]
    sizes = [pf.pore_size(volume, method=method, **bins)] if "pores" in names else []
    for found in sizes:  # decided once, for the arrangement too
        method = found["pore_number"].attrs["method"]
    makers = {
        "porosity": lambda: [pf.porosity(volume, phase=phase)],
        "profile": lambda: [
            pf.porosity_profile(volume, direction=d, phase=phase) for d in directions
        ],
        "blocks": lambda: [pf.block_porosity(volume, blocks=options["blocks"], phase=phase)],
        "structure": lambda: [
            pf.structure_factor(volume, direction=d, phase=phase) for d in directions
        ],
        "preview": lambda: [pf.preview(volume, phase=phase)],
        "pores": lambda: sizes,
        "thickness": lambda: [pf.pore_size(volume, method="thickness", **bins)],
        "chords": lambda: [pf.chord_length(volume, **bins)],
        "connectivity": lambda: [
            pf.connectivity(volume, phase=phase),
            pf.euler_number(volume, phase=phase),
        ],
        "surface": lambda: [pf.surface_area(volume, phase=phase)],
        "correlation": lambda: [pf.two_point_correlation(volume, phase=phase)],
        "spectrum": lambda: [pf.spectral_density(volume, phase=phase)],
        "arrangement": lambda: [pf.arrangement(volume, method=method, phase=phase)],
        "representative": lambda: [
            pf.representative_volume(volume, edges=options["edges"], phase=phase)
        ],
    }
    measured = [(name, dataset) for name in names for dataset in makers[name]()]
    again = [
        pf.structure_discretisation(volume, dataset)
        for name, dataset in measured
        if name in ("thickness", "chords", "surface") and options["discretisation"]
    ]
    return [*(dataset for _, dataset in measured), *again]


def extra_memory(volume: "xr.Dataset", names: Iterable[str]) -> float:
    """Return the bytes of what is transformed as a whole, or in windows of 128 voxels."""
    from poreflux.metrics.density.coarse import GRID

    grid = 1.0
    for n in volume.sizes.values():
        grid *= min(n, GRID)
    waves = {"spectrum", "arrangement"} & set(names)
    return 24 * grid * len(waves) + ("correlation" in names) * 8e8


def write_pores(
    volume: "xr.Dataset",
    *,
    table: Path | None,
    labels: Path | None,
    overwrite: bool,
    wait: bool,
    scheduler: str | None,
    **options: Any,
) -> list[str]:
    """Write the table of pores and their labels where asked for; return lines that name both."""
    from poreflux import pore_labels, pore_table
    from poreflux.metrics.pores.pore_table import save_table
    from poreflux.store import add

    options["scheduler"] = scheduler
    notes = []
    if table is not None:
        pores = pore_table(volume, **options)
        notes.append(f"{pores.sizes['pore']} pores are in {save_table(pores, table)}")
    if labels is not None:
        added = add(pore_labels(volume, **options), labels, overwrite=overwrite, wait=wait)
        notes.append(f"pore_label is in {added}")
    return notes
