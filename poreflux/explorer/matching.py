"""Whether results are of the volume that is shown."""

import math
from typing import TYPE_CHECKING

from poreflux.explorer.images import Images
from poreflux.schema import DIMS

if TYPE_CHECKING:
    import xarray as xr


def require_of_volume(results: "xr.Dataset", images: Images) -> None:
    """Raise ``ValueError`` where results are of another volume: its voxels, size or source.

    Examples
    --------
    >>> from poreflux import phantoms, porosity_profile
    >>> from poreflux.explorer.images import in_memory
    >>> small, large = (phantoms.random_sites((n, 8, 8), 0.2) for n in (8, 9))
    >>> require_of_volume(porosity_profile(small).compute(), in_memory(small))
    >>> require_of_volume(porosity_profile(small).compute(), in_memory(large))
    Traceback (most recent call last):
    ValueError: the results are of another volume: they have 8 voxels along z, 'volume' has 9; \
give those that were measured of it
    """
    for what, theirs, own in _compared(results, images):
        raise ValueError(
            f"the results are of another volume: they have {theirs} {what}, {images.title!r} has "
            f"{own}; give those that were measured of it"
        )


def _compared(results: "xr.Dataset", images: Images) -> list[tuple[str, str, str]]:
    """Return what differs between results and volume: what, theirs and its own."""
    found = []
    sizes = results.attrs.get("voxel_size")
    if sizes is not None and not _close(sizes, images.spacing):
        theirs, own = (" × ".join(f"{h:.4g}" for h in s) for s in (sizes, images.spacing))
        found.append(("µm voxels (z × y × x)", theirs, own))
    for name in ("source_sha256",):
        pair = results.attrs.get(name), images.attrs.get(name)
        if None not in pair and pair[0] != pair[1]:
            found.append(("as sha-256 of the source", str(pair[0])[:12], str(pair[1])[:12]))
    for dim, length in zip(DIMS, images.shape):
        if dim in results.coords and results[dim].size != length:
            found.append((f"voxels along {dim}", str(results[dim].size), str(length)))
    return found


def _close(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return len(one) == len(other) and all(
        math.isclose(a, b, rel_tol=1e-6) for a, b in zip(one, other)
    )
