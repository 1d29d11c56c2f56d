"""The printed sampling error of the tortuosity factor holds the mean of the material in 68 and 95 %
of samples that are 8 integral lengths wide.

The tortuosity factor is that of the whole sample, its error that of 4 x 4 x 4 sub-volumes, or of as
few as 2 x 2 x 2; the mean of the material is that of all samples tried.
"""

import hashlib
from pathlib import Path

import numpy as np
import xarray as xr

from poreflux import block_tortuosity, tortuosity_factor
from tests.coverage.sampling_error import (
    COUNT,
    FEW,
    HELD_OUT,
    KEPT,
    POROSITY,
    Medium,
    boolean_spheres,
    held,
    integral_lengths,
)
from tests.coverage.table import Row

RTOL = 1e-3

#: media by their names, and into how many sub-volumes each is cut
TORTUOSITY = {
    "spheres of 6 voxels in 64³": (4, 4, 4),
    "blobs of a Gaussian field in 64³": (4, 4, 4),
    "clusters over 4 voxels in 64³": (4, 4, 4),
    "regular_100, 460 µm": (4, 4, 4),
    "random sites in 24³": (4, 4, 4),
    "spheres of 6 voxels in 64³, 2 x 2 x 2 sub-volumes": (2, 2, 2),
}

#: which the ordinary tests try
SMALL = Medium(lambda seed: boolean_spheres(32, 4, 0.3, 0, seed))


def trials(count: int | None = None, seed: int = 0) -> list[Row]:
    """Return the rows of the table."""
    seed += HELD_OUT
    if count is not None and count <= FEW:
        return tortuosity_rows("spheres of 4 voxels in 32³", SMALL, (4, 4, 4), count, seed)
    rows = []
    for name, blocks in TORTUOSITY.items():
        medium = POROSITY[name.partition(", 2 x")[0]]
        rows += tortuosity_rows(name, medium, blocks, count or COUNT, seed)
    return rows


def tortuosity_rows(
    name: str, medium: Medium, blocks: tuple[int, int, int], count: int, seed: int
) -> list[Row]:
    """Return how often the error of the tortuosity factor holds."""
    checkpoint = Path(KEPT) / "blocks" if KEPT else None
    options = {"blocks": blocks, "direction": "z", "rtol": RTOL, "checkpoint": checkpoint}
    values, errors, porosities = [], [], []
    for i in range(count):
        volume = medium.make(seed + i)
        porosities.append(float((volume["phase"] == 0).mean()))
        values.append(of_whole(volume))
        found = block_tortuosity(volume, **options)["tortuosity_factor_sampling_error"]
        errors.append(float(found[0]))
    said = f"{name}, {integral_lengths(np.array(porosities)):.0f} integral lengths"
    return held("tortuosity factor", said, np.array(values), np.array(errors))


def of_whole(volume: xr.Dataset) -> float:
    """Return the tortuosity factor along z."""
    if not KEPT:
        return float(tortuosity_factor(volume, rtol=RTOL)["tortuosity_factor"][0])
    name = hashlib.sha256(volume["phase"].values.tobytes()).hexdigest()[:24]
    file = Path(KEPT) / f"whole_{name}.txt"
    if not file.exists():
        solved = tortuosity_factor(volume, rtol=RTOL)["tortuosity_factor"][0]
        file.write_text(repr(float(solved)), encoding="ascii")
    return float(file.read_text(encoding="ascii"))
