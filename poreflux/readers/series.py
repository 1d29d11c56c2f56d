"""A folder of pages is a series: the number that counts is found by comparing names."""

import math
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

from poreflux.errors import ChooseOne, UnreadableImage

TIFF = (".tif", ".tiff", ".btf", ".tf8")
#: formats of one page a file, and those that change grey values
PICTURES = (".png", ".bmp", ".jpg", ".jpeg")
LOSSY = (".jpg", ".jpeg")

#: what file managers add to the name of a copy
_COPY = re.compile(
    r"([ _]*\(\d+\)|[ _]*-[ _]*(copy|kopie|copie|copia|kopia)([ _]*\(?\d+\)?)?"
    r"|[ _]+copy[ _]*\d*|~)$",
    re.IGNORECASE,
)
_LISTED = 6


@dataclass(frozen=True)
class Series:
    """Pages in the order of the number that counts in their names.

    Attributes
    ----------
    pattern
        of the names, with ``#`` for that number.
    files
        in its order.
    numbers
        of the files.
    """

    pattern: str
    files: tuple[Path, ...]
    numbers: tuple[int, ...]

    def gaps(self) -> list[str]:
        """Return what the numbers say of missing pages.

        Examples
        --------
        >>> files = tuple(Path(f"p{n}.tif") for n in (1, 2, 4))
        >>> Series("p#.tif", files, (1, 2, 4)).gaps()
        ['the series goes from p2.tif to p4.tif: is 3 missing?']
        """
        steps = [b - a for a, b in zip(self.numbers, self.numbers[1:])]
        step = math.gcd(*steps) if steps else 1
        found = []
        for place, jump in enumerate(steps):
            if jump == step:
                continue
            first, last = self.numbers[place] + step, self.numbers[place + 1] - step
            lost = f"is {first}" if first == last else f"are {first} to {last}"
            found.append(
                f"the series goes from {self.files[place].name} to {self.files[place + 1].name}: "
                f"{lost} missing?"
            )
        if len(found) > _LISTED:
            found = [*found[:_LISTED], f"and {len(found) - _LISTED} gaps more"]
        if not found and step > 1:
            found = [
                f"the pages are numbered in steps of {step}: were pages between them left out, so "
                "that slices are farther apart?"
            ]
        return found


def find_series(folder: Path, pattern: str | None = None) -> tuple[Series, list[str]]:
    """Return the one series of pages in a folder, and what to say of it.

    Parameters
    ----------
    folder
        with image files; others are passed over.
    pattern
        of the names wanted: ``#`` for the number that counts, ``*`` and ``?`` as in a shell.

    Raises
    ------
    ChooseOne
        for several series, copies of pages, or a number that is there twice.
    UnreadableImage
        where there is no image.
    """
    names = sorted(
        path.name
        for path in folder.iterdir()
        if path.suffix.lower() in (*TIFF, *PICTURES)
        and not path.name.startswith(".")
        and path.is_file()
    )
    _require_images(folder, names)
    if pattern is not None:
        names = _matching(folder, names, pattern)
    copies = _copies(names)
    groups = _groups(names)
    main = max(groups, key=lambda group: len(group.names))
    if copies:
        kept = max(
            _groups([name for name in names if name not in copies]),
            key=lambda group: len(group.names),
        )
        raise ChooseOne(
            f"{folder} holds copies of pages: {_some(sorted(copies))}; delete them, or choose the "
            f"others with series={kept.pattern!r}"
        )
    rest = [group for group in groups if group is not main]
    notes = []
    if rest and all(len(group.names) == 1 and group.suffix != main.suffix for group in rest):
        notes.append(f"passed over: {_some([group.names[0] for group in rest])}")
    elif rest and all(len(group.names) == 1 for group in groups) and pattern is not None:
        ordered = tuple(folder / name for name in names)
        notes.append(f"the pages of {folder.name} are taken in the order of their names")
        return Series(pattern, ordered, tuple(range(len(ordered)))), notes
    elif rest:
        held = [f"{group.pattern} ({len(group.names)})" for group in groups]
        raise ChooseOne(
            f"{folder} holds {len(groups)} series of pages: {_some(held)}; choose one with "
            f"series={main.pattern!r}"
        )
    series = main.ordered(folder)
    return series, [*notes, *main.notes, *series.gaps()]


class _Group:
    """Names that differ only in the number that counts."""

    def __init__(self, names: Sequence[str], column: int = -1, notes: Sequence[str] = ()):
        self.names = list(names)
        self.column = column
        self.notes = list(notes)
        self.suffix = Path(names[0]).suffix.lower()

    @property
    def pattern(self) -> str:
        texts, _ = _parts(self.names[0])
        columns = zip(*(_parts(name)[1] for name in self.names))
        shown = [
            "#" if column == self.column else (values[0] if len(set(values)) == 1 else "*")
            for column, values in enumerate(columns)
        ]
        return "".join(a + b for a, b in zip(texts, [*shown, ""]))

    def ordered(self, folder: Path) -> Series:
        if self.column < 0:
            return Series(self.names[0], (folder / self.names[0],), (0,))
        keyed = sorted((int(_parts(name)[1][self.column]), name) for name in self.names)
        for (a, first), (b, second) in pairwise(keyed):
            if a == b:
                raise ChooseOne(
                    f"{folder} has page {a} twice, {first} and {second}; delete one, or choose "
                    "with series=, such as 'slice_#.tif'"
                )
        return Series(
            self.pattern, tuple(folder / name for _, name in keyed), tuple(n for n, _ in keyed)
        )


@lru_cache(maxsize=2**14)
def _parts(name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the texts of a name and the numbers between them.

    Examples
    --------
    >>> _parts("z007_ch00.tif")
    (('z', '_ch', '.tif'), ('007', '00'))
    """
    path = Path(name)
    pieces = re.split(r"([0-9]+)", path.stem)
    return (*pieces[:-1:2], pieces[-1] + path.suffix), tuple(pieces[1::2])


def _groups(names: Sequence[str]) -> list[_Group]:
    """Return the series among names: alike but for one number."""
    alike = defaultdict(list)
    for name in names:
        texts, _ = _parts(name)
        alike[tuple(text.lower() for text in texts)].append(name)
    return [group for members in alike.values() for group in _by_counter(members)]


def _by_counter(names: list[str]) -> list[_Group]:
    """Part names of the same texts by all numbers but the one that counts."""
    if len(names) == 1:
        return [_Group(names, column=len(_parts(names[0])[1]) - 1)]
    rows = [tuple(int(n) for n in _parts(name)[1]) for name in names]
    columns = list(zip(*rows))
    varied = [i for i, column in enumerate(columns) if len(set(column)) > 1]
    if not varied:
        return [_Group(names, column=len(columns) - 1)]
    counter = max(varied, key=lambda i: (len(set(columns[i])), -_spread(columns[i]), i))
    others = [i for i in varied if i != counter]
    if not others:
        return [_Group(names, counter)]
    if len(set(columns[counter])) == len(names) and all(
        len(set(columns[i])) == len(names) or _rises_with(columns[counter], columns[i])
        for i in others
    ):
        said = f"{names[0]} to {names[-1]}: several numbers vary, the pages are one series by one"
        return [_Group(names, counter, [said])]
    parted = defaultdict(list)
    for name, row in zip(names, rows):
        parted[tuple(row[i] for i in others)].append(name)
    return [_Group(members, counter) for members in parted.values()]


def _spread(column: Sequence[int]) -> int:
    """Return how far numbers go: of time stamps and a counter, the counter goes least far."""
    return max(column) - min(column)


def _rises_with(counter: Sequence[int], other: Sequence[int]) -> bool:
    ordered = [value for _, value in sorted(zip(counter, other))]
    return all(a <= b for a, b in pairwise(ordered))


def _copies(names: Sequence[str]) -> set[str]:
    """Return the names that a file manager gave to copies of other files here."""
    there = {name.lower() for name in names}
    found = set()
    for name in names:
        stem, suffix = Path(name).stem, Path(name).suffix
        plain = re.sub(r"^copy( \d+)? of ", "", _COPY.sub("", stem), flags=re.IGNORECASE)
        if plain != stem and (plain + suffix).lower() in there:
            found.add(name)
    return found


def _matching(folder: Path, names: list[str], pattern: str) -> list[str]:
    signs = {"#": "[0-9]+", "*": ".*", "?": "."}
    expression = re.compile("".join(signs.get(sign, re.escape(sign)) for sign in pattern))
    found = [name for name in names if expression.fullmatch(name)]
    if not found:
        raise ChooseOne(
            f"series={pattern!r} fits no page of {folder}, such as {names[0]}; write # for the "
            "number that counts, * for anything"
        )
    return found


def _require_images(folder: Path, names: list[str]) -> None:
    if names:
        return
    there = list(folder.iterdir())
    others = sorted({path.suffix or path.name for path in there if path.is_file()})
    below = sorted(path.name for path in there if path.is_dir())
    said = f"the folders {_some(below)}" if below and not others else _some(others)
    raise UnreadableImage(
        f"{folder} has no pages ({said or 'it is empty'}); give a folder of .tif, .png, .bmp or "
        ".jpg files, or a file"
    )


def _some(words: Sequence[str]) -> str:
    more = len(words) - _LISTED
    return ", ".join(words[:_LISTED]) + (f" and {more} more" if more > 0 else "")
