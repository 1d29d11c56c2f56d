"""Calibrate the synthetic twins again: ``python -m tests.phantoms.calibrate [name ...]``.

Prints for each the parameters and achieved values that poreflux/phantoms/presets.py holds. A round
takes about 10 s and 2 GiB on two cores.
"""

import sys
from dataclasses import asdict

import xarray as xr

from poreflux import block_porosity, tortuosity_factor
from poreflux.phantoms import OblatePores, generate
from poreflux.phantoms.presets import CALIBRATED_EDGE, TWINS, VOXEL_SIZE, Properties
from tests.phantoms.calibration import calibrate

RTOL = 1e-4


def sample(plan: OblatePores, edge: int = CALIBRATED_EDGE) -> xr.Dataset:
    """Return the volume of a plan, in memory."""
    return generate(plan, edge, voxel_size=VOXEL_SIZE, chunks=125).compute()


def tortuosity(volume: xr.Dataset, direction: str) -> float:
    return float(tortuosity_factor(volume, direction=direction, rtol=RTOL).tortuosity_factor.item())


def blocks(volume: xr.Dataset) -> tuple[float, float]:
    """Return the porosity, and the standard deviation of that of blocks of 125 voxels."""
    found = block_porosity(volume, blocks=[n // 125 for n in volume.phase.shape]).compute()
    return float(found.block_porosity_mean), float(found.block_porosity_std)


def measure(plan: OblatePores, edge: int = CALIBRATED_EDGE) -> Properties:
    """Make the volume of a plan and measure it."""
    volume = sample(plan, edge)
    porosity, deviation = blocks(volume)
    return Properties(porosity, tortuosity(volume, "z"), deviation)


def main(names: list[str]) -> None:
    for name in names or TWINS:
        twin = TWINS[name]

        def show(done, total, note, name=name):
            print(f"{name} {done}/{total} {note}", flush=True)

        plan, found = calibrate(twin.plan, twin.target, measure, progress=show)
        volume = sample(plan)
        across = {f"tortuosity_factor_{d}": tortuosity(volume, d) for d in "yx"}
        print(name, plan)
        print(name, {k: round(v, 5) for k, v in {**asdict(found), **across}.items()}, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
