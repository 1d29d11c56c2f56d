"""How a notebook shows a Volume and Results: what they are at a glance, and a picture of them."""

import base64
import html
import struct
import zlib
from typing import TYPE_CHECKING

import numpy as np

from poreflux.explorer.images import Images, in_memory
from poreflux.explorer.page_text import summary, titled
from poreflux.explorer.planes import PLANES, View, cut, picture
from poreflux.results.number_rows import Row, rows
from poreflux.schema import DIMS, VARIABLES

if TYPE_CHECKING:
    import xarray as xr

#: edge of the picture in pixels, numbers that are shown
_EDGE, _NUMBERS = 150, 8
#: from low to high, told apart by colour-blind readers too
_SCALE = np.array([(0, 32, 76), (49, 68, 107), (102, 105, 112), (149, 143, 120), (255, 234, 70)])
#: of phases: pore first
_LABELS = np.array([(230, 159, 0), (205, 211, 218), (86, 180, 233), (0, 158, 115), (204, 121, 167)])

_STYLE = (
    "display: flex; gap: 1em; align-items: flex-start; border: 1px solid rgba(128, 128, 128, 0.4); "
    "border-radius: 0.5em; padding: 0.7em 0.9em; max-width: 52em"
)


def card(dataset: "xr.Dataset") -> str:
    """Return a Dataset as HTML: a Volume and Results as a card, with xarray's own view below it.

    Nothing lazy is computed: of a Volume one slice is read, and that only where it is stored.

    Examples
    --------
    >>> from poreflux import collect, phantoms, porosity
    >>> volume = phantoms.random_sites((8, 8, 8), 0.25, seed=1)
    >>> "8 × 8 × 8 voxels" in card(volume), "data:image/png" in card(volume)
    (True, True)
    >>> "porosity" in card(collect(porosity(volume)))
    True
    """
    below = dataset._repr_html_()
    if any(name in dataset and dataset[name].dims == DIMS for name in ("gray", "phase")):
        return _card(*_of_volume(dataset), below)
    if any(name in VARIABLES for name in map(str, dataset.data_vars)):
        return _card(*_of_results(dataset), below)
    return below


def _card(title: str, lines: list[tuple[str, str]], image: str, below: str) -> str:
    body = "".join(
        f'<tr><th style="text-align: left; font-weight: 400; padding-right: 1em">'
        f'{html.escape(name)}</th><td style="text-align: left">{html.escape(text)}</td></tr>'
        for name, text in lines
    )
    return (
        f'<div style="{_STYLE}">{image}<div><strong>{html.escape(title)}</strong>'
        f'<table style="margin: 0.4em 0 0">{body}</table></div></div>'
        f"<details><summary>all of it</summary>{below}</details>"
    )


def _of_volume(volume: "xr.Dataset") -> tuple[str, list[tuple[str, str]], str]:
    images = in_memory(volume)
    lines = [("size", summary(images))]
    for name in images.arrays:
        dtype = str(volume[name].dtype)
        title = titled(name, volume[name].attrs)["title"]
        phases = str(volume[name].attrs.get("flag_meanings", "")).replace(" ", ", ")
        lines.append((name, f"{phases or title} ({dtype})"))
    record = volume["phase"].attrs.get("segmentation") if "phase" in volume else None
    if isinstance(record, dict):
        cuts = ", ".join(f"{cut:g}" for cut in record["thresholds"])
        lines.append(("segmentation", f"{record['method']}, threshold {cuts}"))
    return f"Volume {images.title}".removesuffix(" volume"), lines, _slice(images)


def _of_results(results: "xr.Dataset") -> tuple[str, list[tuple[str, str]], str]:
    names = map(str, results.data_vars)
    lazy = [name for name in names if hasattr(results[name].data, "dask")]
    numbers = rows(results.drop_vars(lazy))
    lines = [(_name(row), row.printed.with_unit(row.printed_unit)) for row in numbers[:_NUMBERS]]
    if len(numbers) > _NUMBERS:
        lines.append(("", f"and {len(numbers) - _NUMBERS} more: poreflux.results_table(results)"))
    if lazy:
        more = f" and {len(lazy) - 4} more" * (len(lazy) > 4)
        lines.append(
            ("not computed yet", f"{', '.join(lazy[:4])}{more}: poreflux.collect(results)")
        )
    return "Results", lines, _map(results, lazy)


def _name(row: Row) -> str:
    return f"{row.quantity} along {row.direction}" if row.direction else row.quantity


def _slice(images: Images) -> str:
    """Return the middle slice across z as an image, where reading it computes nothing."""
    name = "gray" if "gray" in images.arrays else "phase"
    level = images.arrays[name].levels[0]
    if level.lazy:
        return ""
    middle = tuple((a + b) / 2 for a, b in images.extent)
    shown = picture(images, cut(images, name, PLANES[0], View(middle, images.extent, _EDGE)))
    values = shown["image"][0]
    colours = _coloured_labels(values) if name == "phase" else _gray(values)
    return _image(colours, "the middle slice across z")


def _map(results: "xr.Dataset", lazy: list[str]) -> str:
    """Return a slice or the first map of Results as an image."""
    for name in ("gray_slice_z", "phase_slice_z", "block_porosity", "current_density"):
        if name not in results or name in lazy or "sample" in results[name].dims:
            continue
        values = results[name].values
        values = values[len(values) // 2] if values.ndim == 3 else values
        colours = (
            _gray(values) if name.startswith("gray")
            else _coloured_labels(values) if name.startswith("phase")
            else _scaled(values)
        )  # fmt: skip
        return _image(colours, titled(name, results[name].attrs)["title"])
    return ""


def _stretched(values: np.ndarray) -> np.ndarray:
    """Return values from 0 to 1, but for the least frequent ends; what is missing is 0."""
    finite = values[np.isfinite(values)].astype(float)
    if not finite.size:
        return np.zeros(values.shape)
    low, high = np.percentile(finite, [0.5, 99.5])
    return np.clip((np.nan_to_num(values.astype(float), nan=low) - low) / ((high - low) or 1), 0, 1)


def _gray(values: np.ndarray) -> np.ndarray:
    return np.repeat((255 * _stretched(values))[..., None], 3, axis=-1).astype(np.uint8)


def _scaled(values: np.ndarray) -> np.ndarray:
    at = np.linspace(0, 1, len(_SCALE))
    share = _stretched(values)
    return np.stack([np.interp(share, at, part) for part in _SCALE.T], -1).astype(np.uint8)


def _coloured_labels(values: np.ndarray) -> np.ndarray:
    return _LABELS[np.minimum(values, len(_LABELS) - 1)].astype(np.uint8)


def _image(colours: np.ndarray, words: str) -> str:
    data = base64.b64encode(png(colours)).decode()
    rows, columns = colours.shape[:2]
    width = _EDGE * columns / max(rows, columns)
    return (
        f'<img src="data:image/png;base64,{data}" alt="{html.escape(words)}" '
        f'title="{html.escape(words)}" width="{width:.0f}" '
        'style="image-rendering: pixelated; border-radius: 0.25em; margin: 0">'
    )


def png(colours: np.ndarray) -> bytes:
    """Return an image (rows, columns, 3) of bytes as PNG.

    Examples
    --------
    >>> png(np.zeros((2, 3, 3), np.uint8))[:4]
    b'\\x89PNG'
    """
    rows, columns, _ = colours.shape
    lines = np.concatenate([np.zeros((rows, 1), np.uint8), colours.reshape(rows, -1)], axis=1)

    def piece(kind: bytes, content: bytes) -> bytes:
        check = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)

    head = struct.pack(">IIBBBBB", columns, rows, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + piece(b"IHDR", head)
        + piece(b"IDAT", zlib.compress(lines.tobytes()))
        + piece(b"IEND", b"")
    )
