"""The metrics of `poreflux measure`, by their names in --also and --only."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from poreflux.study.measuring import EXTRA, USUAL

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
