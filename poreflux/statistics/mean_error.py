"""Error of the mean of one sample of a correlated field."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import stdtr

from poreflux.statistics.cosine_waves import Waves, cosine_waves
from poreflux.statistics.explanations import COLUMNS, EXCESSES, LAYERS, extras, grouped, shapes

#: by how much layers and columns of one field need not be those of another of the same sample
_OF_ITS_OWN = 0.1

#: explanations less likely than this are left out
_UNLIKELY = 1e-5

#: fewest waves that tell anything
_FEWEST = 3

#: shares of normal numbers within one and two standard deviations
ONE_SIGMA, TWO_SIGMA = math.erf(1 / math.sqrt(2)), math.erf(math.sqrt(2))


@dataclass(frozen=True)
class MeanError:
    """What is known of the error of a mean: a mixture of Student's distributions.

    Attributes
    ----------
    probability
        of each explanation of the waves.
    variance
        of the mean, by each.
    excess
        part of it that layers or columns add.
    extent
        how many dimensions average this part: 1 for layers, 2 for columns; 3 without.
    reach
        the volume over these dimensions: length across layers, area across columns.
    freedom
        number of waves.
    long_waves
        number of those twice as long as the shortest.
    volume
        of the sample.
    kind
        of each: 0 without layers and columns, 1 to 3 with layers across an axis, 4 to 6 with
        columns along one.
    """

    probability: np.ndarray
    variance: np.ndarray
    excess: np.ndarray
    extent: np.ndarray
    reach: np.ndarray
    freedom: int
    long_waves: int
    volume: float
    kind: np.ndarray

    def half_width(self, level: float) -> float:
        """Return half the width of the interval that holds the true mean in such a share."""
        if not self.probability.size:
            return math.nan
        sigma = np.sqrt(self.variance)
        low, high = 0.0, 100 * float(sigma.max())
        for _ in range(60):
            middle = (low + high) / 2
            inside = 2 * stdtr(self.freedom, middle / np.maximum(sigma, 1e-300)) - 1
            if self.probability @ inside < level:
                low = middle
            else:
                high = middle
        return high

    @cached_property
    def standard_error(self) -> float:
        """One standard deviation: between what holds the true mean in 68 % and half of what does
        in 95 %, of which the distribution, whose tails are longer than normal, has one wider."""
        return (self.half_width(ONE_SIGMA) + self.half_width(TWO_SIGMA) / 2) / 2

    @property
    def kinds(self) -> np.ndarray:
        """Probability of each kind of explanation."""
        return np.bincount(self.kind, self.probability, 1 + 6)

    def variance_of_cube(self, edge: float) -> float:
        """Return the variance of the mean of a cube of another edge."""
        short = self.variance * (1 - self.excess) * self.volume / edge**3
        with np.errstate(divide="ignore"):
            long = self.variance * self.excess * self.reach / edge**self.extent
        return self._quantile(short + long, 0.5)

    @property
    def spread(self) -> float:
        """Standard deviation of the logarithm of the variance of the mean.

        What the explanations leave open, and by how much the power of long waves scatters: short
        ones tell of the mean only as far as the shapes that are tried are those of the material.
        """
        if not self.variance.any():
            return math.nan
        logarithm = np.log(np.maximum(self.variance, 1e-300))
        low, high = (
            self._quantile(logarithm, q) for q in ((1 - ONE_SIGMA) / 2, (1 + ONE_SIGMA) / 2)
        )
        return math.sqrt(((high - low) / 2) ** 2 + 2 / self.long_waves)

    @property
    def variance_volume(self) -> float:
        """Variance of the mean times the volume, as likely too large as too small."""
        return self.volume * self._quantile(self.variance, 0.5) if self.variance.size else math.nan

    def _quantile(self, values: np.ndarray, q: float) -> float:
        """Return the value below which the explanations with such a probability lie."""
        rank = np.argsort(values)
        place = np.searchsorted(np.cumsum(self.probability[rank]), q)
        return float(values[rank][min(int(place), len(rank) - 1)])

    def edge_for(self, standard_error: float) -> tuple[float, float]:
        """Return the edge of the cube whose mean has this error, and the error of this edge."""
        if not self.probability.size or not standard_error > 0:
            return math.nan, math.nan
        size = self.volume ** (1 / 3)
        low, high = math.log(1e-6 * size), math.log(1e12 * size)
        for _ in range(80):
            middle = (low + high) / 2
            if self.variance_of_cube(math.exp(middle)) > standard_error**2:
                low = middle
            else:
                high = middle
        edge = math.exp(high)
        slope = math.log(self.variance_of_cube(edge) / self.variance_of_cube(1.01 * edge))
        return edge, edge * self.spread * math.log(1.01) / slope if slope > 0 else math.nan


def mean_error(
    total: np.ndarray,
    weight: np.ndarray,
    edges: Sequence[np.ndarray],
    *,
    like: MeanError | None = None,
) -> MeanError:
    """Return what the long waves of a field in a sample tell of the error of its mean.

    Parameters
    ----------
    total, weight, edges
        as of :func:`poreflux.statistics.cosine_waves.cosine_waves`.
    like
        what is known of the mean of another field of the same sample, in finer cells: layers and
        columns are as likely as there. A few cells cannot tell them from chance.

    Notes
    -----
    The variance of the mean is the spectral density at k = 0 over the volume, the limit of the
    power of long waves. Each explanation is a shape: power that falls as f + (1 - f) exp(-k² l²/2)
    with some length l and floor f; and waves along one axis (layers), or across one (columns), that
    are stronger than others. The power of each wave about its mean is that of a squared normal
    number, which weighs the explanations against each other; the size of the power is integrated
    out, which makes the distribution of the error of the mean Student's, with as many degrees of
    freedom as waves.

    References
    ----------
    .. [1] P. Whittle, Ark. Mat. 2, 423 (1953), for the likelihood of waves.

    Examples
    --------
    >>> values = np.random.default_rng(0).normal(size=(24, 24, 24))
    >>> error = mean_error(values, np.ones_like(values), [np.arange(25.0)] * 3)
    >>> bool(0.9 < 24**1.5 * error.standard_error < 1.3)
    True
    """
    waves = cosine_waves(total, weight, edges)
    if len(waves.power) < _FEWEST:
        none = np.zeros(0)
        return MeanError(none, none, none, none, none, 0, 0, waves.volume, none.astype(int))
    if waves.power.max() <= 1e-24 * max(1e-300, float(np.square(total).max())):  # uniform
        one, zero = np.ones(1), np.zeros(1)
        number, kind = len(waves.power), zero.astype(int)
        return MeanError(one, zero, zero, 3 * one, one, number, number, waves.volume, kind)
    return _weighed(waves, _chance_of_kinds(like))


def _chance_of_kinds(like: MeanError | None) -> np.ndarray:
    """Return how likely each kind is before the field is seen."""
    chance = np.array([1 - sum(LAYERS) - sum(COLUMNS), *LAYERS, *COLUMNS])
    if like is None or not like.variance.any():
        return chance
    return (1 - _OF_ITS_OWN) * like.kinds + _OF_ITS_OWN * chance


def _weighed(waves: Waves, kinds: np.ndarray) -> MeanError:
    """Weigh every explanation of the waves against the others."""
    groups, power, number = grouped(waves)
    shape, shape_chance = shapes(groups)
    added = extras(groups, number, kinds)
    expected = shape[:, None, :] + added.power
    freedom = len(waves.power)
    # perfect layers leave nothing to the other waves; the largest excess still explains this
    power = power + number * waves.power.mean() / max(EXCESSES)
    size = (1 / expected) @ power
    likelihood = -0.5 * np.log(expected) @ number - freedom / 2 * np.log(size)
    likelihood += np.log(shape_chance)[:, None] + np.log(added.chance)
    probability = np.exp(likelihood - likelihood.max())
    probability /= probability.sum()
    variance = size / freedom * (1 + added.amount) / waves.volume
    where = np.nonzero(probability > _UNLIKELY)
    chosen = probability[where]
    return MeanError(
        chosen / chosen.sum(),
        variance[where],
        (added.amount / (1 + added.amount))[where[1]],
        added.extent[where[1]],
        added.reach[where[1]],
        freedom,
        max(_FEWEST, int((4 * waves.squares <= _shortest(waves)).sum())),
        waves.volume,
        added.kind[where[1]],
    )


def _shortest(waves: Waves) -> float:
    """Return k² of the shortest waves that are not of one axis alone."""
    oblique = (waves.index > 0).sum(axis=1) > 1
    return float(waves.squares[oblique].max() if oblique.any() else waves.squares.max())
