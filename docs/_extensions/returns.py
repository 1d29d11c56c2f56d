"""Sections "Returns" of the docstrings are sentences; numpydoc would read each line as a type."""

import inspect
from typing import Any, get_type_hints

from sphinx.application import Sphinx


def indent_sentences(
    app: Sphinx, what: str, name: str, value: Any, options: Any, lines: list[str]
) -> None:
    """Put the type of the annotation above the sentences of a section Returns."""
    if "Returns" not in lines or not callable(value):
        return
    first = lines.index("Returns") + 2
    last = next((k for k in range(first, len(lines) - 1) if is_rule(lines[k + 1])), len(lines))
    said = lines[first:last]
    if any(line.startswith(" ") for line in said):  # name and type, as numpydoc has them
        return
    lines[first:last] = [type_of(value), *(f"    {line}".rstrip() for line in said)]


def is_rule(line: str) -> bool:
    """Return whether a line is the one below the title of a section."""
    return len(line) > 2 and set(line) == {"-"}


def type_of(function: Any) -> str:
    """Return the name of what a function returns, by its annotation."""
    function = getattr(function, "func", function)  # of a partial
    try:
        found = get_type_hints(function).get("return")
    except NameError:  # a type that is imported for type checkers only
        found = inspect.signature(function).return_annotation
    return getattr(found, "__name__", str(found)).rpartition(".")[2]


def setup(app: Sphinx) -> dict[str, bool]:
    """Come before numpydoc, which takes 500."""
    app.setup_extension("sphinx.ext.autodoc")  # whose event it is
    app.connect("autodoc-process-docstring", indent_sentences, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
