"""The result of a verb: lines of text, a JSON document, and one exit status for both."""

import math
from dataclasses import dataclass, field
from typing import Any

#: raised when a program that reads the documents would have to change
SCHEMA = "poreflux/1"


@dataclass
class Answer:
    """The outcome of one verb.

    `lines` are printed to people; `data` are the keys of the JSON document; `warnings` are given
    in both; `failure`, if there is one, is the message with which the program exits 1.
    """

    verb: str
    lines: list[str] = field(default_factory=list)
    data: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    failure: str | None = None

    def document(self) -> dict[str, Any]:
        """Return the JSON document of ``--json``."""
        document = {"schema": SCHEMA, "verb": self.verb, **self.data, "warnings": self.warnings}
        if self.failure:
            document["error"] = self.failure
        return plain(document)


def plain(value: Any) -> Any:
    """Return a value as JSON can hold it; infinities and NaN become the strings inf, -inf, nan.

    Examples
    --------
    >>> plain({"tortuosity_factor": [1.25, math.inf]})
    {'tortuosity_factor': [1.25, 'inf']}
    """
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, (str, int, float)):
        return value
    return str(value)
