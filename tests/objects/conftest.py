"""A server that speaks S3, and a bucket in it."""

import logging
import urllib.request
import uuid

import pytest

#: what programs of a user find in their environment
KEYS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}


@pytest.fixture(scope="session")
def server():
    """Return the address of the server; it listens on the loopback, and lives with the tests."""
    moto = pytest.importorskip("moto.server", reason="the S3 server of the tests is not installed")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    running = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    yield f"http://{host}:{port}"
    running.stop()


@pytest.fixture
def cloud(server, monkeypatch):
    """Return a new bucket, ``s3://...``, in a process that has the keys to it."""
    from poreflux.objects import at

    for name, value in {**KEYS, "AWS_ENDPOINT_URL": server}.items():
        monkeypatch.setenv(name, value)
    name = f"b-{uuid.uuid4().hex}"
    request = urllib.request.Request(f"{server}/{name}", method="PUT")
    urllib.request.urlopen(request).close()
    return at(f"s3://{name}/day")
