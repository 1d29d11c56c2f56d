"""A study as the text of its file, with every default."""

import re
from collections.abc import Iterator
from typing import Any

from poreflux.study.model import Sample, Section, StudyFile


def lines(study: StudyFile) -> Iterator[str]:
    """Yield the whole file as TOML, with a mark behind each default.

    Examples
    --------
    >>> study = StudyFile(samples=[Sample(name="a", preset="fine_100", edge=64)])
    >>> "edge = 64" in list(lines(study)), "seed = 0  # default" in list(lines(study))
    (True, True)
    """
    sections = [name for name, value in study if isinstance(value, Section)]
    for name, value in study:
        if name not in (*sections, "samples"):
            yield _line(name, value, name not in study.model_fields_set)
    for sample in study.samples:
        yield ""
        yield "[[samples]]"
        yield from _lines(sample, ("samples",))
    for name in sections:
        yield ""
        yield f"[{name}]"
        yield from _lines(getattr(study, name), (name,))


#: keys of a sample that mean nothing of a preset, and of a file
_OF_FILE, _OF_PRESET = ("path", "reading"), ("preset", "edge", "seed", "scan")


def _lines(section: Section, place: tuple[str, ...]) -> Iterator[str]:
    tables = []
    idle: tuple[str, ...] = ()
    if isinstance(section, Sample):
        idle = _OF_PRESET if section.preset is None else _OF_FILE
    for name, value in section:
        if name in idle and name not in section.model_fields_set:
            continue
        if isinstance(value, Section):
            tables.append((name, value))
        else:
            yield _line(name, value, name not in section.model_fields_set)
    for name, table in tables:
        if table.model_fields_set:
            yield f"[{'.'.join((*place, name))}]"
            yield from _lines(table, (*place, name))


def _line(name: str, value: Any, is_default: bool) -> str:
    if value is None:
        return f"# {name} is not given"
    return f"{name} = {toml(value)}{'  # default' if is_default else ''}"


def toml(value: Any) -> str:
    """Return a value as TOML has it.

    Examples
    --------
    >>> toml({"value": 0.3, "unit": "mA"}), toml([1, True, "a"])
    ('{ value = 0.3, unit = "mA" }', '[1, true, "a"]')
    """
    if isinstance(value, Section):
        value = value.model_dump(exclude_none=True)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'"{escaped}"'
    if isinstance(value, dict):
        inside = ", ".join(f"{_key(key)} = {toml(item)}" for key, item in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(toml, value))}]"
    return repr(value)


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else toml(key)
