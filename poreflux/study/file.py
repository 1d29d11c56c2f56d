"""`study.toml` is read; a mistake is one sentence with its line, what came, and what to do."""

import difflib
import re
import tomllib
import typing
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from poreflux.study.model import StudyFile

_Place = tuple[str | int, ...]

#: what pydantic calls a kind, in words
_KINDS = {
    "float_type": "a number",
    "int_type": "a whole number",
    "string_type": "a text in quotes",
    "bool_type": "true or false",
    "list_type": "a list in [ ]",
    "dict_type": "a table { }",
    "model_type": "a table",
}

#: what pydantic adds to a place where a value may be of several kinds
_ALTERNATIVE = re.compile(r"(constrained-|(list|dict|literal|union)\[|(float|int|str|bool)$)")


def read_study(path: str | Path) -> StudyFile:
    """Read and check a study file; raise ``ValueError`` with one sentence for its first mistake.

    Parameters
    ----------
    path
        of the file.

    Raises
    ------
    FileNotFoundError
        if it is not there.
    ValueError
        if it is no TOML, has a key that is not known, or a value that is not possible.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "study.toml"
    >>> _ = path.write_text('samples = [{name = "a", preset = "fine_100", sede = 3}]')
    >>> read_study(path)
    Traceback (most recent call last):
    ValueError: study.toml, line 1: samples[1].sede is no key; did you mean 'seed'?
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not there; write one, or start with an example")
    text = path.read_text(encoding="utf-8")
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path.name} is no TOML: {error}; mend this line") from None
    try:
        return StudyFile.model_validate(document)
    except ValidationError as error:
        mistakes = error.errors(include_url=False)
        raise ValueError(_sentence(path.name, text, mistakes)) from None


def _sentence(name: str, text: str, mistakes: Sequence[Any]) -> str:
    """Return what is wrong first, in the order of the file."""
    lines = list(_keys(text))
    found = sorted((_line_of(lines, _place(m["loc"])), k) for k, m in enumerate(mistakes))
    line, first = found[0]
    mistake = mistakes[first]
    at = f"{name}, line {line}: " if line else f"{name}: "
    return at + _said(mistake, [m for m in mistakes if _place(m["loc"]) == _place(mistake["loc"])])


def _said(mistake: Any, alike: Sequence[Any]) -> str:
    """Return the sentence on one mistake; `alike` are all that pydantic says of the same key."""
    place, kind, got = _place(mistake["loc"]), mistake["type"], mistake["input"]
    key = _dotted(place)
    if kind == "extra_forbidden":
        known = list(_model_at(place[:-1]).model_fields)
        near = difflib.get_close_matches(str(place[-1]), known, 1, 0.5)
        do = f"did you mean {near[0]!r}?" if near else f"choose of {', '.join(map(repr, known))}"
        return f"{key} is no key; {do}"
    if kind == "missing":
        return f"{key} is missing; give it"
    if kind == "value_error":
        said = str(mistake["ctx"]["error"])
        if not place:
            return said
        return f"{key}: {said}" if isinstance(got, (dict, BaseModel)) else f"{key}={got!r}: {said}"
    expected = " or ".join(dict.fromkeys(filter(None, map(_expected, alike))))
    return f"{key}={got!r} is not possible; give {expected}"


def _expected(mistake: Any) -> str:
    kind, more = mistake["type"], mistake.get("ctx", {})
    if kind in _KINDS:
        return _KINDS[kind]
    if kind == "literal_error":
        return f"one of {more['expected']}" if "," in more["expected"] else more["expected"]
    if kind == "string_pattern_mismatch":
        return "directions like z, zy or zyx"
    if kind in ("too_short", "too_long"):
        return f"{more.get('min_length', more.get('max_length'))} values"
    said = mistake["msg"].removeprefix("Input should be ")
    return said[:1].lower() + said[1:]


def _place(loc: Sequence[str | int]) -> _Place:
    """Return the place of a mistake in the file, without pydantic's names of alternatives."""
    return tuple(part for part in loc if isinstance(part, int) or not _ALTERNATIVE.match(part))


def _model_at(place: _Place) -> Any:
    """Return the model of the table at a place, None where it is none of ours."""
    model: Any = StudyFile
    for part in place:
        if isinstance(part, int):
            continue
        if model is None:
            return None
        if part not in model.model_fields:
            continue  # a name that the user gave, as of a measured quantity
        model = _model_of(model.model_fields[part].annotation)
    return model


def _model_of(annotation: Any) -> Any:
    """Return the model in an annotation such as ``list[Sample]``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_of, typing.get_args(annotation))), None)


def _dotted(place: _Place) -> str:
    """Return a place as it is spoken of, samples counted from 1: ``samples[2].voxel_size``."""
    text = ""
    for part in place:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _keys(text: str) -> Iterator[tuple[int, _Place]]:
    """Yield the line and the place of every table and key that begins a line."""
    table: _Place = ()
    counts: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*(\[\[?)\s*([^\]]+?)\s*\]", line)
        if header and "=" not in line.split("]")[0]:
            names = re.sub(r"[\"' ]", "", header[2]).split(".")
            if header[1] == "[[":
                counts[header[2]] = counts.get(header[2], -1) + 1
            parts: list[str | int] = []
            for k, name in enumerate(names):
                parts.append(name)
                place = ".".join(names[: k + 1])
                if place in counts:
                    parts.append(counts[place])
            table = tuple(parts)
            yield number, table
        elif key := re.match(r"\s*([\w.\"'-]+)\s*=", line):
            yield number, (*table, *re.sub(r"[\"']", "", key[1]).split("."))


def _line_of(lines: Sequence[tuple[int, _Place]], place: _Place) -> int:
    """Return the line that says the most of a place, 0 where none does."""
    best, most = 0, 0
    for number, found in lines:
        if len(found) > most and place[: len(found)] == found:
            best, most = number, len(found)
    return best
