"""One bucket of an object storage: conditional puts, ranges, lists; failures in one sentence.

The client is obstore, the same for all storages: it has the put that succeeds only where nothing,
or nothing new, is there, on which the lock of a store in the making rests.
"""

import importlib.util
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple, TypeVar

from poreflux.errors import Unreachable
from poreflux.objects.credentials import google_http, s3_settings

SCHEMES = ("s3", "gs", "memory")

#: a server that does not answer is asked again so often, and for so long
RETRIES, PATIENCE = 5, timedelta(seconds=20)

_T = TypeVar("_T")


class Head(NamedTuple):
    """What a storage says of an object without its content.

    Attributes
    ----------
    tag
        of its content: the same for the same bytes, where the storage does not say otherwise.
    version
        of the object, where the storage counts its writes (the generation of Google's).
    """

    size: int
    modified: datetime
    tag: str
    version: str | None = None


class Bucket:
    """The objects of one bucket, by their keys."""

    def __init__(self, scheme: str, name: str, client: Any):
        self.scheme, self.name, self.client = scheme, name, client

    def __str__(self) -> str:
        return f"{self.scheme}://{self.name}"

    def head(self, key: str) -> Head | None:
        """Return what is known of an object; None where there is none."""
        found = self._ask(lambda obs: obs.head(self.client, key), missing=True)
        if found is None:
            return None
        return _head(found)

    def get(self, key: str) -> bytes:
        """Return the content of an object; raise ``FileNotFoundError`` where there is none."""
        return self._found(
            key, lambda obs: obs.get(self.client, key).bytes().to_bytes(), missing=True
        )

    def get_range(self, key: str, start: int, length: int) -> bytes:
        """Return a part of an object."""
        if length <= 0:
            return b""
        return self._found(
            key,
            lambda obs: obs.get_range(self.client, key, start=start, length=length).to_bytes(),
            missing=True,
        )

    def put(self, key: str, payload: bytes) -> None:
        """Write an object, whole or not at all."""
        self._ask(lambda obs: obs.put(self.client, key, payload))

    def create(self, key: str, payload: bytes) -> bool:
        """Write an object where there is none; return whether it is this one that is there."""
        from obstore.exceptions import AlreadyExistsError, PreconditionError

        def put(obs: Any) -> bool:
            try:
                obs.put(self.client, key, payload, mode="create")
            except (AlreadyExistsError, PreconditionError):
                return False
            return True

        # an answer that was lost on the way makes the client ask once more, and find its own object
        return self._ask(put) or self._is(key, payload)

    def replace(self, key: str, payload: bytes, there: Head) -> bool:
        """Write an object where what is there is still this; return whether it was so."""
        from obstore.exceptions import AlreadyExistsError, NotFoundError, PreconditionError

        mode = {"e_tag": there.tag}
        if there.version is not None:
            mode["version"] = there.version

        def put(obs: Any) -> bool:
            try:
                obs.put(self.client, key, payload, mode=mode)
            except (AlreadyExistsError, NotFoundError, PreconditionError, FileNotFoundError):
                return False
            return True

        return self._ask(put) or self._is(key, payload)

    def copy(self, source: str, target: str) -> None:
        """Copy an object within the bucket; its bytes do not leave the storage."""
        self._ask(lambda obs: obs.copy(self.client, source, target))

    def delete(self, keys: Sequence[str]) -> None:
        """Remove objects; those that are not there are no failure."""
        if not keys:
            return

        def remove(obs: Any) -> None:
            try:
                obs.delete(self.client, list(keys))
            except FileNotFoundError:
                if len(keys) > 1:
                    for key in keys:
                        self.delete([key])

        self._ask(remove)

    def children(self, prefix: str) -> tuple[list[str], list[str]]:
        """Return the names of the folders, and of the objects, right below a prefix."""
        listed = self._ask(lambda obs: obs.list_with_delimiter(self.client, prefix or None))
        folders = [key.rstrip("/").rpartition("/")[2] for key in listed["common_prefixes"]]
        objects = [item["path"] for item in listed["objects"]]
        return folders, [key.rpartition("/")[2] for key in objects if key != prefix]

    def keys(self, prefix: str) -> Iterator[tuple[str, Head]]:
        """Yield the key of each object below a prefix, and what is known of it."""
        below = f"{prefix}/" if prefix else None
        stream = self._ask(lambda obs: iter(obs.list(self.client, below)))
        while (items := self._ask(lambda obs: next(stream, None))) is not None:
            for item in items:
                yield item["path"], _head(item)

    def has_below(self, prefix: str) -> bool:
        """Return whether there is an object below a prefix."""
        stream = self._ask(
            lambda obs: iter(obs.list(self.client, f"{prefix}/" if prefix else None, chunk_size=1))
        )
        return bool(self._ask(lambda obs: next(stream, None)))

    def _is(self, key: str, payload: bytes) -> bool:
        try:
            return self.get(key) == payload
        except FileNotFoundError:
            return False

    def _found(self, key: str, call: Callable[[Any], _T], *, missing: bool) -> _T:
        answer = self._ask(call, missing=missing)
        if answer is None:
            raise FileNotFoundError(2, "No such object", f"{self}/{key}")
        return answer

    def _ask(self, call: Callable[[Any], _T], *, missing: bool = False) -> Any:
        """Return what the storage answers; None where an object may be ``missing`` and is."""
        import obstore

        try:
            return call(obstore)
        except FileNotFoundError as error:
            if missing and "NoSuchBucket" not in str(error):
                return None
            raise self._failure(error) from error
        except obstore.exceptions.BaseError as error:
            raise self._failure(error) from error

    def _failure(self, error: BaseException) -> Exception:
        """Return the failure that says in one sentence what is wrong and what to do."""
        text = str(error)
        for words, sentence in _SENTENCES:
            if any(word in text for word in words):
                return Unreachable(sentence.format(bucket=self, where=_where(text)))
        if isinstance(error, FileNotFoundError):
            return error
        reason = " ".join(text.partition("Debug source")[0].split())[:300]
        return Unreachable(f"{self} refuses: {reason}")


def _head(found: Any) -> Head:
    return Head(
        found["size"], found["last_modified"], found["e_tag"] or "", found.get("version") or None
    )


_SENTENCES = (
    (
        ("NoSuchBucket", "bucket does not exist"),
        "there is no bucket {bucket}; make it, or check its name",
    ),
    (
        ("InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "ExpiredToken", "401 Un"),
        "{bucket} does not accept the credentials; check AWS_ACCESS_KEY_ID and "
        "AWS_SECRET_ACCESS_KEY, or ~/.aws/credentials (for gs:// GOOGLE_APPLICATION_CREDENTIALS)",
    ),
    (
        ("169.254.169.254", "metadata.google.internal", "Metadata Request", "latest/api/token"),
        "no credentials for {bucket}; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write "
        "~/.aws/credentials (a public bucket: AWS_SKIP_SIGNATURE=true; for gs:// "
        "GOOGLE_APPLICATION_CREDENTIALS)",
    ),
    (
        ("403 Forbidden", "AccessDenied"),
        "{bucket} denies access with these credentials; check AWS_ACCESS_KEY_ID and "
        "AWS_SECRET_ACCESS_KEY, or ~/.aws/credentials, and that they may read this bucket, and "
        "write where something is written",
    ),
    (
        ("error sending request", "dns error", "timed out", "timeout", "connect"),
        "the storage of {bucket} does not answer{where}; check AWS_ENDPOINT_URL (of s3://) and the "
        "network, then run the same command again",
    ),
    (
        ("301 Moved", "PermanentRedirect", "AuthorizationHeaderMalformed"),
        "{bucket} is in another region; set AWS_REGION to its own",
    ),
)


def _where(text: str) -> str:
    """Return the address in a message of the client."""
    address = next((word for word in text.split() if word.startswith("http")), "")
    return f" at {'/'.join(address.split('/')[:3])}" if address else ""


_OPENING = threading.Lock()


def bucket(scheme: str, name: str) -> Bucket:
    """Return a bucket, the same one for the same name."""
    with _OPENING:
        return _bucket(scheme, name)


@cache
def _bucket(scheme: str, name: str) -> Bucket:
    if importlib.util.find_spec("obstore") is None:
        raise Unreachable(
            f"{scheme}://{name} needs the package obstore; pip install 'poreflux[cloud]'"
        )
    from obstore import store

    options: dict[str, Any] = {
        "retry_config": {
            "max_retries": RETRIES,
            "retry_timeout": PATIENCE,
            "backoff": {
                "init_backoff": timedelta(milliseconds=100),
                "max_backoff": timedelta(seconds=3),
                "base": 2,
            },
        },
        "client_options": {"connect_timeout": timedelta(seconds=5)},
    }
    try:
        if scheme == "memory":
            return Bucket(scheme, name, store.MemoryStore())
        if scheme == "gs":
            if google_http():
                options["client_options"]["allow_http"] = True
            return Bucket(scheme, name, store.GCSStore(name, **options))
        settings, http = s3_settings()
        if http:
            options["client_options"]["allow_http"] = True
        return Bucket(scheme, name, store.S3Store(name, **{**options, **settings}))
    except Exception as error:
        reason = " ".join(str(error).partition("Debug source")[0].split())[:200]
        raise Unreachable(f"{scheme}://{name} cannot be opened: {reason}") from error
