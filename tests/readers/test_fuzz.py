"""A damaged file is read, or refused by name; nothing else comes out of a reader."""

import logging
import random
import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from poreflux.errors import TooLarge, UnreadableImage
from poreflux.readers import read
from tests.faults.table import record, tries
from tests.readers.files import FORMATS, FRAGILE

STACK = np.random.default_rng(7).integers(0, 99, (3, 6, 7)).astype(np.uint16)


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    """Return the bytes and suffix of one small file of each format."""
    found = {}
    for name in FRAGILE:
        path, _ = FORMATS[name](tmp_path_factory.mktemp("fuzz"), STACK)
        found[name] = (path.read_bytes(), path.suffix)
    return found


@pytest.fixture(scope="module")
def tried():
    """Return counts of files and of ends that are wrong, by format; note them at the end."""
    counts = {name: [0, 0] for name in FRAGILE}
    yield counts
    for name, (count, wrong) in counts.items():
        if count:
            record(
                "bytes altered, file cut", f"read: {name}", count, wrong, "read, or refused by name"
            )


damages = st.lists(st.tuples(st.integers(0, 2**20), st.integers(0, 255)), min_size=0, max_size=4)


@pytest.mark.parametrize("name", FRAGILE)
@given(damage=damages, cut=st.one_of(st.just(None), st.floats(0, 1)), near=st.booleans())
@settings(
    max_examples=tries(60, 400),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_a_damaged_file_is_read_or_refused(
    tmp_path_factory, originals, tried, name, damage, cut, near
):
    path = tmp_path_factory.getbasetemp() / f"damaged{originals[name][1]}"
    path.write_bytes(damaged(originals[name][0], damage, cut, near))
    tried[name][0] += 1
    tried[name][1] += 1  # until it ends well
    require_read_or_refused(path)
    tried[name][1] -= 1


@pytest.mark.slow
@pytest.mark.parametrize("name", FRAGILE)
def test_hundreds_of_damaged_files_of_a_format_are_read_or_refused(tmp_path, originals, name):
    """With the ordinary tests 5 000 files, of all formats."""
    rng = random.Random(name)
    content, suffix = originals[name]
    path = tmp_path / f"damaged{suffix}"
    for _ in range(270):
        damage = [(rng.randrange(2**20), rng.randrange(256)) for _ in range(rng.randrange(1, 5))]
        cut = rng.random() if rng.random() < 0.2 else None
        altered = damaged(content, damage, cut, rng.random() < 0.5)
        path.write_bytes(altered)
        try:
            require_read_or_refused(path)
        except Exception as error:
            (tmp_path / f"kept{suffix}").write_bytes(altered)
            raise AssertionError(f"see {tmp_path}/kept{suffix}") from error


def damaged(content: bytes, damage, cut: float | None, near: bool) -> bytes:
    """Return what a file holds with other bytes at some places, and an end cut off."""
    altered = bytearray(content)
    for place, value in damage:
        # headers are where damage is interesting
        altered[place % (min(400, len(altered)) if near else len(altered))] = value
    return bytes(altered if cut is None else altered[: int(cut * len(altered))])


def require_read_or_refused(path) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            volume = read(path, voxel_size=1)
            if volume.gray.nbytes < 2**24:
                volume.gray.values  # noqa: B018  the chunks are read too
    except (UnreadableImage, ValueError, TooLarge):
        pass


def test_readers_keep_others_logs_quiet():
    assert not logging.getLogger("tifffile").isEnabledFor(logging.ERROR)
