"""What may lie behind the power of long waves: how it falls with k, and layers or columns."""

import math
from dataclasses import dataclass, replace

import numpy as np

from poreflux.statistics.cosine_waves import Waves

#: correlation lengths that are tried, of the cube root of the volume, and how likely they are
_LENGTHS = {
    0.0: 0.5, 0.03: 0.15, 0.06: 0.12, 0.1: 0.1, 0.15: 0.07, 0.22: 0.03, 0.3: 0.015, 0.4: 0.01,
    0.5: 0.005,
}  # fmt: skip

#: part of the power that stays at shorter waves
_FLOORS = (0.0, 0.05, 0.2, 0.5)

#: power of layers, or of columns, relative to that of all other waves, and how likely each is. The
#: weakest double the error of the mean: half the samples hardly show them, and if they are taken
#: for those of the next strength the other half has errors that are too large. Still weaker ones
#: cannot be told from chance
EXCESSES = {3.0: 0.7, 10.0: 1.0, 30.0: 1.0, 100.0: 0.2, 600.0: 0.2, 3600.0: 0.2, 21600.0: 0.2}
_THICKNESSES = (0.02, 0.05, 0.1)

#: how likely layers across z, y and x are before anything is measured, and columns along one of
#: them: powders are pressed, films cast and scans stacked along z. Of samples with layers some look
#: as if they had none. The more likely layers are thought, the better are errors of these, and the
#: larger those of samples without
LAYERS, COLUMNS = (0.5, 0.04, 0.04), (0.01, 0.01, 0.01)


def grouped(waves: Waves) -> tuple[Waves, np.ndarray, np.ndarray]:
    """Return one of all waves of which the same is expected, their power and their number."""
    key = np.column_stack((waves.squares / waves.squares.max(), waves.index > 0)).round(9)
    _, first, group, number = np.unique(
        key, axis=0, return_index=True, return_inverse=True, return_counts=True
    )
    ones = replace(
        waves, power=waves.power[first], index=waves.index[first], squares=waves.squares[first]
    )
    return ones, np.bincount(group.ravel(), waves.power), number.astype(float)


def shapes(waves: Waves) -> tuple[np.ndarray, np.ndarray]:
    """Return power by wave, 1 at k = 0, for each length and floor, and the chance of each."""
    unit = math.prod(waves.lengths) ** (2 / 3)
    rows, chance = [np.ones(len(waves.power))], [_LENGTHS[0.0]]
    for length, probability in list(_LENGTHS.items())[1:]:
        steep = waves.squares * unit * length**2 / 2
        for falling in (np.exp(-steep), (1 + steep / 2) ** -2):
            rows += [floor + (1 - floor) * falling for floor in _FLOORS]
            chance += [probability / len(_FLOORS) / 2] * len(_FLOORS)
    return np.array(rows), np.array(chance)


@dataclass(frozen=True)
class Extras:
    """What layers and columns add: by wave, to the mean; their extent, reach, kind and chance."""

    power: np.ndarray
    amount: np.ndarray
    extent: np.ndarray
    reach: np.ndarray
    kind: np.ndarray
    chance: np.ndarray


def extras(waves: Waves, number: np.ndarray, kinds: np.ndarray) -> Extras:
    """Return what layers and columns add to waves of such numbers, if as likely as `kinds`."""
    rows = [np.zeros(len(waves.power))]
    amount, extent, reach, kind, chance = [0.0], [3.0], [waves.volume], [0], [1.0]
    unit = math.prod(waves.lengths) ** (2 / 3)
    strengths = list(EXCESSES.values())
    likely = np.tile(strengths, len(_THICKNESSES)) / sum(strengths) / len(_THICKNESSES)
    present = waves.index > 0
    for axis in range(3):
        others = [other for other in range(3) if other != axis]
        along = present[:, axis] & ~present[:, others].any(axis=1)
        length = waves.lengths[axis]
        for group, dimensions, size, place in (
            (along, 1.0, length, 1 + axis),
            (~present[:, axis], 2.0, math.prod(waves.lengths) / length, 4 + axis),
        ):
            if not 2 <= number[group].sum() < number.sum():
                continue
            chance[0] -= kinds[place]
            for thickness in _THICKNESSES:
                falling = np.where(group, np.exp(-waves.squares * unit * thickness**2 / 2), 0.0)
                rows += [excess * falling for excess in EXCESSES]
            amount += list(EXCESSES) * len(_THICKNESSES)
            extent += [dimensions] * len(likely)
            reach += [size] * len(likely)
            kind += [place] * len(likely)
            chance += (kinds[place] * likely).tolist()
    return Extras(*map(np.array, (rows, amount, extent, reach, kind, chance)))
