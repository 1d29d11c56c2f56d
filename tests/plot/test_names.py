"""Names that users give are drawn as they are written, not as formulas."""

import numpy as np
import pytest

import poreflux as pf
from poreflux import from_array
from poreflux.plot.images import phase_keys
from poreflux.plot.style import sheet, svg


@pytest.mark.parametrize("name", [r"a$\b$", "$x", "a$b$c", "<b>&", "_solid", "100%"])
def test_a_phase_may_have_any_name(name, recwarn):
    volume = from_array(np.eye(4, dtype=np.uint8)[None].repeat(4, 0), phases={0: "pore", 1: name})
    image = pf.preview(volume)["phase_slice_z"]
    figure, _ = sheet(2.0)
    legend = figure.legend(handles=phase_keys(image))
    assert svg(figure).startswith("<svg")  # a formula that is none raises here
    drawn = [text.get_text().replace(r"\$", "$").strip() for text in legend.get_texts()]
    assert drawn == ["pore", name]
    assert [type(text).__name__ for text in legend.get_texts()] == ["Text", "Text"]
    assert not recwarn.list
