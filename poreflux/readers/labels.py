"""Values in a file become phase labels, each of them known by name."""

import functools
from collections.abc import Mapping

import dask.array as da
import numpy as np

from poreflux.schema import NO_PHASE
from poreflux.volume import PORE_AND_ELECTROLYTE


def labelled(
    array: da.Array, phases: Mapping[int, str] | None, path
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
        _labels, values=values, labels=labels.astype(np.uint8), path=str(path)
    )
    lazy = da.map_blocks(function, array, dtype=np.uint8, meta=np.empty((0, 0, 0), np.uint8))
    names = {int(label): meanings[int(value)] for label, value in zip(labels, values)}
    stands = {} if fits else {int(label): int(value) for label, value in zip(labels, values)}
    return lazy, names, stands


def _labels(block: np.ndarray, values: np.ndarray, labels: np.ndarray, path: str) -> np.ndarray:
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
        strange = block[found == NO_PHASE].flat[0]
        raise ValueError(
            f"{path} holds the value {strange}, which is none of the phases "
            f"{[int(value) for value in values]}; name every value in it, such as "
            "phases={0: 'pore', 255: 'electrolyte'}, or read it with kind='gray' and segment it"
        )
    return found
