"""What stepped and blurred walls do to a tortuosity factor: the laws, as intervals."""

import math
from collections.abc import Callable
from typing import NamedTuple

#: share of ``S h tau / phi`` by which steps raise the tortuosity factor: the least, usual and most
FEWEST, STEPS, MOST = 0.13, 0.32, 0.5

#: change on voxels twice as large, over what steps raise: below the first something else decides,
#: below the second it has a part; above the third, too
_ELSE, _PARTLY, _TOO_MUCH = 0.15, 0.5, 2.25

#: standard deviation of the share of a voxel that a wall cuts, from what its centre says
_OF_A_VOXEL = 0.3

#: square of the blur over the radius of the pores from which on pores are lost in it
LOST = 0.25

#: powers of e by which blur takes from ``tau - 1`` of whole voxels, for that square: usual and most
_OF_BLUR = (3.2, 5.0)


class Interval(NamedTuple):
    """Where a number on ever finer voxels lies, and what it is extrapolated to (NaN if unknown)."""

    low: float
    high: float
    extrapolated: float


class Walls(NamedTuple):
    """The walls of a volume: their surface in a unit of volume, and how blurred they are.

    Parameters
    ----------
    surface
        times the edge of a voxel.
    fraction
        that conducts.
    blur
        standard deviation of the image's point spread and of a voxel together, in voxels; NaN where
        no grey values tell it.
    radius
        three times the insulating volume over its surface, in voxels: of spheres, their radius.
    """

    surface: float
    fraction: float
    blur: float
    radius: float

    @property
    def lost(self) -> float:
        """Return the square of the blur over the radius, 0 where no blur is known."""
        return 0.0 if math.isnan(self.blur) or not self.radius else (self.blur / self.radius) ** 2

    @property
    def not_resolved(self) -> str:
        """Return what voxels do not resolve, in words."""
        if self.lost > LOST:
            return (
                f"the image is blurred by {self.blur:.1f} voxels, pores have a radius of "
                f"{self.radius:.1f}: small ones are lost"
            )
        return "on voxels twice as large nothing conducts: paths are as thin as a voxel"

    def deviation(self, voxels: int) -> float:
        """Return the standard deviation of the fraction of so many voxels, for those walls cut."""
        return _OF_A_VOXEL * math.sqrt(self.surface / voxels)


#: of what has no law, or was not measured
UNKNOWN = Interval(math.nan, math.nan, math.nan)
UNKNOWN_WALLS = Walls(0.0, 1.0, math.nan, 0.0)


def of_whole_voxels(
    tau: float, walls: Walls, factors: Callable[[int], float], accuracy: float
) -> Interval:
    """Return the interval of a tortuosity factor of one conductor in whole voxels.

    ``factors(times)`` is the tortuosity factor on voxels made twice as large so many times, to a
    relative `accuracy`.
    """
    per_share = walls.surface * tau / walls.fraction
    steps, fewest, most = STEPS * per_share, FEWEST * per_share, MOST * per_share
    change = factors(1) - tau
    if math.isinf(change):
        return above_one(Interval(tau - 1.4 * most, math.inf, math.nan))
    low, high, extrapolated = tau - most, tau - fewest, tau - steps
    if abs(change) <= accuracy * tau:
        high, extrapolated = tau, tau
    elif change < _ELSE * steps:
        again = factors(2) - tau - change
        high, extrapolated = tau + 1.5 * max(abs(change), abs(again), steps), math.nan
    elif change < _PARTLY * steps:
        high = tau + _PARTLY * steps - change
    elif change > _TOO_MUCH * steps:
        low = min(low, tau - change)
    return above_one(_sharpened(Interval(low, high, extrapolated), walls.lost))


def of_partial_voxels(tau: float, whole: Interval) -> Interval:
    """Return the interval of a tortuosity factor of partial voxels, from that of whole ones.

    Blurred walls conduct, and thin plates leak: partial voxels are a lower bound, and no more.
    """
    low, high, extrapolated = whole
    return Interval(max(low, tau), max(high, tau), max(extrapolated, tau))


def of_several_conductors(tau: float, factors: Callable[[int], float]) -> Interval:
    """Return the interval of a tortuosity factor of several conductors, by larger voxels alone."""
    change = factors(1) - tau
    if math.isinf(change):
        return Interval(1.0, math.inf, math.nan)
    half = abs(change) / 2
    low, high = tau - 1.5 * max(change, 0.0) - half, tau - 1.5 * min(change, 0.0) + half
    return above_one(Interval(low, high, tau - change))


def of_conductivity(tau: Interval, mean: float, deviation: float) -> Interval:
    """Return the interval of the conductivity that belongs to a tortuosity factor.

    Two standard deviations of the mean conductivity are added to it.
    """
    return Interval(
        max(mean - 2 * deviation, 0.0) / tau.high,
        (mean + 2 * deviation) / tau.low if tau.low else math.inf,
        mean / tau.extrapolated,
    )


def above_one(interval: Interval) -> Interval:
    """Return an interval cut off at 1: nothing conducts better than its parts side by side."""
    low, high, extrapolated = interval
    return Interval(max(low, 1.0), max(high, 1.0), max(extrapolated, 1.0))


def _sharpened(interval: Interval, lost: float) -> Interval:
    """Return the interval with what blur and threshold have taken from small pores given back."""
    low, high, extrapolated = interval
    if not lost:
        return interval
    if lost > LOST:
        return Interval(low, math.inf, math.nan)
    usual, most = (math.exp(power * lost) for power in _OF_BLUR)
    return Interval(low, 1 + (high - 1) * most, 1 + (extrapolated - 1) * usual)
