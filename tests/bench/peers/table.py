"""Numbers of the comparison from its records: errors, times in triads, and their tables."""

from statistics import median
from typing import NamedTuple

from tests.bench.peers.programs import PROGRAMS


class Run(NamedTuple):
    """A run that gave a number: its relative error, processor seconds, those in triads of the
    processor measured beside, and the bytes a voxel that the solve added.
    """

    image: str
    program: str
    setting: str
    error: float
    processor: float
    triads: float
    bytes: float


def title(record: dict) -> str:
    """Return the name of the image of a record, with its size."""
    name = record["image"]
    return name if name == "TF-500" else f"{name}, {record['n']}³"


def edge_of(record: dict) -> int:
    """Return how many voxels lie along an edge of the image of a record."""
    return 500 if record["image"] == "TF-500" else record["n"]


def exact_of(record: dict, program: str) -> float:
    """Return the over-converged conductivity of an image in the convention of a program."""
    where, n = PROGRAMS[program].where, edge_of(record)
    return record["centres"] * n / (n - 1) if where == "centres, length N" else record[where]


def runs_of(records: list[dict]) -> list[Run]:
    """Return the runs that gave a number in images that percolate."""
    exact = {title(each): each for each in records if each["program"] == "exact"}
    found = []
    for each in records:
        known = exact[title(each)]
        if not (each.get("conductivity") and known["faces"]):
            continue
        error = abs(each["conductivity"] / exact_of(known, each["program"]) - 1)
        times = each["processor"], each["processor"] / each["triad"]["processor"]
        key = title(each), each["program"], each["setting"]
        found.append(Run(*key, error, *times, each["bytes"] / edge_of(each) ** 3))
    return found


def summary(records: list[dict], runs: list[Run]) -> list[str]:
    """Return the lines of the table of programs, a row for each setting."""
    lines = [
        "| program | options | images | error, median | worst | time over ours | triads "
        "| B/voxel |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    for program, described in PROGRAMS.items():
        for setting, options in described.settings.items():
            own = [run for run in runs if (run.program, run.setting) == (program, setting)]
            if own:
                lines.append(row_of(records, runs, own, options))
    return lines


def row_of(records: list[dict], runs: list[Run], own: list[Run], options: dict) -> str:
    """Return the row of one program and setting."""
    program, setting = own[0].program, own[0].setting
    record = next(r for r in records if r["program"] == program and "version" in r)
    ours = {r.image: r.processor for r in runs if (r.program, r.setting) == ("poreflux", setting)}
    over = [run.processor / ours[run.image] for run in own if run.image in ours]
    cells = [
        f"{PROGRAMS[program].label} {record['version']}",
        f"`{named(options)}`" if options else "defaults",
        str(len(own)),
        f"{median(run.error for run in own):.1g}",
        f"{max(run.error for run in own):.1g}",
        f"{median(over):.3g}" if over else "",
        f"{median(run.triads for run in own):.0f}",
        f"{median(run.bytes for run in own):.3g}",
    ]
    return "| " + " | ".join(cells) + " |"


def by_image(records: list[dict]) -> list[str]:
    """Return the lines of the table of images: processor seconds and error with each program's
    defaults, or else with its options.
    """
    tried = [each for each in records if each["program"] != "exact"]
    programs = [p for p in PROGRAMS if any(each["program"] == p for each in tried)]
    labels = [PROGRAMS[program].label for program in programs]
    lines = [
        "| image | conducts | τ | " + " | ".join(labels) + " |",
        "|---|---:|---:|" + "---|" * len(labels),
    ]
    for known in (each for each in records if each["program"] == "exact"):
        own = [each for each in tried if title(each) == title(known)]
        if own:
            faces = known["faces"]
            tau = f"{known['share'] / faces:.5g}" if faces else "does not percolate"
            name = title(known).replace("-", "\N{NON-BREAKING HYPHEN}").replace(" ", "\xa0")
            cells = [name, f"{known['share']:.0%}", tau]
            cells += [cell([known, *own], program) for program in programs]
            lines.append("| " + " | ".join(cells) + " |")
    return lines


def cell(records: list[dict], program: str) -> str:
    """Return what a program gave for the image of the records."""
    runs = {run.setting: run for run in runs_of(records) if run.program == program}
    own = {each["setting"]: each for each in records if each["program"] == program}
    for setting, options in PROGRAMS[program].settings.items():
        if setting in runs:
            by = f" (`{named(options)}`)" if options else ""
            clock = f" ({rounded(own[setting]['seconds'])} s)" if own[setting].get("alone") else ""
            return f"{rounded(runs[setting].processor)} s{clock}, {runs[setting].error:.0e}{by}"
    if not own:
        return "not run"
    record = next(iter(own.values()))
    if "over" in record:
        return f"over {record['over']} s"
    if "failed" in record:
        return "fails"
    return "says so" if not record["conductivity"] else f"gives {record['conductivity']:.2g}"


def rounded(seconds: float) -> str:
    """Return seconds with two digits, or whole.

    >>> rounded(0.447), rounded(110.86)
    ('0.45', '111')
    """
    return f"{seconds:.0f}" if seconds >= 10 else f"{seconds:.2g}"


def failures(records: list[dict]) -> list[str]:
    """Return a line for each run that failed, with what the program said."""
    lines = []
    for each in records:
        if "failed" in each:
            described = PROGRAMS[each["program"]]
            options = named(described.settings[each["setting"]])
            lines.append(f"* {described.label}, {options}, {title(each)}: `{each['failed']}`")
    return lines


def named(options: dict) -> str:
    """Return options as one writes them.

    >>> named({"rtol": 1e-4}), named({})
    ('rtol=0.0001', 'defaults')
    """
    return ", ".join(f"{name}={value}" for name, value in options.items()) or "defaults"
