"""What a comparison of samples finds: differences, orders, correlations."""

from dataclasses import dataclass

from poreflux.study.quantities import Found, Quantity


@dataclass(frozen=True)
class Difference:
    """A quantity of one sample less that of another, with its interval.

    Attributes
    ----------
    quantity
        key of it.
    one, other
        names of the samples.
    difference, low, high
        of the values, and the ends of the interval.
    p
        chance of such a difference where there is none, corrected by Holm for the number of pairs.
    differs
        whether that is below what the level leaves.
    """

    quantity: str
    one: str
    other: str
    difference: float
    low: float
    high: float
    p: float
    differs: bool


@dataclass(frozen=True)
class Order:
    """The samples in the order of a quantity, the largest first.

    Attributes
    ----------
    quantity
        key of it.
    samples
        in the order that is most likely.
    probability
        of this order, given the errors.
    first
        chance of each sample to be the largest.
    """

    quantity: str
    samples: tuple[str, ...]
    probability: float
    first: dict[str, float]


@dataclass(frozen=True)
class Correlation:
    """Whether a quantity puts the samples in the order of another one.

    Attributes
    ----------
    quantity, target
        keys of both; the target is a quantity of the current, or was measured otherwise.
    count
        of samples that have both.
    correlation, low, high
        Spearman's, and the interval that the errors of the values leave it.
    p
        chance of one at least as strong where there is none.
    p_corrected
        by Holm, for the number of quantities that were tried.
    """

    quantity: str
    target: str
    count: int
    correlation: float
    low: float
    high: float
    p: float
    p_corrected: float


@dataclass(frozen=True)
class Comparison:
    """What :func:`compare` finds.

    Attributes
    ----------
    samples
        their names.
    quantities
        that were compared, by their keys.
    found
        value, total error and draws, by key and sample.
    differences, orders, correlations
        of each pair, of each quantity, of each quantity with each target.
    targets
        what quantities are correlated with, in words, by key.
    level
        of the intervals.
    """

    samples: tuple[str, ...]
    quantities: dict[str, Quantity]
    found: dict[str, dict[str, Found]]
    differences: list[Difference]
    orders: dict[str, Order]
    correlations: list[Correlation]
    targets: dict[str, str]
    level: float

    def correlation(self, quantity: str, target: str) -> Correlation | None:
        """Return the correlation of a quantity with a target, None where there is none."""
        return next(
            (c for c in self.correlations if (c.quantity, c.target) == (quantity, target)), None
        )
