"""Boxes are pure arithmetic."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poreflux.transport.parallel.checkpoint import chunk_depth
from poreflux.transport.parallel.partition import partition

SIZES = st.integers(1, 700)
unhurried = settings(deadline=None)


@unhurried
@given(SIZES, st.integers(1, 40), st.sampled_from([1, 5, 32, 100, 128]))
def test_boxes_cover_the_planes_once_with_two_or_more_in_each(planes, processes, chunk):
    edges = partition((planes, 50, 60), processes, chunk).edges
    widths = [b - a for a, b in pairwise(edges)]
    assert edges[0] == 0
    assert edges[-1] == planes
    assert len(widths) == 1 or min(widths) >= 2
    assert len(widths) <= processes


@unhurried
@given(SIZES, st.integers(2, 40))
def test_boxes_start_at_even_planes_and_have_two_on_every_shared_grid(planes, processes):
    layout = partition((planes, 90, 90), processes)
    if layout.boxes == 1:
        return
    edges = layout.edges
    assert layout.grids >= 1
    for _ in range(layout.grids):
        assert all(edge % 2 == 0 for edge in edges[:-1])
        assert all(b - a >= 2 for a, b in pairwise(edges))
        edges = [(edge + 1) // 2 for edge in edges]


@unhurried
@given(SIZES, st.integers(2, 16))
def test_no_process_has_more_than_its_share_and_one_granule(planes, processes):
    layout = partition((planes, 20, 20), processes)
    widest = max(b - a for a, b in pairwise(layout.edges))
    assert widest <= planes / layout.boxes + layout.granule


@pytest.mark.parametrize("processes", [2, 4, 8, 16])
def test_boxes_follow_chunks_where_that_costs_nothing(processes):
    layout = partition((2048, 2048, 2048), processes, 128)
    assert all(edge % 128 == 0 for edge in layout.edges)


def test_a_chunk_of_a_quarter_of_the_planes_does_not_idle_half_of_the_processes():
    assert partition((256, 256, 256), 8, 64).boxes == 8


@unhurried
@given(SIZES, st.integers(1, 16), st.integers(10, 26))
def test_a_chunk_of_a_checkpoint_is_of_one_box(planes, processes, log_bytes):
    edges = partition((planes, 30, 30), processes).edges
    depth = chunk_depth(edges, 2**log_bytes)
    assert all(edge % depth == 0 for edge in edges[:-1])
