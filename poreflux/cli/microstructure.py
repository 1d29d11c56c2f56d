"""The metrics of `poreflux measure`, by their names in --also and --only."""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from poreflux.study.measuring import AT_ONCE, CONDUCTING, EXTRA, IN_SLABS, USUAL

if TYPE_CHECKING:
    import xarray as xr


def chosen(also: str | None, only: str | None) -> tuple[str, ...]:
    """Return the names that --also and --only stand for.

    Examples
    --------
    >>> chosen(None, "chords,pores"), chosen("surface", None)[-1]
    (('pores', 'chords'), 'surface')
    >>> chosen("pore", None)
    Traceback (most recent call last):
    ValueError: --also pore is not known; choose of pores, thickness, chords, connectivity, \
surface, correlation, spectrum, arrangement, representative, geodesic_tortuosity, constrictivity, \
or all
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


def with_conductor(
    volume: "xr.Dataset", names: tuple[str, ...], conducting: str | None, *, all_of: bool
) -> tuple[tuple[str, ...], list[str]]:
    """Return the names for which it is known what conducts, and a line where it is not; of names
    that were asked for one by one all must be.
    """
    from poreflux.metrics.paths.conducting_box import conducting_phase
    from poreflux.volume import label_of

    asked = [name for name in names if name in CONDUCTING]
    try:
        if asked:
            label_of(volume, conducting_phase(volume, conducting))
    except ValueError:
        missing = f"{' and '.join(asked)}: it is not said which phase conducts; give --conducting"
        if not all_of:
            raise ValueError(missing) from None
        return tuple(name for name in names if name not in asked), [f"left out {missing}"]
    return names, []


def extra_memory(volume: "xr.Dataset", names: Iterable[str]) -> float:
    """Return the bytes of what is done on the whole, or in windows of 128 voxels."""
    from poreflux.metrics.correlation.two_point_correlation import memory_of_pairs
    from poreflux.metrics.density.coarse import GRID

    grid = 1.0
    for n in volume.sizes.values():
        grid *= min(n, GRID)
    waves = {"spectrum", "arrangement"} & set(names)
    voxels = math.prod(volume.sizes.values())
    boxes = [min(AT_ONCE.get(n, 0) * voxels, IN_SLABS.get(n, math.inf)) for n in names]
    pairs = memory_of_pairs(tuple(volume.sizes.values())) if "correlation" in names else 0
    return max(24 * grid * len(waves), pairs, *boxes)  # one after the other


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
