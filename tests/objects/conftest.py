"""Servers that speak S3 and the interface of Google, and buckets in them."""

import json
import logging
import threading
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


@pytest.fixture
def google(tmp_path, monkeypatch):
    """Return a server that speaks as Google's, in a process that asks it for ``gs://``."""
    from tests.objects.google import Google

    with Google() as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        account = {"gcs_base_url": running.address, "disable_oauth": True, "client_email": ""}
        account |= {"private_key": "", "private_key_id": ""}
        (tmp_path / "account.json").write_text(json.dumps(account))
        monkeypatch.setenv("GOOGLE_SERVICE_ACCOUNT", str(tmp_path / "account.json"))
        monkeypatch.setenv("GOOGLE_ALLOW_HTTP", "true")
        yield running
        running.shutdown()


@pytest.fixture(params=["s3", "gs"])
def any_cloud(request):
    """Return a new bucket of either kind of storage."""
    from poreflux.objects import at

    if request.param == "s3":
        return request.getfixturevalue("cloud")
    request.getfixturevalue("google")
    return at(f"gs://b-{uuid.uuid4().hex}/day")
