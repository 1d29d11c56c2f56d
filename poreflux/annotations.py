"""Types that signatures share: the words that options take, and how progress is told.

The check of an option reads its words from here (``typing.get_args``), and the command line offers
the same; this file imports nothing heavy, so that ``poreflux --help`` is quick.
"""

from collections.abc import Callable
from typing import Any, Literal, TypeAlias

#: called as ``progress(done, total, note)``
Progress: TypeAlias = Callable[[int, int, str], None]

#: as functions take it: a :data:`Progress`; True shows a bar, False none; None one in notebooks.
#: Inside of functions it is a callable or None (``poreflux.progress``), hence no type of its own
ShownProgress: TypeAlias = Any

#: the four faces along the transport
Sides = Literal["insulated", "periodic"]

#: whole voxels conduct by their phase, partial ones by their solid fraction
Geometry = Literal["voxels", "partial"]

#: of the vectors of a solver
Precision = Literal["float32", "float64"]

#: what runs the passes of a solve: the cores of the processor, or a graphics processor
EngineName = Literal["threads", "cuda"]

#: of charge transfer
Kinetics = Literal["primary", "linear", "butler-volmer"]

#: how the face opposite an electrode is fed
Drive = Literal["flux", "equipotential"]

#: where an electrode is along its direction
ElectrodeFace = Literal["first", "last"]

#: of the current at an electrode
Resolution = Literal["voxel", "upscaled", "both"]

ContactModel = Literal["full", "cells", "patches", "voids"]

#: of a volume: labels, or measured values
VolumeKind = Literal["phase", "gray"]

#: whether the pores of a scan are darker than the solid, or brighter
PoreShade = Literal["dark", "bright"]

SegmentMethod = Literal[
    "threshold",
    "otsu",
    "li",
    "minimum-error",
    "midpoint",
    "balance",
    "multi-otsu",
    "hysteresis",
    "watershed",
]

Denoise = Literal["median", "nl-means"]

DriftCorrection = Literal["gain", "offset"]

TiltCorrection = Literal["mask", "shear"]

#: how connected pores are told apart
PoreMethod = Literal["components", "watershed"]
NetworkMethod = Literal["components", "watershed", "auto"]

#: what has a size
PoreSizeMethod = Literal["auto", "components", "watershed", "thickness", "chords"]

#: of the bins of a histogram
BinSpacing = Literal["linear", "log"]

#: of the edges of a volume before its Fourier transform
Taper = Literal["hann", "none"]

StructureVariant = Literal["signed", "absolute", "relative", "ratio", "z_score"]

#: of cubes in a volume
Placement = Literal["tiled", "overlapping"]

#: of NumPy, or lazy of dask
AnyArray: TypeAlias = Any
