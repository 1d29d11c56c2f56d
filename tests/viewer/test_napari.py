"""What napari shows of a store: kinds of layers, places, units, pyramids, colours."""

import importlib.util
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
import yaml

import poreflux
from poreflux import results
from poreflux.viewer.napari import get_reader

ROOT = Path(__file__).parents[2]
SPACING = (2.0, 1.0, 0.5)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    rng = np.random.default_rng(1)
    labels = (rng.random((40, 20, 30)) < 0.8).astype(np.uint8)
    labels[-1, -1, -1] = 0
    volume = poreflux.from_array(labels, voxel_size=SPACING)
    gray = 100 * labels + rng.integers(0, 30, labels.shape)
    volume["gray"] = (("z", "y", "x"), gray.astype(np.uint16))
    path = poreflux.save(volume, tmp_path_factory.mktemp("store") / "vol.zarr", chunk=16)
    poreflux.tortuosity_factor(poreflux.open(path), field=path, rtol=1e-3)
    poreflux.store.add(poreflux.pore_labels(poreflux.open(path)), path)
    return path


def test_the_package_tells_napari_of_its_manifest():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    package, name = project["entry-points"]["napari.manifest"]["poreflux"].split(":")
    manifest = yaml.safe_load((ROOT / package / name).read_text(encoding="utf-8"))
    assert manifest["name"] == project["name"]
    (command,) = manifest["contributions"]["commands"]
    module, function = command["python_name"].split(":")
    assert getattr(importlib.import_module(module), function) is get_reader
    (reader,) = manifest["contributions"]["readers"]
    assert (reader["command"], reader["accepts_directories"]) == (command["id"], True)


def test_what_is_no_volume_is_left_to_others(store, tmp_path):
    assert get_reader(str(store)) is not None
    path = results.save(
        poreflux.collect(poreflux.porosity(poreflux.open(store))), tmp_path / "results.zarr"
    )
    for other in (str(tmp_path), "scan.tif", str(path), [str(store), str(store)]):
        assert get_reader(other) is None


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("napari") is None, reason="napari is not here")
def test_napari_opens_grey_values_labels_and_fields_in_their_places(store, tmp_path):
    """Its settings are kept elsewhere, and its warnings are its own: it has its own process."""
    environment = {**os.environ, "NAPARI_CONFIG": str(tmp_path / "settings.yaml")}
    ran = subprocess.run(
        [sys.executable, "-m", "tests.viewer.model", str(store)],
        capture_output=True, text=True, cwd=ROOT, env=environment, timeout=300,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    layers = {layer["name"]: layer for layer in json.loads(ran.stdout.splitlines()[-1])}
    assert list(layers) == [
        "gray", "current_density_magnitude", "potential", "pore_label", "phase",
    ]  # fmt: skip
    volume = poreflux.open(store)
    for layer in layers.values():
        assert layer["first"] == [1.0, 0.5, 0.25]  # half a voxel from the corner
        assert layer["last"] == [float(volume[dim][-1]) for dim in "zyx"]
        assert layer["units"] == ["micrometer"] * 3
        assert layer["visible"] == (layer["name"] in ("gray", "phase"))
    kinds = {name: layer["kind"] for name, layer in layers.items()}
    assert kinds["gray"] == kinds["potential"] == "Image"
    assert kinds["phase"] == kinds["pore_label"] == "Labels"
    pyramid = [[40, 20, 30], [20, 10, 15], [10, 5, 8]]
    assert layers["gray"]["shapes"] == layers["phase"]["shapes"] == pyramid
    for name in ("gray", "potential", "pore_label", "phase"):
        wanted = float(volume[name][-1, -1, -1])
        assert layers[name]["value"] == pytest.approx(wanted, nan_ok=True)
    assert layers["phase"]["status"].endswith("phase: pore")
    # pores are seen on the grey values, the solid is not
    assert layers["phase"]["colours"] == {"None": 0.0, "0": 1.0, "1": 0.0}
    low, high = layers["gray"]["limits"]
    assert 0 < low < 100 < high < 130
