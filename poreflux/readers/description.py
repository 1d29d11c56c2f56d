"""What a file says of itself, one value for all formats, and the volume that is chosen by it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from poreflux.errors import ChooseOne, UnreadableImage
from poreflux.schema import DIMS

#: axes that are chosen from, not along
CHANNEL, TIME = "c", "t"
_KNOWN = {
    **dict.fromkeys(("depth", "slice", "slices", "plane", "planes", "section"), "z"),
    **dict.fromkeys(("row", "rows", "height", "line", "lines"), "y"),
    **dict.fromkeys(("col", "cols", "column", "columns", "width"), "x"),
    **dict.fromkeys(("channel", "channels", "ch", "band", "component"), CHANNEL),
    **dict.fromkeys(("time", "times", "frame", "frames", "timepoint"), TIME),
}
_OPTIONS = {CHANNEL: "channel", TIME: "time"}
#: more than so many in the place of the slices are slices
_MOST_CHANNELS = 4


@dataclass(frozen=True)
class Axis:
    """One axis of an array as it is stored.

    Attributes
    ----------
    size
        number of voxels along it.
    name
        z, y, x, c (channel) or t (time); another name of the file's, or none, where it says none
        of these.
    spacing
        distance of voxels in µm, None where the file does not say.
    """

    size: int
    name: str = ""
    spacing: float | None = None


@dataclass(frozen=True)
class Description:
    """What a file says of itself.

    Attributes
    ----------
    format
        of the file, in words.
    axes
        of the array, as stored, the slowest first.
    dtype
        of its values.
    dataset
        name of the array in the file.
    others
        other arrays there are.
    photometric
        how its values are shown, where that is not "low values are black".
    spacing_from
        where the file says its spacings.
    notes
        what a reader of the numbers must know: assumptions, gaps, losses.
    """

    format: str
    axes: tuple[Axis, ...]
    dtype: str
    dataset: str | None = None
    others: tuple[str, ...] = ()
    photometric: str | None = None
    spacing_from: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the axes as stored."""
        return tuple(axis.size for axis in self.axes)

    def noting(self, *notes: str) -> "Description":
        """Return the same with more notes."""
        return replace(self, notes=(*self.notes, *notes))

    def lines(self) -> list[str]:
        """Return what the file says, in words.

        Examples
        --------
        >>> axes = Axis(20, "z", 0.5), Axis(32, "y", 0.25), Axis(40, "x", 0.25)
        >>> print(*Description("ImageJ TIFF", axes, "uint8").lines(), sep="\\n")
        ImageJ TIFF of uint8
        axes as stored: z 20, y 32, x 40
        spacing: z 0.5 µm, y 0.25 µm, x 0.25 µm
        """
        name = f" in {self.dataset}" if self.dataset else ""
        lines = [f"{self.format} of {self.dtype}{name}", f"axes as stored: {sizes(self.axes)}"]
        spacings = [f"{axis.name or '?'} {axis.spacing:g} µm" for axis in self.axes if axis.spacing]
        source = f" ({self.spacing_from})" if self.spacing_from else ""
        lines.append(f"spacing: {', '.join(spacings) or 'not in the file'}{source}")
        lines += [f"photometric: {self.photometric}"] if self.photometric else []
        return lines + ([f"other arrays: {', '.join(self.others)}"] if self.others else [])

    def document(self) -> dict:
        """Return what the file says, for machines."""
        return {
            "format": self.format,
            "axes": [
                {"name": axis.name or None, "size": axis.size, "spacing_um": axis.spacing}
                for axis in self.axes
            ],
            "dtype": self.dtype,
            "dataset": self.dataset,
            "other_datasets": list(self.others),
            "photometric": self.photometric,
            "spacing_from": self.spacing_from,
            "notes": list(self.notes),
        }


@dataclass(frozen=True)
class Wanted:
    """What the caller says of the file: which array, which of its axes is what, which channel."""

    dataset: str | None = None
    channel: int | None = None
    time: int | None = None
    axes: str | None = None
    series: str | None = None
    #: the value of chunks that are not in the file
    missing_as: float | None = None
    #: whether values may come from files outside of the folder
    allow_external: bool = False


@dataclass(frozen=True)
class Choice:
    """One volume out of an array.

    Attributes
    ----------
    index
        for each stored axis a number, or a slice of all where it is one of the volume's.
    order
        which of the axes kept is z, y and x.
    spacing
        along z, y and x in µm, None where the file does not say.
    notes
        what was taken for granted.
    """

    index: tuple[int | slice, ...]
    order: tuple[int, int, int]
    spacing: tuple[float | None, float | None, float | None]
    notes: tuple[str, ...] = ()

    @property
    def kept(self) -> tuple[int, ...]:
        """Which stored axes are the volume's."""
        return tuple(i for i, at in enumerate(self.index) if isinstance(at, slice))


def axis_name(said: str | None) -> str:
    """Return z, y, x, c or t for the name of an axis; other names as they are.

    Examples
    --------
    >>> [axis_name(name) for name in ("Z", "sample_x", "channel", "y (um)", "energy", None)]
    ['z', 'x', 'c', 'y', 'energy', '']
    """
    name = (said or "").strip().lower()
    if name in (*DIMS, CHANNEL, TIME, ""):
        return name
    if name in _KNOWN:
        return _KNOWN[name]
    letter = re.fullmatch(r"(?:.*[\W_])?([xyz])(?:[\W_].*)?", name)
    return letter[1] if letter else name


def named_axes(
    shape: Sequence[int],
    names: Sequence[str | None] = (),
    spacings: Sequence[float | None] = (),
) -> tuple[Axis, ...]:
    """Return axes of a shape; names that say one thing of two axes are dropped.

    Examples
    --------
    >>> [axis.name for axis in named_axes((4, 5, 6), ("x", "x", "z"))]
    ['', '', 'z']
    """
    known = [axis_name(name) for name in names] if len(names) == len(shape) else [""] * len(shape)
    lengths = list(spacings) if len(spacings) == len(shape) else [None] * len(shape)
    return tuple(
        Axis(int(n), name if known.count(name) == 1 else "", _length(h))
        for n, name, h in zip(shape, known, lengths)
    )


def sizes(axes: Sequence[Axis]) -> str:
    """Return names and lengths of axes, in words."""
    return ", ".join(f"{axis.name or '?'} {axis.size}" for axis in axes) or "none"


def choose(described: Description, path: str | Path, wanted: Wanted) -> Choice:
    """Return the volume that is meant: by the names of the axes first, then by their order.

    Raises
    ------
    ChooseOne
        where there is more than one, with the axes and the arguments that choose.
    UnreadableImage
        where there is none.
    """
    axes = _renamed(described.axes, path, wanted)
    index: list[int | slice] = [slice(None)] * len(axes)
    asked = {CHANNEL: wanted.channel, TIME: wanted.time}
    for name, number in asked.items():
        places = [i for i, axis in enumerate(axes) if axis.name == name]
        if number is not None and (places or number != 0):  # the only one there is is number 0
            place = _place(places, axes, name, path)
            index[place] = _number(number, axes, place, path)
        elif places and axes[places[0]].size == 1:
            index[places[0]] = 0
    left = [i for i, at in enumerate(index) if isinstance(at, slice)]
    for i in reversed(left):
        if len(left) > 3 and axes[i].size == 1 and axes[i].name not in DIMS:
            index[i] = 0
            left.remove(i)
    for i in reversed(left):  # a plane or row of length one, where names leave no other way
        if len(left) > 3 and axes[i].size == 1:
            index[i] = 0
            left.remove(i)
    open_ = [axes[i] for i in left]
    notes = _mistaken(open_)
    if notes:  # programs write a stack as channels or times where nobody says what it is
        open_ = [replace(axis, name="") if axis.name in _OPTIONS else axis for axis in open_]
    _require_three(described, axes, open_, path)
    names = [axis.name if axis.name in DIMS else "" for axis in open_]
    spare = iter(dim for dim in DIMS if dim not in names)
    names = [name or next(spare) for name in names]
    order = tuple(names.index(dim) for dim in DIMS)
    spacing = tuple(open_[i].spacing for i in order)
    return Choice(tuple(index), order, spacing, notes)  # type: ignore[arg-type]  # three of each


def _length(value: float | None) -> float | None:
    """Return a length that can be one, or None."""
    if value is None:
        return None
    length = abs(float(value))
    return length if 0 < length < float("inf") else None


def _renamed(axes: tuple[Axis, ...], path: str | Path, wanted: Wanted) -> tuple[Axis, ...]:
    """Return the axes with the names that the caller gives them, in the order of the file."""
    if wanted.axes is None:
        return axes
    chosen = {CHANNEL: wanted.channel, TIME: wanted.time}
    everything = list(range(len(axes)))
    long = [i for i in everything if axes[i].size > 1]
    rest = [i for i in long if chosen.get(axes[i].name) is None]
    for places in (everything, long, rest):
        if len(places) == len(wanted.axes):
            given = dict(zip(places, wanted.axes))
            # a name given to one axis is no longer that of another
            return tuple(
                replace(a, name=given.get(i, "" if a.name in wanted.axes else a.name))
                for i, a in enumerate(axes)
            )
    raise ChooseOne(
        f"axes={wanted.axes!r} names {len(wanted.axes)} axes, {path} has {sizes(axes)}; give one "
        "letter of z, y, x, c (channel) and t (time) for each, in this order"
    )


def _place(places: list[int], axes: Sequence[Axis], name: str, path: str | Path) -> int:
    if not places:
        raise ChooseOne(
            f"{_OPTIONS[name]} is given, and {path} has no such axis: it has {sizes(axes)}; leave "
            "it out, or say which axis is which with axes="
        )
    return places[0]


def _number(number: int, axes: Sequence[Axis], place: int, path: str | Path) -> int:
    count = axes[place].size
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < count:
        raise ChooseOne(
            f"{_OPTIONS[axes[place].name]}={number!r} is not in {path}; give 0 to {count - 1}"
        )
    return number


def _mistaken(open_: list[Axis]) -> tuple[str, ...]:
    """Return what to say where many channels or times stand in the place of the slices."""
    named = [axis for axis in open_ if axis.name in _OPTIONS]
    if len(open_) != 3 or len(named) != 1 or named[0].size <= _MOST_CHANNELS:
        return ()
    word = _OPTIONS[named[0].name]
    return (
        f"the axes are {sizes(open_)}: the {named[0].size} {word}s are taken as slices; give axes "
        "to say which axis is which",
    )


def _require_three(
    described: Description, axes: Sequence[Axis], open_: list[Axis], path: str | Path
) -> None:
    """Refuse what is no volume, or more than one."""
    shape = "x".join(str(axis.size) for axis in axes) or "()"
    where = f"{path}:{described.dataset}" if described.dataset else path
    if any(axis.size < 1 for axis in axes):
        raise UnreadableImage(
            f"{where} holds an array of shape {shape}; a volume has three axes (z, y, x), none "
            "empty"
        )
    many = [axis for axis in open_ if axis.name in _OPTIONS]
    if len(open_) > 3 or many:
        how = [f"{_OPTIONS[axis.name]}= (0 to {axis.size - 1})" for axis in many]
        unnamed = [axis for axis in open_ if axis.name not in (*DIMS, *_OPTIONS)]
        if len(open_) <= 3:
            how = ["axes='zyx' if these are the axes of a volume"]
        elif unnamed or not how:
            letters = (*DIMS, *_OPTIONS)
            how.append(
                f"axes=, a letter of {', '.join(letters)} for each, such as "
                f"{'tczyx'[-len(open_) :] if len(open_) < 6 else 'tczyx'!r}"
            )
        raise ChooseOne(
            f"{where} has the axes {sizes(axes)}, and a volume has three (z, y, x); choose with "
            f"{' and '.join(how)}"
        )
    if len(open_) < 3:
        kind = "one image" if len(open_) == 2 else "an array"
        raise UnreadableImage(
            f"{where} holds {kind} of shape {shape}; a volume has three axes (z, y, x), none empty"
        )
