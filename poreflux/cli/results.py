"""Results of a verb join those of the verbs before it."""

from itertools import count
from pathlib import Path

from poreflux.cli.answer import Answer
from poreflux.cli.numbers import document, lines
from poreflux.errors import StoreExists


def merged(verb: str, found: list, volume, out: Path, *, overwrite: bool = False, **how) -> Answer:
    """Collect what a verb found into the folder of results; return its own numbers."""
    from poreflux import results as stored
    from poreflux.reporting.guards import guards

    results = stored.collect(*found, volume=volume, **how)
    if overwrite:
        path = stored.save(results, out, overwrite=True)
    else:
        try:
            path = stored.update(results, out)
        except StoreExists as error:
            beside = stored.save(results, _free(out))
            raise StoreExists(f"{error}; what was found now is in {beside}") from None
    data = {"results": str(path), "numbers": document(results)}
    return Answer(verb, [*lines(results), f"results are in {path}"], data, guards(results))


def _free(path: Path) -> Path:
    """Return a name beside a path that is not taken."""
    names = (path.with_name(f"{path.stem}-{k}{path.suffix}") for k in count(2))
    return next(name for name in names if not name.exists())
