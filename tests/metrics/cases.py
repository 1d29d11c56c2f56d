"""Small volumes in chunks of any shape, for the tests of metrics."""

import dask.array as da
import numpy as np
import xarray as xr
from hypothesis import strategies as st

from poreflux import from_array
from poreflux.blocks import compute
from poreflux.readers.lazy import from_chunks
from poreflux.schema import DIMS


@st.composite
def chunked_volumes(draw, longest: int = 13) -> tuple[xr.Dataset, xr.Dataset]:
    """Draw a Volume in memory, with or without a mask, and the same in chunks of odd shapes."""
    shape = draw(st.tuples(*[st.integers(1, longest)] * 3))
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    whole = from_array(rng.random(shape) > 0.3, voxel_size=(0.5, 1.0, 2.0))
    if draw(st.booleans()):
        whole["mask"] = (DIMS, rng.random(shape) > 0.2)
    pieces = whole.copy()
    for name in whole.data_vars:
        pieces[name] = (DIMS, da.from_array(whole[name].values, draw(chunks_of(shape))))
        pieces[name].attrs = whole[name].attrs
    return whole, pieces


@st.composite
def chunks_of(draw, shape):
    """Draw the sizes of chunks along each axis, thin ones too."""
    chunks = []
    for n in shape:
        cuts = sorted(draw(st.sets(st.integers(1, n - 1), max_size=5))) if n > 1 else []
        chunks.append(tuple(np.diff([0, *cuts, n]).tolist()))
    return tuple(chunks)


class CountingSource:
    """Voxels that count how often each of them is read."""

    def __init__(self, values):
        self.values, self.reads = values, np.zeros(values.shape, int)

    def read(self, start, stop):
        """Return the voxels of a box."""
        box = tuple(map(slice, start, stop))
        self.reads[box] += 1
        return self.values[box]


def counting_volume(values, chunks, *, kind="phase") -> tuple[CountingSource, xr.Dataset]:
    """Return a source that counts, and the lazy Volume of it."""
    source = CountingSource(values)
    lazy = from_chunks(source.read, values.shape, values.dtype, chunks, token=id(source))
    return source, from_array(lazy, kind=kind)


def value(dataset: xr.Dataset) -> xr.Dataset:
    """Return the values of a lazy Dataset."""
    return compute(dataset)[0]


def field(shape, length: float, fraction: float, seed: int) -> np.ndarray:
    """Return the solid of a stationary medium with a fraction of pores of this length in voxels."""
    rng = np.random.default_rng(seed)
    room = tuple(n + int(6 * length) for n in shape)  # so that the crop is not periodic
    waves = np.meshgrid(*map(np.fft.fftfreq, room), indexing="ij", sparse=True)
    transfer = np.exp(-sum(k**2 for k in waves) * (2 * np.pi * length) ** 2 / 4)
    smooth = np.fft.ifftn(np.fft.fftn(rng.standard_normal(room)) * transfer).real
    smooth = smooth[tuple(map(slice, shape))]
    return smooth > np.quantile(smooth, fraction)


def blocks_of_pores(seed: int, n: int, edge: int, porosity: float = 0.2) -> np.ndarray:
    """Return the solid of cubes that are pores by chance, on a lattice at a chance position."""
    rng = np.random.default_rng(seed)
    solid = np.kron(rng.random((n // edge + 1,) * 3) > porosity, np.ones((edge,) * 3, bool))
    return solid[tuple(slice(at, at + n) for at in rng.integers(0, edge, 3))]
