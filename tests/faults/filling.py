"""Write stores on a disk that fills up at every possible place; called inside a small tmpfs.

``python -m tests.faults.filling FOLDER`` prints one JSON object.
"""

import json
import os
import shutil
import sys
from pathlib import Path

import numpy as np

from poreflux import from_array, store
from poreflux.errors import CannotWrite, TooLarge
from tests.faults.killing import tree


def main(folder: Path) -> dict:
    rng = np.random.default_rng(4)
    gray = from_array(rng.integers(0, 255, (40, 40, 40)).astype(np.uint8), kind="gray")
    whole = tree(store.save(gray, folder / "whole.zarr", chunk=16))
    size = sum(-(-len(content) // 4096) for content in whole.values())
    shutil.rmtree(folder / "whole.zarr")
    verdict = {"full": 0, "forecast": 0, "visible": [], "unlike": [], "sentences": set()}
    for pages in range(1, size, 3):
        fill(folder, pages)
        target = folder / "v.zarr"
        try:
            store.save(gray, target, chunk=16)
        except CannotWrite as error:
            verdict["full"] += 1
            verdict["sentences"].add(str(error).replace(str(target), "").split(" ", 1)[1])
        except TooLarge:
            verdict["forecast"] += 1
        if target.exists():
            verdict["visible"].append(pages)
        (folder / "filler").unlink()
        kept = (folder / "v.zarr.partial" / "data" / "gray" / "c").exists()
        verdict["kept"] = verdict.get("kept", 0) + kept
        if tree(store.save(gray, target, chunk=16)) != whole:
            verdict["unlike"].append(pages)
        shutil.rmtree(target)
    verdict["sentences"] = sorted(verdict["sentences"])
    verdict["left"] = sorted(os.listdir(folder))
    return verdict


def fill(folder: Path, pages: int) -> None:
    """Leave so many pages of 4 KiB free."""
    with (folder / "filler").open("wb") as file:
        room = os.statvfs(folder)
        file.write(bytes((room.f_bavail - pages) * room.f_frsize))


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))
