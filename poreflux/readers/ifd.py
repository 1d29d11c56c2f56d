"""The pages of a TIFF file: sizes, kinds and where their bytes lie, all checked before any is read.

A walk of our own, because a chain of pages that breaks off must be an error here, and is a shorter
stack to general readers.
"""

import functools
import math
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np

from poreflux.errors import UnreadableImage

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 11: 4, 12: 8, 13: 4, 16: 8, 18: 8}
_CODES = {1: "u1", 3: "u2", 4: "u4", 13: "u4", 16: "u8", 18: "u8"}

_SUBFILE, _WIDTH, _LENGTH, _BITS, _COMPRESSION, _PHOTOMETRIC = 254, 256, 257, 258, 259, 262
_STRIPS, _SAMPLES, _ROWS, _STRIP_BYTES, _PREDICTOR = 273, 277, 278, 279, 317
_TILE_WIDTH, _TILE_LENGTH, _TILES, _TILE_BYTES, _FORMAT = 322, 323, 324, 325, 339
_DEPTH, _TILE_DEPTH, _BIT_ORDER = 32997, 32998, 266

_WANTED = {
    *(_SUBFILE, _WIDTH, _LENGTH, _BITS, _COMPRESSION, _STRIPS, _SAMPLES, _ROWS, _STRIP_BYTES),
    *(_PREDICTOR, _TILE_WIDTH, _TILE_LENGTH, _TILES, _TILE_BYTES, _FORMAT),
    *(_PHOTOMETRIC, _DEPTH, _TILE_DEPTH, _BIT_ORDER),
}
_UNCOMPRESSED = 1
#: sample formats
_NUMBERS = {1: "unsigned integers", 2: "signed integers", 3: "floating-point numbers"}
#: no file of these compressions unpacks to more than so many times its size
_MOST = {1: 1, 5: 2000, 8: 1100, 32773: 64, 32946: 1100}


@dataclass(frozen=True)
class Page:
    """One page: what must be the same for all pages of a volume, and where its segments lie."""

    index: int
    kind: tuple
    offsets: np.ndarray
    counts: np.ndarray
    #: of the bytes of a number, and whether the bits of a byte are in the usual order
    byte_order: Literal["<", ">"] = "<"
    usual_bits: bool = True

    @property
    def number(self) -> tuple:
        """Size, numbers and how they are shown: the kind without how it is packed."""
        return (*self.kind[:4], self.kind[5], *self.kind[9:])

    @property
    def depth(self) -> int:
        """Planes in one page: more than 1 in a volumetric TIFF."""
        return self.kind[10]

    @property
    def photometric(self) -> int:
        """0 where low values are white, 1 where they are black, 3 for a palette."""
        return self.kind[9]

    @property
    def width(self) -> int:
        return self.kind[0]

    @property
    def length(self) -> int:
        return self.kind[1]

    @property
    def across(self) -> int:
        """Number of segments side by side: 1 for strips."""
        return -(-self.width // self.kind[7]) if self.kind[7] else 1

    @property
    def rows(self) -> int:
        """Rows of one segment."""
        return self.kind[6]


@functools.lru_cache(maxsize=8)
def pages(path: Path, stamp: tuple) -> tuple[Page, ...]:
    """Return the full-size pages of a TIFF file; ``stamp`` is what changes with the file.

    Raises
    ------
    UnreadableImage
        if it is no TIFF, or is cut short.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        walk = _Walk(file, path, size)
        found = [page for page in walk.pages() if page is not None]
    if not found:
        raise UnreadableImage(f"{path} has no page; fetch it again")
    return tuple(found)


@functools.lru_cache(maxsize=2048)
def pages_of_small(path: Path, stamp: tuple) -> tuple[Page, ...]:
    """Return the pages of one file of a folder: as :func:`pages`, with room for many files."""
    return pages.__wrapped__(path, stamp)


def require_alike(path: Path, found: Sequence[Page]) -> None:
    """Refuse pages of one file that are not all alike."""
    for page in found:
        if page.kind != found[0].kind:
            raise UnreadableImage(
                f"{path} has pages that differ ({differences(found[0], page)}): page "
                f"{found[0].index + 1} is {describe(found[0])}, page {page.index + 1} is "
                f"{describe(page)}; a volume's pages are all alike"
            )


def stamp(path: Path) -> tuple:
    """Return what changes when a file does."""
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def contiguous(found: tuple[Page, ...]) -> int | None:
    """Return where the voxels begin if they are whole bytes, uncompressed and without gaps."""
    kind = found[0].kind
    if kind[4] != _UNCOMPRESSED or kind[2] % 8 or kind[7] or found[0].depth > 1:
        return None
    if kind[8] != 1 or not all(page.usual_bits for page in found):
        return None
    offsets = np.concatenate([page.offsets for page in found])
    counts = np.concatenate([page.counts for page in found])
    if np.any(offsets[1:] != offsets[:-1] + counts[:-1]):
        return None
    page_bytes = kind[0] * kind[1] * kind[2] // 8
    return int(offsets[0]) if counts.sum() == page_bytes * len(found) else None


class _Walk:
    """Reads the chain of pages of one open file."""

    def __init__(self, file: BinaryIO, path: Path, size: int):
        self.file = file
        self.path = path
        self.size = size

    def pages(self) -> Iterator[Page | None]:
        offset = self._header()
        seen: set[int] = set()
        while offset:
            if offset in seen:
                raise UnreadableImage(f"{self.path} has a chain of pages that bites its tail")
            seen.add(offset)
            if offset >= self.size:
                raise self._cut(len(seen), offset)
            tags, offset = self._tags(offset, len(seen))
            yield self._page(tags, len(seen) - 1)

    def _header(self) -> int:
        start = self.file.read(16)
        self.order = {b"II": "<", b"MM": ">"}.get(start[:2], "")
        version = struct.unpack(self.order + "H", start[2:4])[0] if len(start) >= 8 else 0
        if not self.order or version not in (42, 43) or (version == 43 and len(start) < 16):
            raise UnreadableImage(
                f"{self.path} is not a TIFF file: it begins with {start[:4]!r}; check what it is"
            )
        self.big = version == 43
        return (
            struct.unpack_from(self.order + "Q", start, 8)[0]
            if self.big
            else (struct.unpack_from(self.order + "I", start, 4)[0])
        )

    def _tags(self, offset: int, number: int) -> tuple[dict, int]:
        head, width, word = (8, 20, "Q") if self.big else (2, 12, "I")
        counted = self.order + ("Q" if self.big else "H")
        (count,) = struct.unpack(counted, self._bytes(offset, head, number))
        body = self._bytes(offset + head, count * width + struct.calcsize(word), number)
        tags = {}
        for code, kind, length, value in struct.iter_unpack(
            f"{self.order}HH{word}{struct.calcsize(word)}s", body[: count * width]
        ):
            if code in _WANTED:
                tags[code] = self._values(kind, length, value, number)
        return tags, struct.unpack(self.order + word, body[count * width :])[0]

    def _values(self, kind: int, length: int, value: bytes, number: int) -> np.ndarray:
        if kind not in _CODES:
            raise UnreadableImage(f"{self.path} has a malformed tag in page {number}")
        size = length * _SIZES[kind]
        if size > len(value):
            position = struct.unpack(self.order + ("Q" if self.big else "I"), value)[0]
            value = self._bytes(position, size, number)
        return np.frombuffer(value[:size], self.order + _CODES[kind]).astype(np.int64)

    def _page(self, tags: dict, index: int) -> Page | None:
        def one(code: int, default: int | None = None) -> int:
            values = tags.get(code)
            if values is None or not len(values):
                if default is None:
                    raise UnreadableImage(f"{self.path} has no size in page {index + 1}")
                return default
            return int(values[0])

        if one(_SUBFILE, 0) & 1:
            return None
        width, length = one(_WIDTH), one(_LENGTH)
        bits, samples, compression = one(_BITS, 1), one(_SAMPLES, 1), one(_COMPRESSION, 1)
        tiled = _TILES in tags
        rows = one(_TILE_LENGTH) if tiled else min(one(_ROWS, length), length)
        across = one(_TILE_WIDTH) if tiled else 0
        if min(width, length, bits, samples, rows) < 1 or (tiled and across < 1):
            raise UnreadableImage(f"{self.path} has an empty page {index + 1}: {width}x{length}")
        form = one(_FORMAT, 1)
        kind = (
            *(width, length, bits, samples, compression, form, rows, across, one(_PREDICTOR, 1)),
            *(one(_PHOTOMETRIC, 1), one(_DEPTH, 1)),
        )
        if one(_DEPTH, 1) < 1:
            raise UnreadableImage(f"{self.path} has an empty page {index + 1}: no depth")
        offsets = tags.get(_TILES if tiled else _STRIPS, np.zeros(0, np.int64))
        counts = tags.get(_TILE_BYTES if tiled else _STRIP_BYTES)
        if counts is None and compression == _UNCOMPRESSED and len(offsets) == 1:
            counts = np.array([-(-width * bits * samples // 8) * length])
        counts = np.zeros(0, np.int64) if counts is None else counts
        byte_order: Literal["<", ">"] = ">" if self.order == ">" else "<"
        page = Page(index, kind, offsets, counts, byte_order, one(_BIT_ORDER, 1) == 1)
        self._check(page, samples)
        return page

    def _check(self, page: Page, samples: int) -> None:
        number = page.index + 1
        expected = -(-page.length // page.rows) * page.across
        if len(page.offsets) != len(page.counts) or len(page.offsets) % expected:
            raise UnreadableImage(
                f"{self.path} has {len(page.offsets)} pieces in page {number}, not {expected}; "
                "fetch it again"
            )
        if not len(page.offsets) or page.offsets.min() <= 0 or page.counts.min() < 0:
            raise UnreadableImage(f"{self.path} says not where the voxels of page {number} are")
        end = int((page.offsets + page.counts).max())
        if end > self.size:
            raise self._cut(number, end)
        pixels = page.width * page.length * page.depth * page.kind[2] * samples // 8
        most = _MOST.get(page.kind[4], math.inf)
        if int(page.counts.sum()) * most < pixels:
            raise UnreadableImage(
                f"{self.path} has {page.counts.sum()} bytes for the {pixels} of page {number}; "
                "fetch it again"
            )

    def _bytes(self, offset: int, count: int, number: int) -> bytes:
        if offset + count > self.size:
            raise self._cut(number, offset + count)
        self.file.seek(offset)
        return self.file.read(count)

    def _cut(self, number: int, end: int) -> UnreadableImage:
        return UnreadableImage(
            f"{self.path} is cut short: page {number} reaches to byte {end}, the file ends at "
            f"{self.size}; fetch it again"
        )


def describe(page: Page) -> str:
    """Return size and kind of a page for people."""
    numbers = _NUMBERS.get(page.kind[5], "numbers of unknown kind")
    depth = f"x{page.depth}" if page.depth > 1 else ""
    shown = "" if page.photometric == 1 else f", {photometric_name(page.photometric)}"
    return (
        f"{page.width}x{page.length}{depth} of {page.kind[2]} bits, {numbers}{shown} "
        f"(compression {page.kind[4]})"
    )


def differences(first: Page, other: Page) -> str:
    """Return in what two pages differ, in words."""
    pairs = {
        "size": (first.kind[:2], other.kind[:2]),
        "depth": (first.depth, other.depth),
        "type": (first.kind[2:4] + first.kind[5:6], other.kind[2:4] + other.kind[5:6]),
        "photometric": (first.photometric, other.photometric),
    }
    return ", ".join(name for name, (a, b) in pairs.items() if a != b) or "compression"


def photometric_name(code: int) -> str:
    """Return the name of a photometric interpretation.

    Examples
    --------
    >>> photometric_name(0)
    'WhiteIsZero'
    """
    names = {0: "WhiteIsZero", 1: "BlackIsZero", 2: "RGB", 3: "palette", 6: "YCbCr"}
    return names.get(code, f"photometric {code}")
