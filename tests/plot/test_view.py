"""The view of a phase from outside, against shapes whose outline is known."""

import numpy as np
import pytest

from poreflux.plot.view import cast


def ball(shape, radius, voxel_size=(1.0, 1.0, 1.0)):
    """Return the fraction of each voxel inside a ball, to a fraction of a voxel by distance."""
    size = np.array(voxel_size)[:, None, None, None]
    offset = (np.indices(shape) + 0.5) * size - np.array(shape)[:, None, None, None] * size / 2
    distance = np.sqrt(np.sum(offset**2, axis=0))
    return np.clip(radius - distance + 0.5, 0, 1).astype(np.float32)


def seen_area(view, extent) -> float:
    """Return the area in µm² of the pixels that show the phase."""
    columns = [c for c, _, _ in view.corners.values()]
    rows = [r for _, r, _ in view.corners.values()]
    width = _span(extent, view)
    step = width / (max(columns) - min(columns))
    assert min(rows) == pytest.approx(0, abs=1e-9)
    return float(np.isfinite(view.light).sum() * step**2)


def _span(extent, view):
    """Return the width of the outline in µm: the depth of two corners fixes the scale."""
    a, b = view.corners[(0, 0, 0)], view.corners[(1, 1, 1)]
    flat = np.hypot(a[0] - b[0], a[1] - b[1])
    across = np.sqrt(np.sum(np.square(extent)) - (a[2] - b[2]) ** 2)
    columns = [c for c, _, _ in view.corners.values()]
    return (max(columns) - min(columns)) * across / flat


@pytest.mark.parametrize("azimuth, elevation", [(32, 24), (10, 50), (75, 5)])
def test_a_ball_is_a_disc_of_its_radius_from_everywhere(azimuth, elevation):
    fraction = ball((40, 40, 40), 15.0)
    view = cast(fraction, pixels=200, azimuth=azimuth, elevation=elevation)
    # pixels on the rim count whole: 1 % of the area is 0.07 voxels of radius
    assert seen_area(view, (40, 40, 40)) == pytest.approx(np.pi * 15**2, rel=0.01)


def test_anisotropic_voxels_do_not_distort():
    fraction = ball((20, 40, 40), 15.0, (2.0, 1.0, 1.0))
    view = cast(fraction, (2.0, 1.0, 1.0), pixels=200)
    # the rim is 2 voxels wide along z, so the surface moves by a fraction of a voxel
    assert seen_area(view, (40, 40, 40)) == pytest.approx(np.pi * 15**2, rel=0.02)


def test_a_full_box_covers_its_outline():
    view = cast(np.ones((16, 24, 32), np.float32), pixels=200)
    a, e = np.deg2rad([32.0, 24.0])
    faces = {0: 24 * 32, 1: 16 * 32, 2: 16 * 24}
    along = (np.sin(e), np.cos(e) * np.cos(a), np.cos(e) * np.sin(a))
    outline = sum(faces[i] * along[i] for i in range(3))
    # the padded rim is cut half a voxel inside the faces: up to 2 x 0.5 of about 30 voxels
    assert seen_area(view, (16, 24, 32)) == pytest.approx(outline, rel=0.05)


def test_the_eye_looks_down_on_small_z():
    view = cast(np.ones((16, 16, 16), np.float32), pixels=100)
    top_row = np.flatnonzero(np.isfinite(view.height).any(axis=1))[2]
    assert np.nanmin(view.height) == pytest.approx(0, abs=0.6)
    assert np.nanmean(view.height[top_row]) < 1.0
    assert np.nanmean(view.height[-4]) > 14.0


def test_an_empty_volume_shows_nothing():
    view = cast(np.zeros((8, 8, 8), np.float32), pixels=50)
    assert np.isnan(view.light).all()


def test_faces_towards_the_lamp_are_brighter():
    view = cast(ball((40, 40, 40), 15.0), pixels=200)
    rows, columns = np.nonzero(np.isfinite(view.light))
    half = np.median(rows)
    assert view.light[rows, columns][rows < half].mean() > (
        1.2 * view.light[rows, columns][rows > half].mean()
    )
