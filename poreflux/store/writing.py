"""The arrays and groups of a store in the making."""

import math
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import xarray as xr

from poreflux.annotations import Progress
from poreflux.machine import available_cores
from poreflux.schema import DIMS
from poreflux.store import box, checksums, disk, forecast, metadata, provenance, pyramid, slabs
from poreflux.store.layout import Layout, dump, plan, to_json
from poreflux.store.partial import Partial


def write_arrays(
    partial: Partial,
    volume: xr.Dataset,
    layouts: dict[str, Layout],
    lines: dict[str, Layout],
    progress: Progress | None,
) -> dict[str, str]:
    """Write all arrays into the partial store; return the attributes of the source."""
    levels = {k: v for name in layouts for k, v in pyramid.levels(name, layouts[name]).items()}
    planned = {**layouts, **levels, **lines}
    forecast.check_disk(list(planned.values()), partial.store)
    with disk.writing(partial.store):
        resumed = partial.begin("+".join(identities(volume, layouts, {}).values()))
        for name, layout in planned.items():
            disk.write_file(partial.data / name / "zarr.json", dump(to_json(layout)))
    counter = _Counter(progress, planned)
    threads = available_cores()
    with ThreadPoolExecutor(1) as aside:
        source = aside.submit(provenance.source_attrs, volume)
        synced = []
        for name, layout in planned.items():
            folder, step = partial.data / name, counter.of(name)
            missing = slabs.missing(folder, layout, threads) if resumed else set(layout.files())
            step(math.prod(layout.grid) - len(missing))
            if name in levels:
                pyramid.build(partial.data, name, layout, missing, threads, step)
            elif name in lines:
                box.write_shard(folder, layout, (0,), volume[name].values)
                step(1)
            else:
                slabs.write(volume[name].data, folder, layout, missing, step)
            checksums.write(folder, layout, threads)
            # files are synced while the next array is computed
            synced.append(aside.submit(disk.sync_tree, folder))
        with disk.writing(partial.store):
            for future in synced:
                future.result()
        return source.result()


def identities(
    volume: xr.Dataset, layouts: dict[str, Layout], source: dict[str, str]
) -> dict[str, str]:
    """Return for each variable the name of what would be written."""
    checksum = source.get("source_sha256")
    return {name: provenance.identity(volume, name, layouts[name], checksum) for name in layouts}


def coordinates(volume: xr.Dataset) -> dict[str, Layout]:
    """Return the layouts of the coordinates z, y, x."""
    return {
        dim: plan(
            dim,
            (volume.sizes[dim],),
            float,
            chunk=volume.sizes[dim],
            dims=(dim,),
            attrs=metadata.jsonable(volume[dim].attrs),
        )
        for dim in DIMS
    }


def write_groups(
    data: Path, attrs: dict, identities: dict[str, str], kept: Path | None = None
) -> None:
    """Write the metadata of the groups; ``kept`` is the store to which ``data`` will be added."""
    roots = [data] if kept is None else [kept, data]
    made = {name for name in pyramid.IMAGES if (data / name).is_dir()}
    made |= {array.parent.parent.name for array in data.glob("pyramid/*/*/zarr.json")}
    for name in sorted(made):
        disk.write_file(data / "pyramid" / name / "zarr.json", dump(metadata.group_document()))
    if made:
        disk.write_file(data / "pyramid" / "zarr.json", dump(metadata.group_document()))
    images = {}
    for root in roots:
        for name in pyramid.IMAGES:
            if (root / name / "zarr.json").is_file():
                steps = sorted((root / "pyramid" / name).glob("[0-9]*"), key=lambda p: int(p.name))
                images[name] = [name, *(f"pyramid/{name}/{step.name}" for step in steps)]
    others = {}
    for root in roots:
        others.update(metadata.documents(root))
    first = [float(box.read_box(roots[0], dim, (0,), (1,))[0]) for dim in DIMS]
    document = metadata.root_document(attrs, images, identities, first)
    disk.write_file(data / "zarr.json", dump(metadata.seal(document, others)))


class _Counter:
    """Count the files written, and report them to a progress function."""

    def __init__(self, progress: Progress | None, planned: dict[str, Layout]):
        self.progress = progress
        self.total = sum(math.prod(layout.grid) for layout in planned.values())
        self.done = 0
        self.lock = threading.Lock()

    def of(self, name: str) -> Callable[[int], None]:
        def step(count: int) -> None:
            with self.lock:
                self.done += count
                if self.progress is not None and count:
                    self.progress(self.done, self.total, name)

        return step
