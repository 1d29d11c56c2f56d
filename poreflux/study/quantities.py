"""The numbers by which samples are compared, each with its total error and draws of it."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from poreflux.schema import DIMS, VARIABLES, current_name
from poreflux.schema.attribute_text import parsed
from poreflux.schema.units import printed_unit
from poreflux.statistics.block_bootstrap import bootstrap
from poreflux.study.current_sampling import again
from poreflux.uncertainty.errors import Error, errors_of, is_known, total, value_of

#: what a number tells
AMOUNT, ARRANGEMENT, SIZE = "how much pore space", "how it is arranged", "how large the pores are"
TRANSPORT, CURRENT = "transport", "the current"

#: least and largest values that are possible; of what is not named, 0 and any
_POSSIBLE = {
    "porosity": (0.0, 1.0),
    "tortuosity_factor": (1.0, math.inf),
    "geodesic_tortuosity": (1.0, math.inf),
    "constrictivity": (0.0, 1.0),
}


@dataclass(frozen=True)
class Quantity:
    """One number by which samples are compared.

    Attributes
    ----------
    name
        of a variable, or of what is made of an array here.
    words
        of it in a sentence.
    group
        what it tells.
    array
        variable of blocks or of a map whose bootstrap gives its sampling error; by default the
        Results know the error.
    statistic
        of an array (draw, value) of these; None for a map of the current.
    direction
        of transport; empty where there is none.
    """

    name: str
    words: str
    group: str
    array: str = ""
    statistic: Callable[[np.ndarray], np.ndarray] | None = None
    direction: str = ""

    @property
    def key(self) -> str:
        """Return its name with its direction: ``"tortuosity_factor z"``."""
        return f"{self.name} {self.direction}".strip()

    @property
    def title(self) -> str:
        """Return its words with its direction."""
        return f"{self.words} along {self.direction}" if self.direction else self.words

    @property
    def name_in_table(self) -> str:
        """Return its title as a table has it: without an article, with its unit."""
        known = VARIABLES.get(self.name)
        unit = printed_unit(known.units) if known else ""
        return self.title.removeprefix("the ") + (f" ({unit})" if unit else "")


@dataclass(frozen=True)
class Found:
    """A number of one sample: its value, its total error on both sides, and draws of it."""

    value: float
    below: float
    above: float
    draws: np.ndarray

    @property
    def is_known(self) -> bool:
        """Return whether the value and its error are known."""
        return math.isfinite(self.value + self.below + self.above)


def _std(blocks: np.ndarray) -> np.ndarray:
    return np.nanstd(blocks, axis=1, ddof=1)


def _cv(blocks: np.ndarray) -> np.ndarray:
    return np.nanstd(blocks, axis=1, ddof=1) / np.nanmean(blocks, axis=1)


#: in the order in which they are told
QUANTITIES = (
    Quantity("porosity", "the porosity", AMOUNT),
    Quantity("block_porosity_std", "the spread of the porosity of blocks", ARRANGEMENT,
             "block_porosity", _std),
    Quantity("block_tortuosity_cv", "the relative spread of the tortuosity of blocks", ARRANGEMENT,
             "block_tortuosity_factor", _cv, "*"),
    Quantity("integral_range", "the integral range", ARRANGEMENT),
    Quantity("clustering_ratio", "the clustering ratio", ARRANGEMENT),
    Quantity("hyperuniformity_index", "the power at long wavelengths", ARRANGEMENT),
    Quantity("structure_factor_ratio", "the structure factor over that of chance", ARRANGEMENT,
             direction="*"),
    Quantity("column_ratio", "the alignment", ARRANGEMENT, direction="*"),
    Quantity("pore_diameter_by_volume_mean", "the mean pore diameter by volume", SIZE),
    Quantity("tortuosity_factor", "the tortuosity factor", TRANSPORT, direction="*"),
    Quantity("geodesic_tortuosity", "the geodesic tortuosity", TRANSPORT, direction="*"),
    Quantity("constrictivity", "the constrictivity", TRANSPORT, direction="*"),
    Quantity("current_density_cv", "the unevenness of the current (CV)", CURRENT,
             "current_density", None, "*"),
    Quantity("current_density_p99", "the 99th percentile of the current", CURRENT,
             "current_density", None, "*"),
    Quantity("area_specific_resistance", "the area-specific resistance", CURRENT, direction="*"),
)  # fmt: skip


def possible(name: str, value: float, low: float, high: float) -> tuple[float, float]:
    """Return the ends of an interval of a quantity as far as they are possible.

    A value beyond what is possible, such as a tortuosity factor below 1 of two conductors, keeps
    its interval.

    Examples
    --------
    >>> possible("tortuosity_factor", 1.1, 0.9, 1.2), possible("porosity", 0.1, 0.0, 0.2)
    ((1.0, 1.2), (0.0, 0.2))
    """
    least, most = _POSSIBLE.get(name, (0.0, math.inf))
    return max(low, min(least, value)), min(high, max(most, value))


def quantities_of(samples: Sequence[xr.Dataset], names: Sequence[str] = ()) -> Iterator[Quantity]:
    """Yield the quantities that at least two samples have, each direction for itself.

    Parameters
    ----------
    samples
        Results.
    names
        of those that are wanted; by default all. One that a variable had before is understood, with
        a FutureWarning that names the one of now.

    Examples
    --------
    >>> results = xr.Dataset({"porosity": 0.1})
    >>> [quantity.key for quantity in quantities_of([results, results])]
    ['porosity']
    """
    names = [current_name(name) for name in names]
    known = [quantity.name for quantity in QUANTITIES]
    wrong = [name for name in names if name not in known]
    if wrong:
        raise ValueError(f"quantities={wrong[0]!r} is not known; choose of {', '.join(known)}")
    for quantity in QUANTITIES:
        if names and quantity.name not in names:
            continue
        for direction in DIMS if quantity.direction else ("",):
            one = Quantity(**{**vars(quantity), "direction": direction})
            if sum(math.isfinite(_value(results, one)) for results in samples) >= 2:
                yield one


def found(
    results: xr.Dataset, quantity: Quantity, *, draws: int, rng: np.random.Generator
) -> Found:
    """Return a quantity of one sample with its total error, and draws of it by that error.

    Notes
    -----
    Errors are those of the Results, all kinds combined. Where these do not know the sampling error,
    it is that of a bootstrap of the blocks, or of tiles of the map of the current, two correlation
    lengths along each edge, and the other kinds are added to it.
    """
    value = _value(results, quantity)
    if not math.isfinite(value):
        return Found(value, math.nan, math.nan, np.full(draws, np.nan))
    errors = [] if quantity.name not in results else list(
        errors_of(results, quantity.name, quantity.direction)
    )  # fmt: skip
    if quantity.array and not any(error.kind == "sampling" for error in errors):
        spread = float(np.std(_again(results, quantity, draws=draws, rng=rng)))
        errors.append(Error("sampling", spread, spread))
    whole = total(errors) if is_known(errors) else Error("total", math.nan, math.nan)
    normal = rng.standard_normal(draws)
    sides = np.where(normal < 0, whole.below, whole.above)
    return Found(value, whole.below, whole.above, value + normal * sides)


def measured_of(samples: Mapping[str, xr.Dataset], name: str) -> list[tuple[float, float]]:
    """Return value and scatter of a quantity that was measured otherwise, NaN where it was not."""
    pairs = []
    for results in samples.values():
        entry = all_measured(results).get(name, {})
        pairs.append((float(entry.get("value", math.nan)), float(entry.get("scatter", 0.0))))
    return pairs


def all_measured(results: xr.Dataset) -> dict[str, dict]:
    """Return what was measured otherwise of a sample, by name."""
    given = parsed(results.attrs.get("measured", {}))
    return dict(given) if isinstance(given, Mapping) else {}


def _value(results: xr.Dataset, quantity: Quantity) -> float:
    if quantity.name in results or quantity.statistic is None:
        return value_of(results, quantity.name, quantity.direction)
    blocks = _blocks(results, quantity)
    if blocks is None or np.isfinite(blocks).sum() < 2:
        return math.nan
    return float(quantity.statistic(blocks.reshape(1, -1))[0])


def _blocks(results: xr.Dataset, quantity: Quantity) -> np.ndarray | None:
    """Return the blocks of a quantity on their grid, infinite ones as missing."""
    if quantity.array not in results:
        return None
    array = results[quantity.array]
    if "direction" in array.dims:
        if quantity.direction not in array["direction"].values:
            return None
        array = array.sel(direction=quantity.direction)
    return np.where(np.isfinite(array.values), array.values, np.nan)


def _again(
    results: xr.Dataset, quantity: Quantity, *, draws: int, rng: np.random.Generator
) -> np.ndarray:
    if quantity.statistic is None:
        return again(results, quantity.name, quantity.direction, draws=draws, rng=rng)
    blocks = _blocks(results, quantity)
    assert blocks is not None
    return bootstrap(blocks, quantity.statistic, draws=draws, rng=rng)
