"""A solve that writes fields waits its turn, where --wait says so, as every other write does."""

import threading
import time

import numpy as np
import pytest

from poreflux import from_array, save
from poreflux.store.partial import making
from tests.cli.command import inside, refused


@pytest.mark.parametrize("verb", ["tortuosity", "current"])
def test_fields_wait_for_another_writer(tmp_path, verb):
    store = save(from_array(np.ones((8, 8, 8), np.uint8)), tmp_path / "v.zarr")
    words = ("solve", verb, "v.zarr", "--field", "--out", "r.zarr")
    held, done = threading.Event(), threading.Event()

    def hold():
        with making(store):
            held.set()
            done.wait(60)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(60)
    try:
        refused(inside(*words, cwd=tmp_path), 1, "another process", "--wait")
        threading.Timer(0.5, done.set).start()
        begun = time.monotonic()
        assert inside(*words, "--wait", cwd=tmp_path).status == 0
        assert time.monotonic() - begun > 0.4
    finally:
        done.set()
        holder.join()
