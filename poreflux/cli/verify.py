"""poreflux verify: every chunk of a store is there and is what was written."""

from poreflux.cli.answer import Answer
from poreflux.cli.options import COMMON, Common, Flag, Location, LocationOrNone
from poreflux.cli.terminal import progress

#: how many damaged chunks are named to people; --json names all
_SHOWN = 20


def verify(
    store: Location,
    /,
    *,
    quick: Flag = False,
    repair_from: LocationOrNone = None,
    common: Common = COMMON,
) -> Answer:
    """Check every chunk of a store, and name those that are missing, torn, altered or misplaced.

    Parameters
    ----------
    store
        folder that `poreflux import` made, or a folder of results.
    quick
        compare checksums only, at the speed of the disk; else every chunk is unpacked too.
    repair_from
        write what is damaged anew, and nothing else, from the file or folder that was imported, or
        from a copy of the store.

    Examples
    --------
    poreflux verify vol.zarr
    poreflux verify vol.zarr --repair-from scan.tif
    """
    from poreflux.store import repair
    from poreflux.store import verify as verify_store

    if common.dry_run:
        return Answer("verify", ["verify reads the whole store once and changes nothing"])
    if store.is_dir() and not (store / "zarr.json").exists() and not any(store.glob("*/zarr.json")):
        raise FileNotFoundError(f"{store} is no store; give the folder that poreflux import made")
    if repair_from is not None and not repair_from.exists():
        raise FileNotFoundError(f"--repair-from {repair_from} is not there; check the name")
    with progress("verify") as on_progress:
        if repair_from is None:
            damages = verify_store(store, quick=quick, progress=on_progress)
        else:
            damages = repair(store, repair_from, wait=common.wait, progress=on_progress)
    lines = [str(damage) for damage in damages[:_SHOWN]]
    if len(damages) > _SHOWN:
        lines.append(f"and {len(damages) - _SHOWN} more (--json names all)")
    data = {
        "store": str(store.resolve()),
        "damaged": [
            {"array": d.array, "chunk": d.chunk, "voxels": d.voxels, "what": d.what}
            for d in damages
        ],
    }
    if not damages:
        return Answer("verify", [f"{store}: every chunk is there and as it was written"], data)
    failure = f"{store}: {len(damages)} damaged chunks; import or segment again with --overwrite"
    return Answer("verify", lines, data, failure=failure)
