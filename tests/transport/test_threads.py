"""No solve leaves threads behind, however it ends."""

import threading

import numpy as np
import pytest

import poreflux


class Interrupted(Exception):
    pass


def stop(*_):
    raise Interrupted


SOLVES = [
    poreflux.tortuosity_factor,
    poreflux.tortuosity_profile,
    poreflux.dissipation,
    poreflux.effective_tensor,
    poreflux.interfacial_current,
    poreflux.block_tortuosity,
]


@pytest.mark.parametrize("progress", [None, stop])
@pytest.mark.parametrize("solve", SOLVES, ids=lambda solve: solve.__name__)
def test_threads_end_with_the_solve(solve, progress):
    labels = (np.random.default_rng(1).random((12, 70, 80)) > 0.1).astype(np.uint8)
    volume = poreflux.from_array(labels)
    options = {} if solve is poreflux.block_tortuosity else {"threads": 3}
    before = {thread.name for thread in threading.enumerate()}
    if progress is None:
        solve(volume, **options)
    else:
        with pytest.raises(Interrupted):
            solve(volume, progress=progress, **options)
    left = [thread for thread in threading.enumerate() if thread.name not in before]
    # the pool of dask is shared by all block computations of a process
    assert [thread for thread in left if solve is not poreflux.block_tortuosity] == []
