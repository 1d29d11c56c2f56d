"""Chunks that are not in the file: a library gives a fill value for them, and says nothing."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from poreflux.errors import UnreadableImage

if TYPE_CHECKING:
    from poreflux.readers.lazy import Box

#: (start, stop) of a chunk along each stored axis
Span = tuple[tuple[int, int], ...]


def span_of(index: Sequence[int], chunk: Sequence[int], shape: Sequence[int]) -> Span:
    """Return where a chunk lies in its array.

    Examples
    --------
    >>> span_of((1, 0), (4, 4), (6, 3))
    ((4, 6), (0, 3))
    """
    return tuple((i * c, min((i + 1) * c, n)) for i, c, n in zip(index, chunk, shape))


def require_all(
    path: Path, name: str, spans: Sequence[Span], total: int, missing_as: float | None
) -> None:
    """Refuse an array that lacks chunks, unless it is said what stands in their place."""
    if not spans or missing_as is not None:
        return
    where = ", ".join(f"{a}:{b}" for a, b in spans[0])
    raise UnreadableImage(
        f"{path} lacks {len(spans)} of the {total} chunks of {name or 'its array'}, the first of "
        f"voxels [{where}]; fetch the file again, or say with missing_as which value they stand for"
    )


def filled(
    box: Callable, spans: Sequence[Span], index: Sequence, missing_as: float | None
) -> Callable:
    """Return a function of (start, stop) that reads as ``box`` does, with a value for what lacks.

    ``index`` has for each stored axis a number, or a slice where it is one of the box's.
    """
    if not spans or missing_as is None:
        return box
    return _Filled(box, _within(spans, index), missing_as)


class _Filled:
    def __init__(self, box: Callable, spans: Sequence[Span], value: float):
        self.box, self.spans, self.value = box, spans, value

    def __call__(self, start: "Box", stop: "Box") -> np.ndarray:
        values = np.array(self.box(start, stop))
        for span in self.spans:
            lower = [max(a, p) - p for (a, _), p in zip(span, start)]
            upper = [min(b, q) - p for (_, b), p, q in zip(span, start, stop)]
            if math.prod(max(0, b - a) for a, b in zip(lower, upper)):
                values[tuple(map(slice, lower, upper))] = self.value
        return values


def _within(spans: Sequence[Span], index: Sequence) -> list[Span]:
    """Return the parts of chunks that a choice of some axes leaves."""
    chosen = []
    for span in spans:
        pairs = list(zip(span, index))
        if all(isinstance(i, slice) or a <= i < b for (a, b), i in pairs):
            chosen.append(tuple(part for part, i in pairs if isinstance(i, slice)))
    return chosen
