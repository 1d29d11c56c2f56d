"""What is released agrees with itself: versions, the conda recipe, the files of the wheel."""

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml

import poreflux

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
RECIPE = yaml.safe_load((ROOT / "deploy" / "conda" / "recipe.yaml").read_text(encoding="utf-8"))

#: packages that have another name at conda-forge
AT_CONDA = {"dask": "dask-core", "matplotlib": "matplotlib-base"}


def bounds(lines: list[str]) -> dict[str, str]:
    """Return the lower bound of each package."""
    return dict(re.fullmatch(r"([\w-]+) ?(>=[\d.]+)?", line).groups(default="") for line in lines)


def test_the_conda_recipe_wants_what_the_wheel_wants():
    wanted = {AT_CONDA.get(name, name): at for name, at in bounds(PROJECT["dependencies"]).items()}
    wanted["python"] = PROJECT["requires-python"]
    assert bounds(RECIPE["requirements"]["run"]) == wanted


def test_versions_agree():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    told = {PROJECT["version"], RECIPE["context"]["version"], citation["version"]}
    assert told == {poreflux.__version__}


def test_the_recipe_has_the_entry_point_and_licence_of_the_project():
    (entry,) = RECIPE["build"]["python"]["entry_points"]
    name, target = (part.strip() for part in entry.split("="))
    assert PROJECT["scripts"] == {name: target}
    assert RECIPE["about"]["license"] == PROJECT["license"]
    assert (ROOT / RECIPE["about"]["license_file"]).exists()


def test_the_newest_version_stands_first_in_the_changes():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    told = re.findall(r"^## (\d+)\.(\d+)\.(\d+)", text, re.MULTILINE)
    versions = [tuple(map(int, version)) for version in told]
    assert versions == sorted(versions, reverse=True)
    assert ".".join(told[0]) == PROJECT["version"]


@pytest.mark.slow
def test_the_wheel_holds_the_package_and_nothing_else(tmp_path):
    built = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--quiet", "-w", tmp_path, ROOT]
    subprocess.run(built, check=True, timeout=200)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
    package = {path for path in (ROOT / "poreflux").rglob("*") if path.is_file()}
    there = {str(path.relative_to(ROOT)) for path in package if "__pycache__" not in path.parts}
    assert {name for name in held if not name.split("/")[0].endswith(".dist-info")} == there
    assert {"poreflux/py.typed", "poreflux/__init__.pyi", "poreflux/data/cement.tif"} <= held
    assert sum(name.endswith("/LICENSE") for name in held) == 1
