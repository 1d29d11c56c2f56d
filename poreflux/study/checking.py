"""What would fail in a study, found in seconds: every sample is opened, nothing is computed."""

import math
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import xarray as xr

from poreflux.machine import free_memory
from poreflux.segmentation.options import check_options
from poreflux.store.disk import free_bytes
from poreflux.study.importing import labels_of, opened
from poreflux.study.model import Sample, StudyFile
from poreflux.study.solving import cubes
from poreflux.study.study import Study
from poreflux.transport.electrode import interfacial_current
from poreflux.transport.electrode.conditions import conditions, wagner_lengths_of
from poreflux.transport.electrode.options import KineticsOptions
from poreflux.transport.electrode.upscaled import check_blocks
from poreflux.transport.laplace.problem import conductivities, conductors
from poreflux.transport.solvers.stages import precision_for
from poreflux.transport.tortuosity import effective_conductivity
from poreflux.volume import PORE_AND_ELECTROLYTE, USUAL_VOXELS, phase_labels, voxel_size

#: a sample with fewer voxels along an axis has no microstructure
_FEWEST = 8

#: edges of a voxel in µm beyond which a unit is wrong
_VOXELS = (1e-3, 1e3)


@dataclass(frozen=True)
class Checked:
    """What was found of a sample before any work.

    Attributes
    ----------
    name
        of the sample.
    shape, voxel_size
        voxels and their edges in µm, (z, y, x); none where it cannot be opened.
    phases
        their names, as they are or as the segmentation will make them.
    problems
        what would fail.
    notes
        what reading it assumes.
    """

    name: str
    shape: tuple[int, ...] = ()
    voxel_size: tuple[float, ...] = ()
    phases: tuple[str, ...] = ()
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def check(study: Study) -> list[Checked]:
    """Open every sample of a study and return what was found, problems first of all.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "study.toml"
    >>> text = '[[samples]]\\nname = "a"\\npreset = "fine_100"\\nedge = 3\\n'
    >>> _ = path.write_text(text)
    >>> check(Study(path))[0].problems[0]
    'measure.blocks=[4, 4, 4] are more than the 3 x 3 x 3 voxels; give fewer'
    """
    return [_checked(study, sample) for sample in study.file.samples]


def _checked(study: Study, sample: Sample) -> Checked:
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            volume = opened(sample, study.base)
    except Exception as error:  # of a file there may be any failure; it is told with the others
        return Checked(sample.name, problems=[" ".join(str(error).split())])
    problems: list[str] = []
    names = _tried(problems, lambda: _phases(study.file, sample, volume)) or {}
    for look in (_shape, _names, _cubes, _partial, _upscaled, _electrode):
        problems += list(_all(look, study.file, volume, names))
    problems += _memory(study.file, volume, names)
    problems += _disk(study.folder, volume)
    return Checked(
        sample.name,
        tuple(volume.sizes[dim] for dim in "zyx"),
        tuple(float(h) for h in voxel_size(volume)),
        tuple(names),
        problems,
        [" ".join(str(warning.message).split()) for warning in caught] + [*_unusual(volume)],
    )


def _unusual(volume: xr.Dataset) -> Iterator[str]:
    """Yield what is possible and most likely a unit that was mistaken."""
    for length in sorted({float(h) for h in voxel_size(volume)}):
        if not USUAL_VOXELS[0] <= length <= USUAL_VOXELS[1]:
            yield (
                f"a voxel edge of {length:g} µm is unusual for a tomogram; voxel_size is in µm, "
                "not nm or mm"
            )


def _tried(problems: list[str], look: Callable[[], Any]) -> Any:
    """Return what is found, None where it fails, which becomes a problem."""
    try:
        return look()
    except (ValueError, TypeError, KeyError) as error:
        problems.append(str(error.args[0] if error.args else error))
        return None


def _all(
    look: Callable[..., Iterator[str]], study: StudyFile, volume: xr.Dataset, names: Mapping
) -> Iterator[str]:
    """Yield the problems that are found, and the failure of finding them as one more."""
    problems: list[str] = []
    found = _tried(problems, lambda: list(look(study, volume, names)))
    yield from (*(found or ()), *problems)


def _phases(study: StudyFile, sample: Sample, volume: xr.Dataset) -> dict[str, int]:
    """Return the labels of the phases, those that the segmentation will make of grey values."""
    if "phase" in volume:
        return phase_labels(volume)
    section = study.segmentation_of(sample)
    given = None if section.phases is None else labels_of(section.phases)
    names = dict(given or PORE_AND_ELECTROLYTE)
    cuts = section.threshold
    thresholds = None if cuts is None else [cuts] if isinstance(cuts, float | int) else cuts
    denoise = None if section.denoise == "none" else section.denoise
    check_options(section.method, thresholds, names, given, section.pore, denoise)
    return {name: label for label, name in names.items()}


def _shape(study: StudyFile, volume: xr.Dataset, names: Mapping) -> Iterator[str]:
    sizes = [volume.sizes[dim] for dim in "zyx"]
    shown = " x ".join(map(str, sizes))
    for section in ("measure", "tortuosity", "current"):
        counts = getattr(study, section).blocks
        if counts and any(count > size for count, size in zip(counts, sizes)):
            yield f"{section}.blocks={counts} are more than the {shown} voxels; give fewer"
    if min(sizes) < _FEWEST:
        yield (
            f"the volume has {shown} voxels (z, y, x), too few along an axis; see reading.axes and "
            "reading.shape"
        )
    edges = [float(h) for h in voxel_size(volume)]
    if not all(_VOXELS[0] <= h <= _VOXELS[1] for h in edges):
        yield f"voxel_size={edges} in µm is not that of a tomogram; give it in µm"


def _names(study: StudyFile, volume: xr.Dataset, names: Mapping) -> Iterator[str]:
    if not names:
        return
    if study.measure.phase not in names:
        yield f"measure.phase={study.measure.phase!r} is none of the phases {', '.join(names)}"
    if study.measure.conducting not in (None, *names):
        yield (
            f"measure.conducting={study.measure.conducting!r} is none of the phases "
            f"{', '.join(names)}"
        )
    for section in ("tortuosity", "current"):
        part = getattr(study, section)
        if part.compute:
            try:
                conductivities(names, conductors(names, part.conductivity))
            except (ValueError, KeyError) as error:
                yield f"{section}.conductivity: {error.args[0]}"


def _cubes(study: StudyFile, volume: xr.Dataset, names: Mapping) -> Iterator[str]:
    if study.tortuosity.compute:
        cubes(volume, study.tortuosity.edges)
    shortest = min(volume.sizes[d] * h for d, h in zip("zyx", voxel_size(volume)))
    if study.measure.edges and max(study.measure.edges) > shortest:
        yield (
            f"measure.edges={max(study.measure.edges):g} is longer than the volume; give up to "
            f"{shortest:g}"
        )


def _partial(study: StudyFile, volume: xr.Dataset, names: Mapping) -> Iterator[str]:
    if not study.tortuosity.compute or study.tortuosity.geometry == "voxels":
        return
    stored = "solid_fraction" in volume or study.segmentation.solid_fraction
    if not stored:
        yield "tortuosity.geometry='partial' needs segmentation.solid_fraction=true; set it"
    if study.resources.processes > 1:
        yield (
            "tortuosity.geometry='partial' is solved in one process, as several hold voxels as "
            "labels of a byte; set resources.processes=1"
        )


def _upscaled(study: StudyFile, volume: xr.Dataset, names: Mapping) -> Iterator[str]:
    section = study.current
    if section.compute and section.resolution != "voxel" and study.resources.processes > 1:
        yield (
            f"current.resolution={section.resolution!r} is solved in one process; set "
            "resources.processes=1"
        )


def _electrode(study: StudyFile, volume: xr.Dataset, names: Mapping) -> Iterator[str]:
    section = study.current
    if not section.compute:
        return
    law = section.model_dump(include=set(KineticsOptions.__annotations__))
    given = section.model_dump(include={"applied", "drive", "face", "rtol"})
    try:
        conditions(**given, **law)
        wagner_lengths_of(section.wagner_lengths)
        if section.resolution != "voxel":
            check_blocks(volume, section.blocks)
    except ValueError as error:
        yield f"current: {error}"


def _memory(study: StudyFile, volume: xr.Dataset, names: Mapping) -> list[str]:
    """Return a problem where a solve needs more memory than is free."""
    shape = volume.sizes["z"], volume.sizes["y"], volume.sizes["x"]
    needs = {}
    if study.tortuosity.compute:
        kind = precision_for(study.tortuosity.rtol, None)
        needs["tortuosity"] = effective_conductivity.forecast(shape, kind, len(names) <= 2)
    if study.current.compute:
        needs["current"] = interfacial_current.memory(shape, len(names) <= 2, study.current.drive)
    free = free_memory()
    return [
        f"{section} takes {need / 2**30:.1f} GiB, {free / 2**30:.1f} GiB are free; take a machine "
        "with more, or several with resources.processes"
        for section, need in needs.items()
        if need > free
    ]


def _disk(folder: Path, volume: xr.Dataset) -> list[str]:
    voxels = math.prod(volume.sizes[dim] for dim in "zyx")
    need = (
        voxels * sum(array.dtype.itemsize for array in volume.values() if array.ndim == 3) * 8 / 7
    )
    free = free_bytes(folder)
    if need <= free:
        return []
    return [f"the store takes up to {need / 2**30:.1f} GiB, {free / 2**30:.1f} GiB are free"]
