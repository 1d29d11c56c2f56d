"""Results of a verb join those of the verbs before it."""

from pathlib import Path

from poreflux.cli.answer import Answer
from poreflux.cli.numbers import document, lines


def merged(verb: str, found: list, volume, out: Path, *, overwrite: bool = False, **how) -> Answer:
    """Collect what a verb found into the folder of results; return its own numbers."""
    from poreflux import results as stored
    from poreflux.report import guards

    results = stored.collect(*found, volume=volume, **how)
    if overwrite:
        path = stored.save(results, out, overwrite=True)
    else:
        path = stored.update(results, out)
    data = {"results": str(path), "numbers": document(results)}
    return Answer(verb, [*lines(results), f"results are in {path}"], data, guards(results))
