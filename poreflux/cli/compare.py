"""poreflux compare: which samples differ, in which order they stand, and what goes with what."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from poreflux.cli.answer import Answer
from poreflux.cli.options import COMMON, Common, Whole

if TYPE_CHECKING:
    import xarray as xr

    from poreflux.study.findings import Comparison


def compare(
    results: Path,
    /,
    *others: Path,
    quantities: str | None = None,
    level: float = 0.95,
    draws: Whole = 4000,
    seed: Whole = 0,
    common: Common = COMMON,
) -> Answer:
    """Compare samples by their results: differences with intervals, orders, rank correlations.

    Parameters
    ----------
    results
        folder of the results of a sample, or a study file, whose samples are compared.
    others
        folders of the results of other samples.
    quantities
        names of those that are compared, like porosity,tortuosity_factor; by default all.
    level
        of the intervals.
    draws
        of all values by their errors.
    seed
        of the draws.

    Examples
    --------
    poreflux compare a.zarr b.zarr c.zarr
    poreflux compare study.toml
    """
    from poreflux.study.answer import answer
    from poreflux.study.compare import compare as compared

    samples = _samples([results, *others])
    names = [] if quantities is None else [word.strip() for word in quantities.split(",")]
    comparison = compared(samples, quantities=names, level=level, draws=draws, seed=seed)
    sentences = answer(comparison)
    lines = [*sentences, "", *_table(comparison), "", *_pairs(comparison), "", *_ranks(comparison)]
    return Answer("compare", lines, _document(comparison, sentences))


def _samples(paths: list[Path]) -> dict[str, "xr.Dataset"]:
    """Return the results of each sample by its name."""
    from poreflux.results import open_results
    from poreflux.study.study import Study

    samples: dict[str, xr.Dataset] = {}
    for path in paths:
        if path.suffix == ".toml":
            samples |= Study(path).by_sample
            continue
        results = open_results(path)
        name = str(results.attrs.get("sample") or path.stem)
        if name in samples:
            name = f"{path.absolute().parent.name}/{path.stem}"
        samples[name] = results
    return samples


def _table(comparison: "Comparison") -> list[str]:
    """Return a line for each quantity and sample: value, interval, and chance to be the largest."""
    from poreflux.uncertainty.rounding import rounded

    lines = []
    for key, quantity in comparison.quantities.items():
        lines.append(f"{quantity.title}:")
        first = comparison.orders[key].first
        for name, value in comparison.found[key].items():
            error = max(value.below, value.above)
            spread = f"-{rounded(value.below, error)} +{rounded(value.above, error)}"
            chance = f"  largest with {100 * first[name]:.0f} %" if name in first else ""
            lines.append(f"  {name:<14} {rounded(value.value, error):>10}  {spread}{chance}")
    return lines


def _pairs(comparison: "Comparison") -> list[str]:
    from poreflux.study.answer import chance
    from poreflux.uncertainty.rounding import rounded

    lines = ["pairs that differ, by intervals of their total errors:"]
    for d in comparison.differences:
        if d.differs:
            width = (d.high - d.low) / 2
            numbers = [rounded(number, width) for number in (d.difference, d.low, d.high)]
            lines.append(
                f"  {d.one} - {d.other}, {comparison.quantities[d.quantity].title}: {numbers[0]} "
                f"({numbers[1]} to {numbers[2]}, {chance(d.p)} corrected)"
            )
    return lines if len(lines) > 1 else ["no pair differs by more than its total errors allow"]


def _ranks(comparison: "Comparison") -> list[str]:
    from poreflux.study.answer import chance, counts

    lines = []
    for target, title in comparison.targets.items():
        rows = [c for c in comparison.correlations if c.target == target]
        if rows:
            lines.append(f"rank correlations with {title}, n = {counts(rows)}:")
        unequal = len({c.count for c in rows}) > 1
        lines += [
            f"  {comparison.quantities[c.quantity].title}: {c.correlation:+.2f} ({c.low:+.2f} to "
            f"{c.high:+.2f}), {chance(c.p)}, corrected {chance(c.p_corrected)}"
            + (f", n = {c.count}" if unequal else "")
            for c in sorted(rows, key=lambda c: -abs(c.correlation))
        ]
    return lines


def _document(comparison: "Comparison", sentences: tuple[str, ...]) -> dict[str, Any]:
    from dataclasses import asdict

    values = {
        key: {
            name: {"value": value.value, "below": value.below, "above": value.above}
            for name, value in found.items()
        }
        for key, found in comparison.found.items()
    }
    return {
        "answer": list(sentences),
        "samples": comparison.samples,
        "values": values,
        "differences": [asdict(d) for d in comparison.differences],
        "orders": {key: asdict(order) for key, order in comparison.orders.items()},
        "correlations": [asdict(c) for c in comparison.correlations],
    }
