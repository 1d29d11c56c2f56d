"""poreflux verify: every chunk of a store is there and is what was written."""

from pathlib import Path

from poreflux.cli.answer import Answer
from poreflux.cli.options import COMMON, Common, Flag
from poreflux.cli.terminal import progress

#: how many damaged chunks are named to people; --json names all
_SHOWN = 20


def verify(store: Path, /, *, quick: Flag = False, common: Common = COMMON) -> Answer:
    """Check every chunk of a store, and name those that are missing, torn, altered or misplaced.

    Parameters
    ----------
    store
        folder that `poreflux import` made, or a folder of results.
    quick
        compare checksums only, at the speed of the disk; else every chunk is unpacked too.

    Examples
    --------
    poreflux verify vol.zarr
    """
    from poreflux.store import verify as damages

    if common.dry_run:
        return Answer("verify", ["verify reads the whole store once and changes nothing"])
    with progress("verify") as tell:
        found = damages(store, quick=quick, progress=tell)
    lines = [str(damage) for damage in found[:_SHOWN]]
    if len(found) > _SHOWN:
        lines.append(f"and {len(found) - _SHOWN} more (--json names all)")
    data = {
        "store": str(store.resolve()),
        "damaged": [
            {"array": d.array, "chunk": d.chunk, "voxels": d.voxels, "what": d.what} for d in found
        ],
    }
    if not found:
        return Answer("verify", [f"{store}: every chunk is there and as it was written"], data)
    failure = f"{store}: {len(found)} damaged chunks; import or segment again with --overwrite"
    return Answer("verify", lines, data, failure=failure)
