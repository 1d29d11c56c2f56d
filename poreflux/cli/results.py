"""Results of a verb are merged with those of earlier verbs."""

from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from poreflux.cli.answer import Answer
from poreflux.cli.numbers import document, lines
from poreflux.errors import StoreExists

if TYPE_CHECKING:
    import xarray as xr


def merged(
    verb: str,
    datasets: list,
    volume: "xr.Dataset",
    out: Path,
    *,
    overwrite: bool = False,
    replace: bool = False,
    wait: bool = False,
    **options: Any,
) -> Answer:
    """Write the datasets of a verb to the folder of results; return the answer with its numbers.

    What was computed with other parameters than what is there becomes a variant, or with `replace`
    takes its place.
    """
    from poreflux import results as stored
    from poreflux.reporting.guards import guards

    results = stored.collect(*datasets, volume=volume, **options)
    used: list[int] = []
    try:
        if overwrite:
            path = stored.save(results, out, overwrite=True, wait=wait)
        else:
            path, used = stored.put(results, out, replace=replace, wait=wait)
    except StoreExists as error:
        beside = _beside(results, out)
        raise StoreExists(f"{error}; what was found now is in {beside}") from None
    known = stored.open_results(path, variant=used[-1] if used else None)
    data = {"results": str(path), "numbers": document(results, known=known)}
    notes = [_variant(number, path) for number in used]
    if used:
        data["variants"] = used
    said = [*lines(results, known=known), *notes, f"results are in {path}"]
    return Answer(verb, said, data, guards(results))


def _variant(number: int, path: Path) -> str:
    """Return a sentence about numbers that stand beside the first ones."""
    from poreflux import results as stored

    label = stored.open_results(path, variant=number).attrs["variant"]
    return (
        f"other parameters than those there: {label}; kept beside them as variant {number}, "
        "with --replace instead of them"
    )


def _beside(results: "xr.Dataset", path: Path) -> Path:
    """Save results under the first free name beside a path."""
    from poreflux import results as stored

    for k in count(2):
        name = path.with_name(f"{path.stem}-{k}{path.suffix}")
        if not name.exists():
            try:
                return stored.save(results, name)
            except StoreExists:
                continue
    raise AssertionError("there is always another name")
