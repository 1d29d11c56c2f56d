"""Editors and mypy see the public names with their signatures, and refuse what is not there."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

RIGHT = """\
import poreflux as pf

volume = pf.open("volume.zarr")
reveal_type(pf.porosity)
pf.porosity(volume, phase="pore")
pf.tortuosity_factor(volume, direction="y", sides="insulated", progress=lambda a, b, note: None)
pf.tortuosity_factor(volume, progress=True)
pf.interfacial_current(volume, kinetics="linear", drive="equipotential", face="first")
pf.segment(volume, method="otsu", pore="bright", denoise="median")
pf.collect(pf.porosity(volume), volume=volume, scheduler="tcp://host:8786")
pf.plot.porosity_profile(pf.collect(pf.porosity_profile(volume))).savefig("profile.png")
pf.phantoms.uniform((4, 4, 4))
"""

#: a call that mypy has to refuse, and the kind of error that it names
WRONG = {
    "pf.porosty(volume)": "attr-defined",
    "pf.plot.porosity_profil(volume)": "attr-defined",
    "pf.phantoms.unifrom((4, 4, 4))": "attr-defined",
    'pf.tortuosity_factor(volume, sides="isolated")': "arg-type",
    'pf.dissipation(volume, direction="w")': "arg-type",
    'pf.tortuosity_factor(volume, geometry="voxel")': "arg-type",
    'pf.tortuosity_factor(volume, side="insulated")': "call-arg",
    'pf.interfacial_current(volume, drive="current")': "arg-type",
    'pf.interfacial_current(volume, kinetics="tafel")': "arg-type",
    'pf.interfacial_current(volume, face="top")': "arg-type",
    'pf.contact_mask(volume, model="patch")': "arg-type",
    'pf.segment(volume, method="otzu")': "arg-type",
    'pf.segment(volume, pore="black")': "arg-type",
    'pf.segment(volume, denoise="gauss")': "arg-type",
    'pf.correct_tilt(volume, how="rotate")': "arg-type",
    'pf.pore_size(volume, method="balls")': "arg-type",
    'pf.pore_table(volume, method="thickness")': "arg-type",
    'pf.chord_length(volume, spacing="logarithmic")': "arg-type",
    'pf.structure_factor(volume, variant="z-score")': "arg-type",
    'pf.spectral_density(volume, taper="hamming")': "arg-type",
    'pf.representative_volume(volume, placement="random")': "arg-type",
    'pf.from_array([], kind="grey")': "arg-type",
    'pf.read("scan.tif", kind="grey")': "arg-type",
    "pf.collect(volume, scheduler=4)": "arg-type",
    "pf.porosity(volume, 'pore')": "call-arg",
}


@pytest.fixture(scope="module")
def said(tmp_path_factory) -> str:
    """Return what mypy says of the two files, in the order of their lines."""
    folder = tmp_path_factory.mktemp("typed")
    (folder / "right.py").write_text(RIGHT, encoding="utf-8")
    wrong = ["import poreflux as pf", 'volume = pf.open("volume.zarr")', *WRONG]
    (folder / "wrong.py").write_text("\n".join(wrong) + "\n", encoding="utf-8")
    words = [sys.executable, "-m", "mypy", "--config-file", ROOT / "pyproject.toml"]
    files = [folder / "right.py", folder / "wrong.py"]
    ran = subprocess.run(
        [*words, *files],
        cwd=ROOT,
        env={**os.environ, "MYPYPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 1, ran.stderr
    return ran.stdout


def test_right_calls_pass(said):
    assert "right.py" in said
    assert not re.findall(r"right\.py:\d+: error.*", said)


def test_the_signature_of_a_public_function_is_known(said):
    (revealed,) = re.findall(r'right\.py:4: note: Revealed type is "(.*)"', said)
    assert re.fullmatch(r"def \(volume: .*Dataset, \*, phase: .*str.*=\) -> .*Dataset", revealed)


@pytest.mark.parametrize("line, call", [*enumerate(WRONG, 3)])
def test_a_wrong_call_is_refused(said, line, call):
    codes = re.findall(rf"wrong\.py:{line}: error: .*\[([a-z-]+)\]", said)
    assert codes == [WRONG[call]]
