"""Results of two samples with all that figures show, and each figure drawn once."""

import functools

import numpy as np
import pytest

import poreflux as pf
from tests.plot.figures import draw


def of_sample(porosity, edge, voxel_size):
    """Return all that figures show, of a scan with round pores."""
    rng = np.random.default_rng(edge)
    index, pore = np.indices((edge,) * 3), np.zeros((edge,) * 3, bool)
    for centre in rng.uniform(0, edge, (int(100 * porosity), 3)):
        pore |= ((index - centre[:, None, None, None]) ** 2).sum(0) < 2.5**2
    gray = (np.where(pore, 40, 140) + rng.normal(0, 8, pore.shape)).astype(np.uint8)
    scan = pf.from_array(gray, kind="gray", voxel_size=voxel_size)
    volume = pf.segment(scan, method="threshold", threshold=90)
    solved = [pf.block_tortuosity(volume, blocks=(n,) * 3, rtol=1e-2) for n in (2, 3)]
    cubes = {edge * voxel_size / n: blocks for n, blocks in zip((2, 3), solved)}
    parts = [
        pf.porosity(volume), pf.porosity_profile(volume), pf.structure_factor(volume),
        pf.block_porosity(volume, blocks=(2, 2, 2)), pf.pore_size(volume),
        pf.pore_size(volume, method="thickness"), pf.chord_length(volume),
        pf.surface_area(volume), pf.two_point_correlation(volume), pf.spectral_density(volume),
        pf.representative_volume(volume, edges=[4 * voxel_size, 6 * voxel_size]),
        pf.preview(volume), solved[0], pf.representative_tortuosity(cubes),
        pf.interfacial_current(volume, wagner_lengths=[0, 2], rtol=1e-2),
        pf.segmentation_sensitivity(volume),
    ]  # fmt: skip
    return pf.collect(*parts, volume=volume)


@pytest.fixture(scope="session")
def samples():
    return {"loose": of_sample(0.3, 16, 0.92), "dense": of_sample(0.1, 18, 1.5)}


@pytest.fixture(scope="session")
def joined(samples):
    return pf.join_results(samples)


@pytest.fixture(scope="session")
def drawn(samples, joined):
    """Return what draws a figure of so many samples, each once."""

    @functools.cache
    def figure(name, count):
        if count < 6:
            return draw(name, samples["loose"] if count == 1 else joined)
        names = [f"{powder} {pressure} MPa" for powder in ("fine", "regular") for pressure in "135"]
        return draw(name, *([*samples.values()] * 3), names=names)

    return figure
