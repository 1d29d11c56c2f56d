"""What `study.toml` may say: every key, its kind and its default."""

import itertools
import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from poreflux.annotations import (
    ContactModel,
    Denoise,
    Drive,
    ElectrodeFace,
    Geometry,
    Kinetics,
    NetworkMethod,
    PoreShade,
    Resolution,
    SegmentMethod,
    Sides,
    VolumeKind,
)
from poreflux.schema import Direction
from poreflux.study.measuring import EXTRA, USUAL
from poreflux.study.quantities import quantities_of

Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]
Counts = Annotated[list[Count], Field(min_length=3, max_length=3)]
#: one, two or all three of the axes, each once
_ORDERS = ["".join(axes) for n in (1, 2, 3) for axes in itertools.permutations("zyx", n)]
Axes = Annotated[str, Field(pattern=f"^({'|'.join(_ORDERS)})$")]
Label = str | int | float | bool


class Section(BaseModel):
    """A table of the file: unknown keys are refused, and kinds are not guessed."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Measured(Section):
    """A quantity that was measured otherwise: its value and scatter (one standard deviation)."""

    value: float
    scatter: Annotated[float, Field(ge=0)] = 0.0
    unit: str = ""


class Reading(Section):
    """How a file is read, as :func:`poreflux.read` takes it."""

    kind: VolumeKind = "gray"
    phases: dict[str, str] | None = None
    dataset: str | None = None
    shape: Counts | None = None
    dtype: str | None = None
    header: Annotated[int, Field(ge=0)] = 0
    axes: str | None = None
    channel: int | None = None
    time: int | None = None
    series: str | None = None
    mask: str | None = None
    missing_as: float | None = None
    allow_external: bool = False


class Corrections(Section):
    """Faults of a scan, see :func:`poreflux.study.correcting.corrected`."""

    roi: Literal["none", "auto"] | Annotated[list[float], Field(min_length=3, max_length=3)] = (
        "none"
    )
    erosion: Annotated[float, Field(ge=0)] = 5.0
    drift: bool = False
    cupping: bool = False
    rings: bool = False
    centre: Annotated[list[float], Field(min_length=2, max_length=2)] | None = None
    tilt: Literal["none", "mask", "shear"] = "none"


class Segmentation(Section):
    """Grey values to phases, see :func:`poreflux.segment`."""

    method: SegmentMethod = "otsu"
    threshold: float | list[float] | None = None
    phases: dict[str, str] | None = None
    pore: PoreShade = "dark"
    denoise: Literal["none"] | Denoise = "none"
    solid_fraction: bool = False
    tau: Direction | None = None


class Measure(Section):
    """What is measured of the pores."""

    also: list[Literal[*EXTRA]] = Field(  # type: ignore[valid-type]
        default=["pores", "connectivity", "spectrum", "arrangement", "representative"]
    )
    phase: str = "pore"
    conducting: str | None = None
    directions: Axes = "z"
    blocks: Counts = [4, 4, 4]
    pore_method: NetworkMethod = "auto"
    bin_width: Positive | None = None
    edges: list[Positive] = []
    discretisation: bool = True

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of what is measured, the usual first."""
        return (*USUAL, *(name for name in EXTRA if name in self.also))


class Tortuosity(Section):
    """Solves for the tortuosity factor, of the whole and of blocks; `discretisation` solves both
    again on larger voxels.
    """

    compute: bool = True
    directions: Axes = "zyx"
    conductivity: dict[str, float] | None = None
    sides: Sides = "insulated"
    geometry: Geometry = "voxels"
    rtol: Annotated[float, Field(gt=0, lt=1)] = 1e-6
    blocks: Counts | None = [4, 4, 4]
    edges: list[Positive] = []
    discretisation: bool = True


class Current(Section):
    """Solves for the current at an electrode, with its kinetics and its contact."""

    compute: bool = True
    directions: Axes = "z"
    face: ElectrodeFace = "last"
    applied: float = 1.0
    conductivity: Positive | dict[str, float] = 0.1
    contact: Annotated[float, Field(gt=0, le=1)] = 0.9306
    contact_model: ContactModel = "patches"
    contact_size: Positive | None = None
    contact_seed: int = 0
    kinetics: Kinetics = "butler-volmer"
    charge_transfer_resistance: Positive | None = None
    exchange_current_density: Positive | None = None
    transfer_coefficient: Annotated[float, Field(gt=0, lt=1)] = 0.5
    film_resistance: Annotated[float, Field(ge=0)] = 0.0
    temperature: Positive = 298.15
    drive: Drive = "flux"
    wagner_lengths: list[Annotated[float, Field(ge=0)]] = []
    resolution: Resolution = "voxel"
    blocks: Counts = [4, 4, 4]
    rtol: Annotated[float, Field(gt=0, lt=1)] = 1e-6


class Comparison(Section):
    """How the samples are compared."""

    quantities: list[str] = []
    level: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    draws: Annotated[int, Field(ge=100, le=1_000_000)] = 4000
    seed: int = 0

    @field_validator("quantities")
    @classmethod
    def _known(cls, quantities: list[str]) -> list[str]:
        list(quantities_of([], quantities))  # raises of one that is not known
        return quantities


class Resources(Section):
    """Where the work is done: threads of this machine, a dask scheduler, processes for solves."""

    threads: Count | None = None
    scheduler: str | None = None
    processes: Count = 1
    chunk: Count = 128


class Sample(Section):
    """One sample: a file, folder or store; or a preset, a synthetic twin."""

    name: str
    path: str | None = None
    preset: str | None = None
    voxel_size: Positive | Annotated[list[Positive], Field(min_length=3, max_length=3)] | None = (
        None
    )
    edge: Count = 250
    seed: int | None = None
    scan: bool = False
    labels: dict[str, Label] = {}
    measured: dict[str, Measured] = {}
    reading: Reading = Reading()
    corrections: Corrections | None = None
    segmentation: Segmentation | None = None

    @field_validator("name")
    @classmethod
    def _plain_name(cls, name: str) -> str:
        if not re.fullmatch(r"[\w][\w.+-]*", name):
            raise ValueError("it names a folder; use letters, digits, _, -, + and .")
        return name

    @model_validator(mode="after")
    def _one_source(self) -> "Sample":
        if (self.path is None) == (self.preset is None):
            raise ValueError("a sample is a path or a preset; give one of the two")
        made = self.model_fields_set & {"edge", "seed", "scan"}
        if self.path is not None and made:
            raise ValueError(
                f"{min(made)} is of presets only, and a path is read whole; leave it out"
            )
        return self


class StudyFile(Section):
    """The whole file."""

    title: str = "A study of several samples"
    folder: str | None = None
    samples: Annotated[list[Sample], Field(min_length=1)]
    corrections: Corrections = Corrections()
    segmentation: Segmentation = Segmentation()
    measure: Measure = Measure()
    tortuosity: Tortuosity = Tortuosity()
    current: Current = Current()
    comparison: Comparison = Comparison()
    resources: Resources = Resources()

    @model_validator(mode="after")
    def _names_once(self) -> "StudyFile":
        names = [sample.name.lower() for sample in self.samples]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"the name {twice[0]} stands for two samples; name each once")
        return self

    @model_validator(mode="after")
    def _one_unit(self) -> "StudyFile":
        units: dict[str, str] = {}
        for name, measured in (pair for s in self.samples for pair in s.measured.items()):
            if measured.unit and units.setdefault(name, measured.unit) != measured.unit:
                raise ValueError(
                    f"the measured {name} is in {units[name]} and in {measured.unit}; give all of "
                    "it in one unit"
                )
        return self

    def corrections_of(self, sample: Sample) -> Corrections:
        """Return the corrections of a sample: the study's, but for what the sample says."""
        return _over(self.corrections, sample.corrections)

    def segmentation_of(self, sample: Sample) -> Segmentation:
        """Return the segmentation of a sample: the study's, but for what the sample says."""
        return _over(self.segmentation, sample.segmentation)


def _over(common: Any, own: Any) -> Any:
    """Return a section with the keys that another one sets."""
    if own is None:
        return common
    return common.model_copy(update={key: getattr(own, key) for key in own.model_fields_set})
