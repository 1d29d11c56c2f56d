"""Maps of Results that lie in a volume: sections of blocks, and planes of columns or of a face."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from poreflux.explorer.images import Images
from poreflux.explorer.page_text import titled
from poreflux.explorer.planes import PLANES, Plane
from poreflux.schema import DIMS

if TYPE_CHECKING:
    import xarray as xr

#: spots of a map that are offered, the strongest first
_SPOTS = 8
#: distance of two spots, in parts of the longer edge of the map
_APART = 0.06


@dataclass(frozen=True)
class Map:
    """One map: values over two or three axes of the volume, with what they are.

    Attributes
    ----------
    key, title, unit
        its name on the page, and what it shows.
    values
        over the axes, in the order z, y, x.
    axes
        0, 1, 2 for z, y, x, ascending.
    first, step
        along each axis: the outer face of the first value and the distance of two, in µm.
    position
        of a map of two axes: where along the third it lies, such as an electrode; else None.
    signed
        whether values lie on both sides of zero, which then is the middle of the colours.
    """

    key: str
    title: str
    unit: str
    values: np.ndarray
    axes: tuple[int, ...]
    first: tuple[float, ...]
    step: tuple[float, ...]
    position: float | None = None
    signed: bool = False

    @property
    def plane(self) -> Plane:
        """Return the plane in which it is drawn: its own, or for blocks a section across z."""
        if len(self.axes) == 3:
            return PLANES[0]
        across = next(a for a in range(3) if a not in self.axes)
        return next(plane for plane in PLANES if plane.across == across)

    def section(self, point: tuple[float, ...]) -> np.ndarray:
        """Return the values that are drawn for a point z, y, x in µm, rows down."""
        plane = self.plane
        values = self.values
        if len(self.axes) == 3:
            at = int((point[0] - self.first[0]) // self.step[0])
            values = values[min(max(at, 0), len(values) - 1)]
        return values.T if plane.down > plane.right else values

    def place(self, axis: int) -> tuple[float, float]:
        """Return the lower end of the map along an axis, and its length, in µm."""
        i = self.axes.index(axis)
        return self.first[i], self.step[i] * self.values.shape[i]

    @property
    def limits(self) -> tuple[float, float]:
        """Return the values that have the first and the last colour."""
        finite = self.values[np.isfinite(self.values)]
        if not finite.size:
            return 0.0, 1.0
        few = 100 if len(self.axes) == 3 else 99.8
        low, high = (float(v) for v in np.percentile(finite, [100 - few, few]))
        if self.signed:
            widest = max(abs(low), abs(high)) or 1.0
            return -widest, widest
        return low, high if high > low else low + (abs(low) or 1.0) * 1e-6

    def spots(self, *, lowest: bool = False) -> list[dict[str, Any]]:
        """Return the places of the highest (or lowest) values, some way apart, strongest first.

        Examples
        --------
        >>> values = np.zeros((10, 10))
        >>> values[2, 3], values[8, 1] = 5.0, 7.0
        >>> drawn = Map("m", "m", "", values, (1, 2), (0.0, 0.0), (1.0, 1.0))
        >>> [(spot["value"], spot["point"]) for spot in drawn.spots()[:2]]
        [(7.0, [None, 8.5, 1.5]), (5.0, [None, 2.5, 3.5])]
        """
        worst = np.inf if lowest else -np.inf
        left = np.where(np.isfinite(self.values), self.values, worst).astype(float)
        apart = _APART * max(n * h for n, h in zip(left.shape, self.step))
        found: list[dict[str, Any]] = []
        grids = np.indices(left.shape)
        while len(found) < _SPOTS:
            index = np.unravel_index((np.argmin if lowest else np.argmax)(left), left.shape)
            if not np.isfinite(left[index]):
                break
            point: list[float | None] = [None, None, None]
            for axis, i, first, step in zip(self.axes, index, self.first, self.step):
                point[axis] = first + (int(i) + 0.5) * step
            if self.position is not None:
                point[self.plane.across] = self.position
            found.append({"value": float(left[index]), "point": point})
            distance = sum(
                ((grid - i) * step) ** 2 for grid, i, step in zip(grids, index, self.step)
            )
            left[distance <= apart**2] = worst
        return found


def maps_of(results: "xr.Dataset", images: Images) -> list[Map]:
    """Return the maps that Results hold, in their order.

    Examples
    --------
    >>> from poreflux import block_porosity, phantoms, structure_factor
    >>> from poreflux.explorer.images import in_memory
    >>> volume = phantoms.random_sites((8, 8, 8), 0.2)
    >>> results = block_porosity(volume, blocks=(2, 2, 2)).merge(structure_factor(volume))
    >>> [(m.key, m.title, m.values.shape) for m in maps_of(results.compute(), in_memory(volume))]
    [('block_porosity', 'porosity of a block', (2, 2, 2)), ('structure_factor', \
'structure factor along z', (8, 8))]
    """
    found = []
    for name, variable in results.data_vars.items():
        if _is_map(str(name), variable):
            found += _of_variable(str(name), variable, images)
    return found


def _is_map(name: str, variable: "xr.DataArray") -> bool:
    """Return whether a variable is a map, and not an image of the volume or an error."""
    dims = [dim for dim in map(str, variable.dims) if dim != "direction"]
    parts = {dim.rpartition("_")[0] for dim in dims}
    along = [dim.rpartition("_")[2] for dim in dims]
    placed = len(parts) == 1 and parts <= {"", "block", "cell"} and set(along) <= set(DIMS)
    whole = len(set(along)) == len(along) == (3 if parts == {"block"} else 2)
    picture = "_slice_" in name or name.endswith(("_error", "_low", "_high"))
    return placed and whole and variable.dtype.kind == "f" and not picture


def _of_variable(name: str, variable: "xr.DataArray", images: Images) -> list[Map]:
    words = titled(name, variable.attrs)
    if "direction" not in variable.dims:
        return [_map(name, words["title"], words["unit"], variable, images)]
    return [
        _map(
            f"{name} {along}", f"{words['title']} along {along}", words["unit"],
            variable.sel(direction=along), images,
        )
        for along in variable["direction"].values
    ]  # fmt: skip


def _map(key: str, title: str, unit: str, variable: "xr.DataArray", images: Images) -> Map:
    dims = sorted(map(str, variable.dims), key=lambda dim: DIMS.index(dim.rpartition("_")[2]))
    ordered = variable.transpose(*dims)
    axes = tuple(DIMS.index(dim.rpartition("_")[2]) for dim in dims)  # type: ignore[arg-type]
    values = np.asarray(ordered.values, np.float32)
    first, step = [], []
    for dim, axis, n in zip(dims, axes, values.shape):
        low, high = images.extent[axis]
        at = ordered[dim].values if dim in ordered.coords else None
        width = float(at[1] - at[0]) if at is not None and n > 1 else (high - low) / n
        step.append(width)
        first.append(float(at[0]) - width / 2 if at is not None else low)
    finite = values[np.isfinite(values)]
    signed = bool(finite.size) and finite.min() < 0 < finite.max()
    position = _position(variable, axes, images) if len(axes) == 2 else None
    return Map(key, title, unit, values, axes, tuple(first), tuple(step), position, signed)


def _position(variable: "xr.DataArray", axes: tuple[int, ...], images: Images) -> float | None:
    """Return where along its third axis a map lies: in the voxels next to an electrode."""
    across = next(a for a in range(3) if a not in axes)
    if "position" in variable.attrs:
        return float(variable.attrs["position"])
    low, high = images.extent[across]
    half = images.spacing[across] / 2
    return {"first": low + half, "last": high - half}.get(str(variable.attrs.get("face")))
