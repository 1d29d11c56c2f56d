"""poreflux measure: porosity and the microstructure of a segmented store, in one pass over it."""

import importlib.util
import math
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from poreflux.cli import microstructure
from poreflux.cli.answer import Answer
from poreflux.cli.options import COMMON, PLACE, Common, Flag, Location, Place
from poreflux.cli.parsing import directions as split
from poreflux.cli.parsing import lengths, three
from poreflux.cli.targets import require_writable
from poreflux.cli.terminal import progress
from poreflux.study.measuring import EXTRA
from poreflux.study.measuring import metrics as metrics_of

if TYPE_CHECKING:
    import xarray as xr

#: part of the most that all threads could hold of their chunks that they hold at a time
IN_USE = 0.6


def measure(
    store: Location,
    /,
    *,
    out: Location = Path("results.zarr"),
    also: str | None = None,
    only: str | None = None,
    phase: str = "pore",
    conducting: str | None = None,
    direction: str = "z",
    blocks: str | None = None,
    pore_method: Literal["auto", "components", "watershed"] = "auto",
    bin_width: float | None = None,
    edges: str | None = None,
    table: Path | None = None,
    labels: Flag = False,
    no_discretisation: Flag = False,
    overwrite: Flag = False,
    replace: Flag = False,
    common: Common = COMMON,
    place: Place = PLACE,
) -> Answer:
    """Measure porosity and structure of a store in one pass; on request its whole microstructure.

    Parameters
    ----------
    store
        segmented volume.
    out
        folder of results; what is there of other verbs is kept.
    also
        more to measure, like pores,chords, or all: pores (sizes), thickness, chords, connectivity,
        surface, correlation (two points), spectrum, arrangement, representative (volumes); and of
        the conducting phase geodesic_tortuosity, constrictivity.
    only
        measure these instead of the usual: porosity, profile, blocks, structure, preview.
    phase
        name of the phase that counts as pore.
    conducting
        name of the phase in which geodesic_tortuosity and constrictivity are measured; by default
        electrolyte, or the only one that is not pore.
    direction
        of profile, structure factor and paths: z, y, x, several like zx, or all.
    blocks
        number of sub-volumes along z,y,x; by default 4,4,4, fewer where a volume is thinner.
    pore_method
        what a pore is: a connected component, or a part between throats (watershed); auto splits
        where one component holds more than a fifth of the pore volume, and says so.
    bin_width
        of the histograms of sizes in µm; by default the least of 1, 2, 5, 10 that is a voxel.
    edges
        of the cubes of representative in µm, like 92,184,276.
    table
        file for one row a pore: pores.parquet or pores.csv.
    labels
        write to the store, as pore_label, which pore each voxel belongs to.
    no_discretisation
        leave out the error of the voxels of surface, thickness and chords, which is measured on
        every other voxel for an eighth of their time.
    overwrite
        replace all results that are there, of whatever volume, and the labels of pores.
    replace
        what is there of other parameters goes; by default both are kept, the new ones as a variant.

    Examples
    --------
    poreflux measure vol.zarr --out results.zarr
    poreflux measure vol.zarr --also pores,chords,arrangement --table pores.csv
    """
    from poreflux.store import open as open_store

    names = microstructure.chosen(also, only)
    sizes = lengths(edges, option="--edges")
    microstructure.check_options(names, bin_width, edges)
    volume = open_store(store)
    names, notes = microstructure.with_conductor(
        volume, names, conducting, all_of="all" in (also, only)
    )
    options = {
        "phase": phase,
        "conducting": conducting,
        "directions": split(direction),
        "blocks": three(blocks)
        if blocks is not None
        else [min(4, volume.sizes[dim]) for dim in "zyx"],
        "bin_width": bin_width,
        "edges": sizes or None,
        "discretisation": not no_discretisation,
    }
    if table is not None:
        _check(table)
    require_writable(out, store if labels else None, table, dry_run=common.dry_run)
    if common.dry_run:
        return _forecast(volume, names, options, out)
    from poreflux import pore_size
    from poreflux import results as stored
    from poreflux.cli.results import merged

    metrics = metrics_of(volume, names, {**options, "pore_method": pore_method})
    with progress("measure") as on_progress:
        answer = merged(
            "measure", metrics, volume, out, overwrite=overwrite, replace=replace, wait=common.wait,
            progress=on_progress, scheduler=place.scheduler,
        )  # fmt: skip
    answer.lines[-1:-1] = notes
    listed = table is not None or labels
    if pore_method == "auto" and ("pores" in names or listed):
        pore_sizes = (
            stored.open_results(out, variant=answer.data.get("variants", [None])[-1])
            if "pores" in names
            else pore_size(volume, method="auto", phase=phase)
        )
        pore_attrs = pore_sizes["pore_count"].attrs
        pore_method = pore_attrs["method"]
        answer.lines.append(pore_attrs["reason"])
    if listed:
        with progress("pores") as on_progress:
            answer.lines += microstructure.write_pores(
                volume, table=table, labels=store if labels else None, method=pore_method,
                phase=phase, overwrite=overwrite, wait=common.wait, progress=on_progress,
                scheduler=place.scheduler,
            )  # fmt: skip
    return answer


def _check(table: Path) -> None:
    """Refuse a table that could not be written before anything is measured."""
    if table.suffix not in (".csv", ".parquet"):
        raise ValueError(f"--table {table.name} is no table; let it end in .csv or .parquet")
    if not table.absolute().parent.is_dir():
        raise ValueError(f"--table {table}: there is no folder {table.parent}; make it first")
    if table.suffix == ".parquet" and importlib.util.find_spec("pyarrow") is None:
        raise ValueError("Parquet needs pyarrow; pip install 'poreflux[parquet]', or write .csv")


def _forecast(volume: "xr.Dataset", names: tuple[str, ...], options: dict, out: Path) -> Answer:
    from poreflux.blocks import forecast as memory_of
    from poreflux.cli import forecast
    from poreflux.machine import memory_bandwidth

    voxels = math.prod(volume.sizes.values())
    lazy = [name for name in names if name not in microstructure.AT_ONCE]
    metrics = metrics_of(volume, lazy, {**options, "pore_method": "components"})
    triads = sum(EXTRA.get(name, 0) for name in names)
    bandwidth = memory_bandwidth()
    seconds = forecast.seconds("measure", voxels, bandwidth=bandwidth)
    seconds += triads * 12 * voxels / bandwidth
    kind = "microstructure" if set(names) & set(EXTRA) else "measure"
    memory = IN_USE * memory_of(*metrics) + microstructure.extra_memory(volume, names)
    memory += forecast.LIBRARIES[kind]
    return forecast.answer("measure", forecast.Need(memory, 3e7, seconds), out)
