"""A server that speaks the XML interface of Google Cloud Storage, as far as its pages describe it.

Objects have a generation, a number that grows with each write; a put succeeds only where the
generation is the one asked for (0: where there is no object). Objects are kept in memory.
"""

import hashlib
import itertools
import threading
from datetime import UTC, datetime
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import time
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape


class Object(NamedTuple):
    content: bytes
    generation: int
    modified: float

    @property
    def tag(self) -> str:
        return f'"{hashlib.md5(self.content).hexdigest()}"'


class Google(ThreadingHTTPServer):
    """The server; ``asked`` counts the conditional puts that it was sent, and refused."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.objects: dict[str, Object] = {}
        self.parts: dict[str, dict[int, bytes]] = {}
        self.lock = threading.Lock()
        self.numbers = itertools.count(1)
        self.asked = {"conditional": 0, "refused": 0}

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Google

    def log_message(self, *_):
        pass

    def parse_request(self) -> bool:
        if not super().parse_request():
            return False
        parts = urlsplit(self.path)
        self.key = unquote(parts.path).lstrip("/")  # of the bucket and the object
        self.query = {name: values[0] for name, values in parse_qs(parts.query, True).items()}
        return True

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def of(self, found: Object) -> dict[str, str]:
        modified = formatdate(found.modified, usegmt=True)
        generation = {"x-goog-generation": str(found.generation)}
        return {"ETag": found.tag, "Last_Modified": modified, **generation}

    def do_PUT(self):
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        server = self.server
        with server.lock:
            if "uploadId" in self.query:
                server.parts[self.query["uploadId"]][int(self.query["partNumber"])] = content
                return self.answer(200, ETag=f'"{hashlib.md5(content).hexdigest()}"')
            source = self.headers.get("x-goog-copy-source")
            if source is not None:
                if unquote(source).lstrip("/") not in server.objects:
                    return self.answer(404)
                content = server.objects[unquote(source).lstrip("/")].content
            wanted = self.headers.get("x-goog-if-generation-match")
            there = server.objects.get(self.key)
            if wanted is not None:
                server.asked["conditional"] += 1
                if int(wanted) != (there.generation if there else 0):
                    server.asked["refused"] += 1
                    return self.answer(412)
            made = self.write(content)
        body = b"<CopyObjectResult/>" if source is not None else b""
        return self.answer(200, body, **self.of(made))

    def write(self, content: bytes) -> Object:
        made = Object(content, next(self.server.numbers), time())
        self.server.objects[self.key] = made
        return made

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with self.server.lock:
            if "uploads" in self.query:
                name = str(next(self.server.numbers))
                self.server.parts[name] = {}
                body = f"<UploadId>{name}</UploadId>"
                body = f"<InitiateMultipartUploadResult>{body}</InitiateMultipartUploadResult>"
                return self.answer(200, body.encode())
            parts = self.server.parts.pop(self.query["uploadId"])
            made = self.write(b"".join(parts[number] for number in sorted(parts)))
        body = f"<ETag>{escape(made.tag)}</ETag>"
        body = f"<CompleteMultipartUploadResult>{body}</CompleteMultipartUploadResult>"
        return self.answer(200, body.encode(), **self.of(made))

    def do_DELETE(self):
        with self.server.lock:
            known = self.server.objects.pop(self.key, None)
        return self.answer(204 if known else 404)

    def do_GET(self):
        with self.server.lock:
            if "list-type" in self.query:
                return self.answer(200, self.listed().encode())
            found = self.server.objects.get(self.key)
        if found is None:
            return self.answer(404)
        content, wanted = found.content, self.headers.get("Range")
        if wanted is None:
            return self.answer(200, content, **self.of(found))
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        start = int(first) if first else max(0, len(content) - int(last))
        stop = min(int(last) + 1, len(content)) if first and last else len(content)
        if start >= len(content):
            return self.answer(416)
        where = f"bytes {start}-{stop - 1}/{len(content)}"
        return self.answer(206, content[start:stop], Content_Range=where, **self.of(found))

    do_HEAD = do_GET

    def listed(self) -> str:
        """Return a page of the objects below a prefix; a page has at most 40."""
        bucket, prefix = self.key.rstrip("/"), self.query.get("prefix", "")
        delimiter, after = self.query.get("delimiter"), self.query.get("continuation-token", "")
        names = sorted(
            k[len(bucket) + 1 :] for k in self.server.objects if k.startswith(f"{bucket}/")
        )
        names = [name for name in names if name.startswith(prefix)]
        entries: dict[str, str] = {}
        for name in names:
            rest = name[len(prefix) :]
            if delimiter and delimiter in rest:
                folder = prefix + rest.partition(delimiter)[0] + delimiter
                text = f"<Prefix>{escape(folder)}</Prefix>"
                entries[folder] = f"<CommonPrefixes>{text}</CommonPrefixes>"
            else:
                entries[name] = self.entry(bucket, name)
        left = [name for name in entries if name > after]
        page = left[: int(self.query.get("max-keys", 40))]
        body = "".join(entries[name] for name in page)
        if len(left) > len(page):
            body += f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>"
        return f"<ListBucketResult>{body}</ListBucketResult>"

    def entry(self, bucket: str, name: str) -> str:
        found = self.server.objects[f"{bucket}/{name}"]
        modified = datetime.fromtimestamp(found.modified, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return (
            f"<Contents><Key>{escape(name)}</Key><Size>{len(found.content)}</Size>"
            f"<LastModified>{modified}</LastModified><ETag>{escape(found.tag)}</ETag></Contents>"
        )
