"""The page of the comparison, written from its records: docs/solver-benchmark.md."""

from pathlib import Path
from statistics import median

from tests.bench.peers.figure import draw
from tests.bench.peers.images import names
from tests.bench.peers.programs import PROGRAMS
from tests.bench.peers.table import Run, by_image, failures, runs_of, summary

TEMPLATE = Path(__file__).with_name("page.md")


def write_page(records: list[dict], docs: Path) -> None:
    """Write the page and its figure into a folder."""
    runs = runs_of(records)
    draw(runs, docs / "solver-benchmark.svg")
    loads = [each["load"] for each in records if "load" in each and not each.get("alone")]
    limits = {each["over"] for each in records if "over" in each}
    ran = sum(each["program"] != "exact" for each in records)
    all_runs = len(names()) * sum(len(program.settings) for program in PROGRAMS.values())
    text = TEMPLATE.read_text(encoding="utf-8").format(
        summary="\n".join(summary(records, runs)),
        images="\n".join(by_image(records)),
        reading="\n".join(reading(runs)),
        failures="\n".join(failures(records)),
        load=f"load {min(loads):.0f} to {max(loads):.0f}" if loads else "nothing ran",
        spread=spread(records),
        share=f"{ran} runs, of {all_runs}",
        limit=f"The limit of a run was {max(limits)} s of the processor." if limits else "",
    )
    (docs / "solver-benchmark.md").write_text(text, encoding="utf-8")


def spread(records: list[dict]) -> str:
    """Return how much the processor time of the same triad differed between runs."""
    sizes = {each["n"] for each in records if "triad" in each and each["image"] != "TF-500"}
    if not sizes:
        return "nothing was measured."
    n = max(sizes)
    times = [
        each["triad"]["processor"]
        for each in records
        if "triad" in each and each["n"] == n and each["image"] != "TF-500"
    ]
    return (
        f"that of the triad over {n}³ numbers, which always does the same, was between "
        f"{1e3 * min(times):.1f} and {1e3 * max(times):.1f} ms. "
        "So read nothing into ratios below two."
    )


def reading(runs: list[Run]) -> list[str]:
    """Return what the runs with defaults say, a line each program."""
    lines = []
    for program, described in PROGRAMS.items():
        own = [run for run in runs if run.program == program and run.setting == "defaults"]
        if own:
            within = sum(run.error <= 1e-4 for run in own)
            lines.append(
                f"* **{described.label}**: its defaults give an error of 1e-4 or less in {within} "
                f"of {len(own)} images, and {median(run.error for run in own):.0e} in the median."
            )
    return lines
