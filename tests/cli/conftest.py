"""Small real volumes as files."""

from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import tifffile

#: sides of the crop of the cement tomogram, all different and one odd
SHAPE = (40, 44, 47)


@pytest.fixture(scope="session")
def crop() -> np.ndarray:
    """Return a corner of the shipped tomogram."""
    whole = tifffile.imread(str(files("poreflux") / "data" / "cement.tif"))
    return np.ascontiguousarray(whole[: SHAPE[0], : SHAPE[1], : SHAPE[2]])


@pytest.fixture(scope="session")
def scan(crop, tmp_path_factory) -> Path:
    """Return a TIFF of the crop."""
    path = tmp_path_factory.mktemp("scan") / "scan.tif"
    tifffile.imwrite(path, crop)
    return path
