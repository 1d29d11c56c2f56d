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

#: blur of a voxel alone, in voxels
_OF_ONE_VOXEL = 12**-0.5

#: radius of pores in voxels above which contacts are told from them, and by how much more of
#: ``tau - 1`` smoothing takes from contacts
_NARROWEST, _CONTACTS = 2.5, 1.75

#: power of what one voxel of blur more takes from contacts, from which on they are not resolved
_TOO_BLURRED = 7.0

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
    def of_contacts(self) -> float:
        """Return how much more blur has taken from contacts, as a power of what one voxel takes."""
        blur = _OF_ONE_VOXEL if math.isnan(self.blur) else max(self.blur, _OF_ONE_VOXEL)
        return 1.5 * math.sqrt(blur) / (math.hypot(blur, 1) ** 0.5 - math.sqrt(blur))

    @property
    def not_resolved(self) -> str:
        """Return what voxels do not resolve, in words."""
        if self.lost > LOST:
            return (
                f"the image is blurred by {self.blur:.1f} voxels, pores have a radius of "
                f"{self.radius:.1f}: small ones are lost"
            )
        if self.of_contacts > _TOO_BLURRED:
            return (
                f"the image is blurred by {self.blur:.1f} voxels, and the contacts or paths that "
                "decide are no wider than that"
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


def with_contacts(interval: Interval, tau: float, walls: Walls, drop: float) -> Interval:
    """Return the interval of whole voxels, wider above where narrow contacts decide.

    Parameters
    ----------
    interval
        of :func:`of_whole_voxels`.
    tau
        the tortuosity factor.
    walls
        of the volume.
    drop
        by what factor ``tau - 1`` is larger than that of the volume smoothed by one voxel.

    Notes
    -----
    Between walls that smoothing moves but does not join, the factor is ``exp(3.2 / R²)``.
    Contacts of grains widen as the square root of the blur: the logarithm of the factor that a
    blur sigma has taken already is to that of one voxel more as ``sqrt(sigma)`` to
    ``(sigma² + 1)**0.25 - sqrt(sigma)``. The interval allows for 1.5 times that power; beyond a
    power of 7, which a blur of 0.9 voxels has, contacts are too narrow to be told from the blur,
    and there is no upper end.
    """
    if not walls.radius >= _NARROWEST or not drop > 1:
        return interval
    if math.log(drop) < _CONTACTS * _OF_BLUR[0] / walls.radius**2:
        return interval
    resolved = walls.of_contacts < _TOO_BLURRED
    high = 1 + (tau - 1) * drop**walls.of_contacts if resolved else math.inf
    return Interval(interval.low, max(interval.high, high), math.nan)


def of_partial_voxels(tau: float, whole: Interval) -> Interval:
    """Return the interval of a tortuosity factor of partial voxels, from that of whole ones.

    Blurred walls conduct, and thin plates leak: partial voxels are a lower bound, and no more.
    """
    low, high, extrapolated = whole
    return Interval(max(low, tau), max(high, tau), max(extrapolated, tau))


def of_several_conductors(
    tau: float, factors: Callable[[int], float], steps: float, accuracy: float
) -> Interval:
    """Return the interval of a tortuosity factor of several conductors.

    Larger voxels tell it, and where these change it, but little, the `steps` of the walls between
    the conductors, a share of tau by :func:`steps_between`. Factors have a relative `accuracy`.
    """
    change = factors(1) - tau
    if math.isinf(change):
        return Interval(1.0, math.inf, math.nan)
    half = abs(change) / 2
    low, high = tau - 1.5 * max(change, 0.0) - half, tau - 1.5 * min(change, 0.0) + half
    if abs(change) > accuracy * tau:
        low = min(low, tau * (1 - steps))
    return above_one(Interval(low, high, tau - change))


def steps_between(surface: float, contrast: float) -> float:
    """Return the largest share of tau by which steps raise it between two conductors.

    Parameters
    ----------
    surface
        of the better conductor in a unit of volume, times the edge of a voxel.
    contrast
        conductivity of the worst phase relative to the best.

    Notes
    -----
    In spheres, level sets, pressed pores and grains the share was 0.03 to 0.26 S for contrasts of
    0.05, and 0.01 to 0.07 S for 0.3.

    Examples
    --------
    >>> steps_between(0.1, 0.0) > steps_between(0.1, 0.3) > steps_between(0.1, 1.0)
    True
    """
    return STEPS * surface * (1 - contrast) / (1 + 6 * contrast)


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
