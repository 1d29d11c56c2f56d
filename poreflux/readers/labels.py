"""Values in a file become phase labels, each of them known by name."""

import functools
from collections.abc import Mapping
from pathlib import Path

import dask.array as da
import numpy as np

from poreflux.schema import NO_PHASE
from poreflux.volume import PORE_AND_ELECTROLYTE

#: values that are named in a message
_LISTED = 8


def labelled(
    array: da.Array, phases: Mapping[int, str] | None, path: str | Path
) -> tuple[da.Array, dict[int, str], dict[int, int]]:
    """Return labels, their meanings, and which value in the file each label stands for.

    Values are kept as labels where all lie in 0 to 254; otherwise (masks of 0 and 255) they are
    numbered in their order. A value without a name raises ``ValueError`` when it is met.
    """
    meanings = {int(value): str(name) for value, name in (phases or PORE_AND_ELECTROLYTE).items()}
    values = np.array(sorted(meanings))
    fits = values[0] >= 0 and values[-1] < NO_PHASE
    labels = values if fits else np.arange(len(values))
    function = functools.partial(
        _labels, values=values, labels=labels.astype(np.uint8), path=str(path), meanings=meanings
    )
    lazy = da.map_blocks(function, array, dtype=np.uint8, meta=np.empty((0, 0, 0), np.uint8))
    names = {int(label): meanings[int(value)] for label, value in zip(labels, values)}
    stands = {} if fits else {int(label): int(value) for label, value in zip(labels, values)}
    return lazy, names, stands


def _labels(
    block: np.ndarray, values: np.ndarray, labels: np.ndarray, path: str, meanings: dict
) -> np.ndarray:
    if block.dtype.kind == "b":
        block = block.view(np.uint8)
    if block.dtype == np.uint8:
        table = np.full(256, NO_PHASE, np.uint8)
        table[values[(values >= 0) & (values < 256)]] = labels[(values >= 0) & (values < 256)]
        found = table[block]
    else:
        place = np.minimum(np.searchsorted(values, block), len(values) - 1)
        found = np.where(values[place] == block, labels[place], np.uint8(NO_PHASE))
    if found.size and found.max() == NO_PHASE:
        raise ValueError(_unnamed(np.unique(block), meanings, path))
    return found


def _unnamed(there: np.ndarray, meanings: Mapping[int, str], path: str) -> str:
    """Return what to say of values that have no name, with the names to give."""
    if np.isnan(there.astype(float)).any():
        return (
            f"{path} holds voxels without a label (NaN); give them a number, and call it 'outside'"
        )
    strange = [value.item() for value in there if value not in meanings]
    some = ", ".join(f"{value:g}" for value in strange[:_LISTED])
    start = f"{path} holds the value{'s' if len(strange) > 1 else ''} {some}"
    start += f" and {len(strange) - _LISTED} more" if len(strange) > _LISTED else ""
    start += f", besides the phases {list(meanings)}"
    if len(there) > _LISTED or any(value != int(value) for value in strange):
        return f"{start}; these are grey values: read it with kind='gray', and segment it"
    used = [meanings[int(value)] for value in there if value in meanings]
    free = iter(name for name in _names(len(there)) if name not in used)
    typed = {int(v): meanings.get(int(v)) or next(free) for v in there}
    return (
        f"{start}; name every value in it, such as phases={typed}, with 'outside' for what is no "
        "sample"
    )


def _names(count: int) -> list[str]:
    """Return names to be replaced by those of the phases."""
    return ["pore", "electrolyte", *(f"phase{n}" for n in range(2, count + 2))]
