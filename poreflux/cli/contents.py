"""Summary of an imported volume: range of its values, and fraction outside of the sample."""

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import xarray as xr

#: bytes that are read at most; of a larger volume, only the slices in its middle are read
_MOST = 2**32


@dataclass(frozen=True)
class Contents:
    """Values of one variable of a volume.

    Attributes
    ----------
    lowest, highest
        of the values inside.
    outside
        share of the voxels that are NaN or left out by a mask.
    labels
        share of each named phase inside; none for grey values.
    complete
        whether all voxels were read.
    """

    lowest: float
    highest: float
    outside: float
    labels: dict[str, float]
    complete: bool

    def lines(self) -> list[str]:
        """Return the contents as lines of text."""
        where = "" if self.complete else " in the middle"
        if self.labels:
            shares = ", ".join(f"{name} {100 * share:.2f} %" for name, share in self.labels.items())
            lines = [f"phases{where}: {shares}"]
        else:
            lines = [f"grey values{where} from {self.lowest:g} to {self.highest:g}"]
            if self.lowest > self.highest:
                lines = [f"no voxel{where} has a value: all are outside"]
            elif math.isinf(self.lowest) or math.isinf(self.highest):
                lines.append("some are infinite: fill them, or make them NaN, which is outside")
        if self.outside:
            lines.append(f"{100 * self.outside:.1f} % of the voxels are outside of the sample")
        return lines

    def document(self) -> dict:
        """Return the contents for the JSON document."""
        document: dict = {"outside_fraction": self.outside, "looked_at_all": self.complete}
        if self.labels:
            return {**document, "phase_fractions": self.labels}
        return {**document, "gray_range": [self.lowest, self.highest]}


def contents(volume: "xr.Dataset", name: str) -> Contents:
    """Look at the voxels of a stored volume in one pass."""
    from poreflux import blocks
    from poreflux.volume import phase_labels

    part = volume[[key for key in (name, "mask") if key in volume]]
    planes = volume.sizes["z"]
    most = max(1, int(_MOST * planes / max(1, part[name].nbytes)))
    complete = most >= planes
    if not complete:
        first = (planes - most) // 2
        part = part.isel(z=slice(first, first + most))
    labels = phase_labels(volume) if name == "phase" else {}
    arrays = {str(key): blocks.chunked(part[key].data) for key in part.data_vars}
    measure = functools.partial(_measure, name=name, labels=tuple(labels.values()))
    plan = blocks.Plan(measure, _combine, _same, {})
    ((low, high, inside, voxels, *counts),) = blocks.compute(blocks.run(arrays, plan))
    shares = {key: count / max(1, inside) for key, count in zip(labels, counts)}
    return Contents(float(low), float(high), 1 - inside / max(1, voxels), shares, complete)


def _measure(
    arrays: Mapping[str, np.ndarray], start: tuple[int, ...], *, name: str, labels: tuple[int, ...]
) -> tuple:
    values, mask = arrays[name], arrays.get("mask")
    chosen = values[mask.astype(bool)] if mask is not None else values.ravel()
    if values.dtype.kind == "f":
        chosen = chosen[~np.isnan(chosen)]
    extremes = (chosen.min(), chosen.max()) if chosen.size else (math.inf, -math.inf)
    counts = (int(np.count_nonzero(chosen == label)) for label in labels)
    return (*extremes, chosen.size, values.size, *counts)


def _combine(partial_results: Sequence[tuple]) -> tuple:
    low, high, *counts = zip(*partial_results)
    return (min(low), max(high), *map(sum, counts))


def _same(total: tuple) -> tuple:
    return total
