"""Grey values of a phantom as a tomograph would see it, with the truth kept beside them."""

import dataclasses
import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from scipy.ndimage import gaussian_filter
from scipy.special import ndtr

from poreflux.annotations import AnyArray
from poreflux.phantoms.noise import white_noise
from poreflux.schema import DIMS, attributes
from poreflux.volume import label_of, require, voxel_size

NOISE, RINGS, RING_PLACES = range(3)  # streams of random numbers

#: planes that share a ring
ROWS_OF_A_RING = 8

#: standard deviations at which the point spread function is cut
PSF_CUT = 4.0


@dataclass(frozen=True)
class Tomograph:
    """Model of a measurement; offsets are in units of the contrast of the phases.

    Parameters
    ----------
    pore, electrolyte
        grey values of the two phases; their difference is the contrast. Air is as grey as
        a pore.
    blur
        standard deviation of the Gaussian point spread function in voxels.
    contrast_to_noise
        contrast over the standard deviation of the noise; infinite for none.
    rings
        standard deviation of the rings' offsets.
    ring_share
        share of the radii that carry a ring.
    cupping
        how much darker the axis of rotation is than the largest inscribed circle.
    drift
        relative gain of grey values from the first plane to the last.
    tilt
        angles in degrees by which the sample's top descends along y and along x.
    seed
        of noise and rings.

    Examples
    --------
    >>> Tomograph(contrast_to_noise=5.0).noise
    3600.0
    """

    pore: float = 12_000.0
    electrolyte: float = 30_000.0
    blur: float = 0.7
    contrast_to_noise: float = 6.0
    rings: float = 0.08
    ring_share: float = 0.15
    cupping: float = 0.10
    drift: float = 0.05
    tilt: tuple[float, float] = (0.0, 0.0)
    seed: int = 0

    @property
    def contrast(self) -> float:
        """Difference of the two grey values."""
        return self.electrolyte - self.pore

    @property
    def noise(self) -> float:
        """Standard deviation of the noise in grey values."""
        return abs(self.contrast) / self.contrast_to_noise


def measure_gray(
    volume: xr.Dataset, tomograph: Tomograph | None = None, *, dtype: str = "uint16"
) -> xr.Dataset:
    """Add grey values to a phantom and keep the phases as truth.

    Parameters
    ----------
    volume
        with `phase`, in memory or lazy, and `solid_fraction` where partial volumes are known.
    tomograph
        model of the measurement; the defaults are a typical laboratory scan.
    dtype
        of the grey values; integers are rounded and clipped.

    Returns
    -------
    Dataset with `gray`, the `phase` it was made of, and the tomograph in ``attrs["truth"]``. Lazy
    where the phases are; the values depend neither on the chunks nor on the order of computation.

    Notes
    -----
    ``gray = (pore + contrast * (blurred solid fraction + ring + cupping)) * (1 + drift) + noise``.
    The sample ends at a tilted plane that touches the last face where it is highest; beyond it
    there is air. In µm the plane is ``z = a + b y + c x``, ``attrs["truth"]["top_plane"]`` is
    ``[a, b, c]``.
    The phases are kept as they were before the tilt cut them: compare below the plane only.

    The blur at outer faces continues the outermost voxel.

    Examples
    --------
    >>> from poreflux.phantoms import uniform
    >>> gray = measure_gray(uniform(20)).gray
    >>> gray.dtype.name, bool(abs(gray.mean() - 30_000) < 1_500)
    ('uint16', True)
    """
    tomograph = tomograph or Tomograph()
    _check(tomograph)
    solid = _solid(volume)
    shape, size = tuple(solid.shape), voxel_size(volume)
    scan = functools.partial(_scan_block, tomograph, shape, size, np.dtype(dtype))
    depth = int(PSF_CUT * tomograph.blur + 0.5)
    if hasattr(solid, "map_overlap"):  # lazy: blocks with ghosts
        gray = solid.map_overlap(
            functools.partial(_scan_located, scan, depth),
            depth=depth,
            boundary="nearest",
            dtype=dtype,
            meta=np.empty((0, 0, 0), dtype),
        )
    else:
        padded = np.pad(np.asarray(solid), depth, mode="edge")
        gray = scan(padded, (-depth,) * 3)[(slice(depth, -depth or None),) * 3]
    out = volume.assign(gray=(DIMS, gray, attributes("gray")))
    out.attrs["truth"] = {
        **dataclasses.asdict(tomograph),
        "noise": tomograph.noise,
        "top_plane": _top_plane(tomograph, shape, size),
    }
    del out.attrs["truth"]["contrast_to_noise"]  # infinite without noise, which no store can hold
    return out


def _check(tomograph: Tomograph) -> None:
    if tomograph.blur < 0 or tomograph.contrast_to_noise <= 0 or tomograph.contrast == 0:
        raise ValueError(
            f"blur={tomograph.blur}, contrast_to_noise={tomograph.contrast_to_noise}, contrast="
            f"{tomograph.contrast}; the blur must not be negative, the second must be above 0 and "
            "the contrast not 0"
        )
    if not all(abs(angle) < 45 for angle in tomograph.tilt):
        raise ValueError(f"tilt={tomograph.tilt} is not two angles below 45 degrees")


def _solid(volume: xr.Dataset) -> AnyArray:
    """Return the solid fraction of each voxel, lazy where the volume is."""
    if "solid_fraction" in volume:
        return volume["solid_fraction"].data
    return require(volume, "phase").data == label_of(volume, "electrolyte")


def _scan_located(
    scan: Callable, depth: int, block: np.ndarray, block_info: Any = None
) -> np.ndarray:
    """Return the grey values of a block with ghosts, located by `block_info`."""
    if not block_info:
        return scan(block, (0, 0, 0))
    info = block_info[0]
    # blocks are listed with their ghosts on: each one before moved this one by two depths
    spans = zip(info["array-location"], info["chunk-location"])
    return scan(block, [low - 2 * depth * i - depth for (low, _), i in spans])


def _scan_block(
    tomograph: Tomograph,
    shape: tuple[int, ...],
    size: Sequence[float],
    dtype: np.dtype,
    solid: np.ndarray,
    start: tuple[int, ...],
) -> np.ndarray:
    """Return the grey values of a block whose first voxel is at `start`."""
    z, y, x = (a + np.arange(n) for a, n in zip(start, solid.shape))
    a, b, c = _top_plane(tomograph, shape, size)
    top = (a + b * (y[:, None] + 0.5) * size[1] + c * (x + 0.5) * size[2]) / size[0]
    below = np.clip(top - z[:, None, None], 0, 1, dtype=np.float32)
    if any(tomograph.tilt):
        solid = solid * below
    gray = gaussian_filter(solid.astype(np.float32), tomograph.blur, truncate=PSF_CUT)
    gray += _defects(tomograph, shape, z, y, x)
    gray *= np.float32(tomograph.contrast)
    gray += np.float32(tomograph.pore)
    gray *= (1 + tomograph.drift * ((z + 0.5) / shape[0] - 0.5))[:, None, None].astype(np.float32)
    if np.isfinite(tomograph.contrast_to_noise):
        stop = [a + n for a, n in zip(start, solid.shape)]
        gray += np.float32(tomograph.noise) * white_noise(tomograph.seed, NOISE, start, stop)
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        np.clip(np.rint(gray, out=gray), limits.min, limits.max, out=gray)
    return gray.astype(dtype)


def _defects(
    tomograph: Tomograph, shape: tuple[int, ...], z: np.ndarray, y: np.ndarray, x: np.ndarray
) -> np.ndarray:
    """Return rings and cupping about the axis, in units of the contrast."""
    radius = np.hypot(y[:, None] + 0.5 - shape[1] / 2, x + 0.5 - shape[2] / 2)
    bowl = tomograph.cupping * ((2 * radius / min(shape[1:])) ** 2 - 1)
    ring = radius.astype(int)
    rows = z // ROWS_OF_A_RING
    box = (rows[0], 0, 0), (rows[-1] + 1, int(ring.max()) + 1, 1)
    offsets = white_noise(tomograph.seed, RINGS, *box)[..., 0] * tomograph.rings
    offsets *= ndtr(white_noise(tomograph.seed, RING_PLACES, *box)[..., 0]) < tomograph.ring_share
    return (offsets[rows - rows[0]][:, ring] + bowl).astype(np.float32)


def _top_plane(tomograph: Tomograph, shape: tuple[int, ...], size: Sequence[float]) -> list[float]:
    """Return [a, b, c] of the sample's top z = a + b y + c x in µm, highest at the last face."""
    b, c = (-float(np.tan(np.radians(angle))) for angle in tomograph.tilt)
    a = shape[0] * size[0] - max(b, 0) * shape[1] * size[1] - max(c, 0) * shape[2] * size[2]
    return [float(a), b, c]
