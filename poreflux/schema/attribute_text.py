"""Attributes that every file format can hold: what is nested is stored as JSON text."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import xarray as xr


def flat(attrs: Mapping[Any, Any]) -> dict[str, Any]:
    """Return attributes of which each is a text, a number, or a list of texts or of numbers.

    Mappings, lists of unlike or nested things, and None become JSON text; truth becomes 0 or 1.

    Examples
    --------
    >>> flat({"sides": "insulated", "conductivity": {"electrolyte": 1.0}, "sizes": [1, 2]})
    {'sides': 'insulated', 'conductivity': '{"electrolyte": 1.0}', 'sizes': [1, 2]}
    """
    return {str(key): _flat(value) for key, value in attrs.items()}


def parsed(value: Any) -> Any:
    """Return what :func:`flat` made a text of; anything else as it is.

    Examples
    --------
    >>> parsed('{"electrolyte": 1.0}'), parsed("insulated"), parsed("null")
    ({'electrolyte': 1.0}, 'insulated', None)
    """
    if not isinstance(value, str) or not (value[:1] in ("{", "[") or value == "null"):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def history(dataset: "xr.Dataset") -> list[dict]:
    """Return the operations that made what was measured, first to last.

    Examples
    --------
    >>> import xarray as xr
    >>> history(xr.Dataset(attrs={"history": '[{"operation": "segment"}]'}))
    [{'operation': 'segment'}]
    """
    return list(parsed(dataset.attrs.get("history", [])))


def _flat(value: Any) -> Any:
    if isinstance(value, (bool, np.bool_)):
        return int(value)
    if isinstance(value, (str, int, float, np.ndarray)):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, (list, tuple)) and value:
        items = [item.item() if isinstance(item, np.generic) else item for item in value]
        if all(isinstance(item, str) for item in items) or all(map(_is_number, items)):
            return items
    return text(value)


def text(value: Any) -> str:
    """Return a value as JSON text, NumPy numbers and arrays as Python's."""
    return json.dumps(value, default=_plain, ensure_ascii=False)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _plain(value: Any) -> Any:
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    raise TypeError(f"an attribute is of type {type(value).__name__}; give text or numbers")
