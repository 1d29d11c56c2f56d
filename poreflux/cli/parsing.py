"""Parsing of option values such as ``0=pore,1=electrolyte`` and ``4,4,4``."""

import math
from collections.abc import Callable


def pairs(text: str, *, option: str, key: Callable, value: Callable) -> dict:
    """Return a dict from ``key=value,key=value``.

    Examples
    --------
    >>> pairs("0=pore,1=electrolyte", option="--phases", key=int, value=str)
    {0: 'pore', 1: 'electrolyte'}
    >>> pairs("0", option="--phases", key=int, value=str)
    Traceback (most recent call last):
    ValueError: --phases 0 is not understood; write it like 0=pore,1=electrolyte
    """
    example = {"--phases": "0=pore,1=electrolyte"}.get(option, "electrolyte=1.0,binder=0.1")
    try:
        items = [item.split("=") for item in text.split(",") if item.strip()]
        values = {key(left.strip()): value(right.strip()) for left, right in items}
        if not values:
            raise ValueError(text)
    except ValueError:
        raise ValueError(f"{option} {text} is not understood; write it like {example}") from None
    if len(values) < len(items):
        raise ValueError(f"{option} {text} says one thing twice; name each once, like {example}")
    return values


def numbers(text: str, *, option: str, kind: Callable = float) -> list:
    """Return the numbers of ``0.92`` or ``2,1,1``.

    Examples
    --------
    >>> numbers("4,4,2", option="--blocks", kind=int)
    [4, 4, 2]
    >>> numbers("four", option="--blocks", kind=int)
    Traceback (most recent call last):
    ValueError: --blocks four is not understood; write one number, or three for z,y,x
    """
    try:
        values = [kind(item) for item in text.split(",")]
    except ValueError:
        values = []
    if len(values) not in (1, 3):
        raise ValueError(f"{option} {text} is not understood; write one number, or three for z,y,x")
    return values


def three(text: str, *, option: str = "--blocks") -> list[int]:
    """Return three whole numbers for z, y, x, or one number for all three.

    Examples
    --------
    >>> three("4"), three("4,4,2")
    ([4, 4, 4], [4, 4, 2])
    """
    counts = numbers(text, option=option, kind=int)
    return counts * 3 if len(counts) == 1 else counts


def lengths(text: str | None, *, option: str) -> list[float]:
    """Return lengths in µm, none where nothing is given.

    Examples
    --------
    >>> lengths("92,184.5", option="--edges"), lengths(None, option="--edges")
    ([92.0, 184.5], [])
    >>> lengths("few", option="--edges")
    Traceback (most recent call last):
    ValueError: --edges few is not understood; write it in µm like 92,184,276
    """
    try:
        found = [] if text is None else [float(word) for word in text.split(",")]
    except ValueError:
        found = [math.nan]
    if not all(0 < length < math.inf for length in found):
        raise ValueError(f"{option} {text} is not understood; write it in µm like 92,184,276")
    return found


def directions(text: str) -> str:
    """Return the directions of ``z``, ``zy`` or ``all``, each once, in the order given.

    Examples
    --------
    >>> directions("all"), directions("x")
    ('zyx', 'x')
    """
    chosen = "zyx" if text == "all" else "".join(dict.fromkeys(text.replace(",", "").strip()))
    if not chosen:
        raise ValueError("--direction has no direction; give z, y, x, several like zx, or all")
    return chosen


def size(count: float) -> str:
    """Return a number of bytes as text.

    Examples
    --------
    >>> size(3_500_000), size(20 * 2**30)
    ('3.3 MiB', '20.0 GiB')
    """
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} TiB"


def duration(seconds: float) -> str:
    """Return a time as text.

    Examples
    --------
    >>> duration(3.2), duration(200), duration(7300)
    ('3 s', '3.3 min', '2.0 h')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
