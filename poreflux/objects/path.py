"""A place in a bucket with the methods of ``pathlib.Path`` that stores are read and written by."""

import io
import time
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any, cast

from poreflux.objects.bucket import SCHEMES, Bucket, Head, bucket

#: seconds for which what is known of an object is not asked again
_KNOWN_FOR = 2.0


def at(path: "str | Path | ObjectPath") -> Path:
    """Return a place: a path of this machine, or one in an object storage.

    Parameters
    ----------
    path
        such as ``vol.zarr``, ``s3://bucket/vol.zarr``, ``gs://...``, ``memory://...`` (a storage
        within this process).

    Examples
    --------
    >>> at("vol.zarr").name, str(at("s3://tomo/day-1/vol.zarr").parent)
    ('vol.zarr', 's3://tomo/day-1')
    >>> at("ftp://tomo/vol.zarr")
    Traceback (most recent call last):
    ValueError: 'ftp://tomo/vol.zarr' is in no storage that is known: s3://, gs://, memory://
    """
    if isinstance(path, ObjectPath):
        return cast(Path, path)
    text = str(path)
    scheme, separator, rest = text.partition("://")
    if not separator or "/" in scheme:
        return Path(path)
    if scheme == "file":
        return Path(rest)
    if scheme not in SCHEMES:
        raise ValueError(
            f"{text!r} is in no storage that is known: "
            f"{', '.join(f'{name}://' for name in SCHEMES)}"
        )
    name, _, key = rest.partition("/")
    keys = [part for part in key.split("/") if part not in ("", ".")]
    if not name or ".." in keys:
        raise ValueError(
            f"{text!r} names no place in a bucket; give such as {scheme}://bucket/name"
        )
    return cast(Path, ObjectPath(scheme, name, "/".join(keys)))


def is_remote(path: Any) -> bool:
    """Return whether a place is in an object storage."""
    return isinstance(path, ObjectPath)


class ObjectPath:
    """A key in a bucket, and with it what lies below it, as if it were a folder."""

    def __init__(self, scheme: str, bucket_name: str, key: str):
        self.scheme, self.bucket_name, self.key = scheme, bucket_name, key

    @property
    def bucket(self) -> Bucket:
        return bucket(self.scheme, self.bucket_name)

    def __reduce__(self) -> tuple:
        if self.scheme == "memory":
            raise ValueError(
                f"{self} is in the memory of one process, and others cannot read it; take s3:// or "
                "a file system that all share"
            )
        return ObjectPath, (self.scheme, self.bucket_name, self.key)

    def __dask_tokenize__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        return f"{self.scheme}://{self.bucket_name}/{self.key}".rstrip("/")

    def __repr__(self) -> str:
        return f"at({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ObjectPath) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))

    def __lt__(self, other: "ObjectPath") -> bool:
        return str(self) < str(other)

    def __truediv__(self, other: "str | Path") -> "ObjectPath":
        below = str(other)
        return self if below in ("", ".") else self._with(f"{self.key}/{below}".lstrip("/"))

    def joinpath(self, *below: str) -> "ObjectPath":
        return self / "/".join(below)

    @property
    def parts(self) -> tuple[str, ...]:
        return (f"{self.scheme}://{self.bucket_name}", *filter(None, self.key.split("/")))

    @property
    def name(self) -> str:
        return self.key.rpartition("/")[2]

    @property
    def suffix(self) -> str:
        return Path(self.name).suffix

    @property
    def stem(self) -> str:
        return Path(self.name).stem

    @property
    def parent(self) -> "ObjectPath":
        return self._with(self.key.rpartition("/")[0])

    @property
    def parents(self) -> tuple["ObjectPath", ...]:
        """Return the places above, up to the first below the bucket."""
        above, place = [], self
        while place.parent.key:
            place = place.parent
            above.append(place)
        return tuple(above)

    def with_name(self, name: str) -> "ObjectPath":
        return self.parent / name

    def relative_to(self, other: "ObjectPath") -> Path:
        if not self.is_relative_to(other):
            raise ValueError(f"{self} is not below {other}")
        return Path(str(self)[len(str(other)) + 1 :])

    def is_relative_to(self, other: object) -> bool:
        return str(self) == str(other) or str(self).startswith(f"{other}/")

    def resolve(self) -> "ObjectPath":
        return self

    absolute = expanduser = resolve

    def exists(self) -> bool:
        return self.is_file() or self.is_dir()

    def is_file(self) -> bool:
        return bool(self.key) and self._head() is not None

    def is_dir(self) -> bool:
        return self.bucket.has_below(self.key)

    def is_symlink(self) -> bool:
        return False

    def stat(self) -> Any:
        """Return size and time of change of an object; its tag in the place of an inode."""
        head = self._head()
        if head is None:
            raise FileNotFoundError(2, "No such object", str(self))
        seconds = head.modified.timestamp()
        return SimpleNamespace(
            st_size=head.size,
            st_mtime=seconds,
            st_mtime_ns=int(seconds * 1e9),
            st_ino=head.tag,
        )

    def read_bytes(self) -> bytes:
        return self.bucket.get(self.key)

    def read_text(self, encoding: str = "utf-8") -> str:
        return self.read_bytes().decode(encoding)

    def open(self, mode: str = "rb", buffering: int = 1 << 23) -> IO[bytes]:
        """Open an object for reading: ``buffering=0`` asks for no more than is read."""
        if mode != "rb":
            raise ValueError(f"mode={mode!r}: objects are written whole; use write_bytes")
        raw = _Reader(self.bucket, self.key, self.stat().st_size)
        return cast(IO[bytes], raw if buffering == 0 else io.BufferedReader(raw, buffering))

    def write_bytes(self, payload: bytes) -> None:
        """Write an object, whole or not at all."""
        try:
            self.bucket.put(self.key, payload)
        finally:
            _KNOWN.pop(self, None)

    def unlink(self, missing_ok: bool = True) -> None:
        try:
            self.bucket.delete([self.key])
        finally:
            _KNOWN.pop(self, None)

    def remove_tree(self) -> None:
        """Remove an object and all below it."""
        self.unlink()
        keys = [key for key, _ in self.bucket.keys(self.key)]
        for start in range(0, len(keys), 1000):
            self.bucket.delete(keys[start : start + 1000])
        self.forget()

    def forget(self) -> None:
        """Ask the storage again for all that is known of what lies here and below."""
        for known in [path for path in list(_KNOWN) if path.is_relative_to(self)]:
            _KNOWN.pop(known, None)

    def mkdir(self, parents: bool = False, exist_ok: bool = False) -> None:
        """Do nothing: a storage has no empty folders."""

    def iterdir(self) -> Iterator["ObjectPath"]:
        folders, objects = self.bucket.children(self.key)
        yield from (self / name for name in sorted({*folders, *objects}))

    def glob(self, pattern: str) -> Iterator["ObjectPath"]:
        """Yield the places that match, one level of the pattern after the other."""
        first, _, rest = pattern.partition("/")
        if any(letter in first for letter in "*?["):
            places = [path for path in self.iterdir() if fnmatchcase(path.name, first)]
        else:
            places = [self / first]
        for place in places:
            if rest:
                yield from place.glob(rest)
            elif place.exists():
                yield place

    def rglob(self, pattern: str) -> Iterator["ObjectPath"]:
        """Yield the objects below whose names match."""
        for key, head in self.bucket.keys(self.key):
            path = self._with(key)
            if fnmatchcase(path.name, pattern):
                _KNOWN[path] = time.monotonic(), head
                yield path

    def _head(self) -> Head | None:
        asked, head = _KNOWN.get(self, (0.0, None))
        if head is None or time.monotonic() - asked > _KNOWN_FOR:
            head = self.bucket.head(self.key)
            if len(_KNOWN) > 100_000:
                _KNOWN.clear()
            _KNOWN[self] = time.monotonic(), head
        return head

    def _with(self, key: str) -> "ObjectPath":
        return ObjectPath(self.scheme, self.bucket_name, key)


_KNOWN: dict[ObjectPath, tuple[float, Head | None]] = {}


class _Reader(io.RawIOBase):
    """An object as a file, of which only what is read is fetched."""

    def __init__(self, source: Bucket, key: str, size: int):
        self.source, self.key, self.size, self.position = source, key, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self.position, io.SEEK_END: self.size}[whence]
        if start + offset < 0:
            raise OSError(22, "Invalid argument")
        self.position = start + offset
        return self.position

    def readall(self) -> bytes:
        return self._take(self.size - self.position)

    def readinto(self, target: Any) -> int:
        view = memoryview(target).cast("B")
        payload = self._take(min(len(view), self.size - self.position))
        view[: len(payload)] = payload
        return len(payload)

    def _take(self, count: int) -> bytes:
        payload = self.source.get_range(self.key, self.position, count)
        self.position += len(payload)
        return payload
