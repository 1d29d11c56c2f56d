"""A sample becomes a store: of a file or folder, of another store, or of a preset."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from poreflux.objects import at, is_remote
from poreflux.phantoms.gray import Tomograph, measure_gray
from poreflux.phantoms.presets import TWINS, VOXEL_SIZE, synthetic_twin
from poreflux.readers import read
from poreflux.store import open as open_store
from poreflux.store import save
from poreflux.store.box import identities
from poreflux.study.model import Sample
from poreflux.study.work import Work
from poreflux.volume import voxel_size


def source_of(sample: Sample, base: Path) -> Path | None:
    """Return the file or folder of a sample, None of a preset; `base` has the study file."""
    if sample.path is None:
        return None
    place = at(sample.path)
    return place if is_remote(place) else base / place.expanduser()


def is_store(source: Path | None) -> bool:
    """Return whether a source is a store of ours."""
    try:
        return source is not None and bool(identities(source))
    except (OSError, ValueError, AttributeError, KeyError):
        return False


def has_phases(sample: Sample, base: Path) -> bool:
    """Return whether a sample comes segmented."""
    if sample.preset is not None:
        return not sample.scan
    source = source_of(sample, base)
    if source is not None and is_store(source):
        return "phase" in identities(source)
    return sample.reading.kind == "phase"


def opened(sample: Sample, base: Path) -> xr.Dataset:
    """Return a sample as a lazy volume; only headers are read.

    Examples
    --------
    >>> opened(Sample(name="a", preset="fine_100", edge=32), Path(".")).phase.shape
    (32, 32, 32)
    """
    if sample.preset is not None:
        return _twin(sample)
    source = source_of(sample, base)
    assert source is not None
    if is_store(source):
        return _of_store(open_store(source), sample)
    return read(source, voxel_size=sample.voxel_size, **_options(sample, base))


def _of_store(volume: xr.Dataset, sample: Sample) -> xr.Dataset:
    """Return the volume of a store, whose voxels are as large as it says."""
    stored = [float(h) for h in voxel_size(volume)]
    if sample.voxel_size is not None and not np.allclose(stored, sample.voxel_size, rtol=1e-6):
        raise ValueError(
            f"voxel_size={sample.voxel_size} is not that of the store {sample.path}, {stored} "
            "(z, y, x) in µm; leave it out"
        )
    return volume


def import_sample(sample: Sample, base: Path, store: Path, work: Work) -> None:
    """Write a sample to a store; one of another content is replaced."""
    with work.watch("import") as progress:
        save(opened(sample, base), store, overwrite=True, chunk=work.chunk, progress=progress)


def source_parameters(sample: Sample) -> dict[str, Any]:
    """Return all that decides what an import writes, but for the content of files."""
    parameters: dict[str, Any] = {"voxel_size": sample.voxel_size}
    if sample.preset is None:
        return parameters | {"reading": sample.reading.model_dump()}
    twin = TWINS.get(sample.preset)
    made_of = {} if twin is None else {"plan": asdict(twin.plan), "target": asdict(twin.target)}
    return parameters | sample.model_dump(include={"preset", "edge", "seed", "scan"}) | made_of


def _twin(sample: Sample) -> xr.Dataset:
    name, edge = str(sample.preset), sample.edge
    if name not in TWINS:
        raise ValueError(f"preset={name!r} is not a preset; choose one of {', '.join(TWINS)}")
    size = VOXEL_SIZE if sample.voxel_size is None else sample.voxel_size
    volume = synthetic_twin(name, edge, seed=sample.seed, voxel_size=size, fit_porosity=True)
    if not sample.scan:
        return volume
    seed = TWINS[name].plan.seed if sample.seed is None else sample.seed
    return measure_gray(volume, Tomograph(seed=seed)).drop_vars("phase")


def _options(sample: Sample, base: Path) -> dict[str, Any]:
    options = sample.reading.model_dump()
    if options["phases"] is not None:
        options["phases"] = labels_of(options["phases"])
    if options["mask"] is not None:
        options["mask"] = base / options["mask"]
    return options


def labels_of(names: dict[str, str]) -> dict[int, str]:
    """Return the names of labels, which TOML has as texts, by their numbers.

    Examples
    --------
    >>> labels_of({"0": "pore"})
    {0: 'pore'}
    """
    try:
        return {int(label): name for label, name in names.items()}
    except ValueError:
        raise ValueError(f"phases={names} is not possible; write labels as whole numbers") from None
