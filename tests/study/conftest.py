"""Small studies as files."""

import pytest

#: what takes no time at 16 voxels along each edge
QUICK = """
measure = {also = [], blocks = [1, 1, 2]}
tortuosity = {directions = "z", blocks = [1, 1, 2], discretisation = false}
current = {wagner_lengths = []}
"""

TWIN = """
[[samples]]
name = "{name}"
preset = "{preset}"
edge = 16
"""


def samples(**presets):
    return "".join(TWIN.format(name=name, preset=preset) for name, preset in presets.items())


@pytest.fixture
def write(tmp_path):
    """Return what writes a study file and returns its path."""

    def written(text, name="study.toml"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return written
