"""The images of the comparison of solvers: blobs of seeded correlated noise, and TF-500."""

import zipfile
from pathlib import Path

import numpy as np

#: shares that conduct, and how many blobs lie along an edge, in the sense of PoreSpy
SHARES = (0.2, 0.35, 0.5, 0.7, 0.85)
BLOBINESS = (0.5, 1, 2)

#: the field's benchmark volume, where it lies beside the checkout
TF_500 = Path(__file__).parents[4] / "shared/data/TF-500x500x500-1x2x6-v3.tiff.zip"


def names() -> list[str]:
    """Return the names of the images, those of blobs as `blobs-SHARE-BLOBINESS`."""
    blobs = [f"blobs-{share:g}-{blobiness:g}" for blobiness in BLOBINESS for share in SHARES]
    return blobs + ["TF-500"] * TF_500.exists()


def image(name: str, n: int) -> np.ndarray:
    """Return an image, uint8 with 1 where it conducts; blobs have n³ voxels."""
    if name == "TF-500":
        return tf_500()
    share, blobiness = map(float, name.split("-")[1:])
    return blobs(n, share, blobiness)


def blobs(n: int, share: float, blobiness: float, seed: int = 1) -> np.ndarray:
    """Return an image of n³ voxels of which exactly `share` conduct.

    White Gaussian noise is smoothed by a Gaussian whose standard deviation is n / (40 blobiness)
    voxels, as PoreSpy's `blobs` does, and what lies above a level conducts.
    """
    from scipy.ndimage import gaussian_filter

    noise = np.random.default_rng(seed).standard_normal((n, n, n), np.float32)
    smooth = gaussian_filter(noise, n / (40 * blobiness), mode="wrap").ravel()
    blocked = round((1 - share) * smooth.size)
    order = np.argpartition(smooth, blocked)
    cells = np.zeros(smooth.size, np.uint8)
    cells[order[blocked:]] = 1
    return cells.reshape(n, n, n)


def tf_500() -> np.ndarray:
    """Return TF-500, 30 % of which conducts."""
    import tifffile

    with zipfile.ZipFile(TF_500) as archive:
        name = next(each for each in archive.namelist() if each.endswith((".tif", ".tiff")))
        return (tifffile.imread(archive.open(name)) == 255).astype(np.uint8)
