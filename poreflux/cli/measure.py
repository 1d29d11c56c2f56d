"""poreflux measure: all metrics of a segmented store, in one pass over it."""

import math
from pathlib import Path

from poreflux.cli.answer import Answer
from poreflux.cli.options import COMMON, PLACE, Common, Flag, Place
from poreflux.cli.terminal import progress
from poreflux.cli.words import directions as split
from poreflux.cli.words import numbers


def measure(
    store: Path,
    /,
    *,
    out: Path = Path("results.zarr"),
    phase: str = "pore",
    direction: str = "z",
    blocks: str = "4,4,4",
    overwrite: Flag = False,
    common: Common = COMMON,
    place: Place = PLACE,
) -> Answer:
    """Measure porosity, profile, blocks and structure factor of a store in one pass.

    Parameters
    ----------
    store
        segmented volume.
    out
        folder of results; what is there of other verbs is kept.
    phase
        name of the phase that counts as pore.
    direction
        of profile and structure factor: z, y, x, several like zx, or all.
    blocks
        number of sub-volumes along z,y,x.
    overwrite
        replace all results that are there, of whatever volume.

    Examples
    --------
    poreflux measure vol.zarr --out results.zarr
    """
    from poreflux import block_porosity, porosity, porosity_profile, preview, structure_factor
    from poreflux.store import open as open_store

    volume = open_store(store)
    parts = numbers(blocks, option="--blocks", kind=int)
    parts = parts * 3 if len(parts) == 1 else parts
    chosen = split(direction)
    if common.dry_run:
        return _forecast(volume, out)
    metrics = [porosity(volume, phase=phase), block_porosity(volume, blocks=parts, phase=phase)]
    metrics += [porosity_profile(volume, direction=d, phase=phase) for d in chosen]
    metrics += [structure_factor(volume, direction=d, phase=phase) for d in chosen]
    metrics.append(preview(volume, phase=phase))
    from poreflux.cli.results import merged

    with progress("measure") as tell:
        return merged(
            "measure", metrics, volume, out, overwrite=overwrite, progress=tell,
            scheduler=place.scheduler,
        )  # fmt: skip


def _forecast(volume, out: Path) -> Answer:
    from poreflux.blocks import forecast as memory_of
    from poreflux.cli import forecast
    from poreflux.metrics.porosity import porosity

    voxels = math.prod(volume.sizes.values())
    need = forecast.Need(
        memory_of(porosity(volume)) + 3e8, 3e7, forecast.seconds("measure", voxels)
    )
    return forecast.answer("measure", need, out)
