"""A mistake in a study file is one sentence: its line, what came, and what to do."""

import tomllib

import pytest

from poreflux.study.file import read_study
from poreflux.study.model import StudyFile
from poreflux.study.printing import lines

SAMPLE = '[[samples]]\nname = "a"\npreset = "fine_100"\n'

OWN = '[samples.segmentation]\nmethod = "threshold"\nthreshold = 7.0'

OTHER_UNIT = "".join(
    SAMPLE.replace('"a"', f'"{name}"')
    + f'measured = {{ ccd = {{ value = 1, unit = "{unit}" }} }}\n'
    for name, unit in (("a", "mA/cm²"), ("b", "A/m²"))
)

MISTAKES = {
    "x = [": "study.toml is no TOML: .* mend this line",
    'title = "x"': "study.toml: samples is missing; give it",
    '[[samples]]\nname = "a"': r"line 1: samples\[1\]: a sample is a path or a preset; give one",
    SAMPLE + 'voxel_size = "0.9"': r"line 4: samples\[1\].voxel_size='0.9' is not possible; give a",
    SAMPLE + "sede = 3": r"line 4: samples\[1\].sede is no key; did you mean 'seed'\?",
    SAMPLE + "[mesure]\nblocks = [4, 4]": "line 4: mesure is no key; did you mean 'measure'?",
    SAMPLE + "[measure]\nblocks = [4, 4]": "line 5: measure.blocks=.* is not possible; give 3 val",
    SAMPLE + '[measure]\nalso = ["pore"]': r"line 5: measure.also\[1\]='pore' .* one of 'pores'",
    SAMPLE + "[current]\nconductivity = -1": "line 5: current.conductivity=-1 is not possible",
    SAMPLE + "zyxw = 1": r"line 4: samples\[1\].zyxw is no key; choose of 'name', 'path', 'preset'",
    SAMPLE + '[tortuosity]\ndirections = "w"': "line 5: .*directions='w' .* like z, zy or zyx",
    SAMPLE + SAMPLE: "study.toml: the name a stands for two samples; name each once",
    SAMPLE.replace('"a"', '"a/b"'): r"line 2: samples\[1\].name='a/b': it names a folder; use let",
    SAMPLE + "[samples.measured.ccd]\nvalue = 1\nscater = 2": (
        r"line 6: samples\[1\].measured.ccd.scater is no key; did you mean 'scatter'\?"
    ),
    SAMPLE + SAMPLE.replace('"a"', '"b"') + "edge = 0": r"line 7: samples\[2\].edge=0 is not possi",
    OTHER_UNIT: "study.toml: the measured ccd is in mA/cm² and in A/m²; give all of it in one unit",
    SAMPLE + '[current]\ndirections = "zz"': "line 5: current.directions='zz' .* like z, zy or zyx",
    SAMPLE.replace('preset = "fine_100"', 'path = "a.tif"\nedge = 64'): (
        r"line 1: samples\[1\]: edge is of presets only, and a path is read whole; leave it out"
    ),
    SAMPLE + '[comparison]\nquantities = ["porosty"]': (
        r"line 5: comparison.quantities.*'porosty' is not known; choose of porosity"
    ),
    SAMPLE + "[resources]\nthreads = 1.5": "line 5: resources.threads=1.5 is not possible; give",
}


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_is_one_sentence_with_its_line(text, write):
    with pytest.raises(ValueError, match=MISTAKES[text]) as caught:
        read_study(write(text))
    assert "\n" not in str(caught.value)
    assert "pydantic" not in str(caught.value)


def test_what_check_prints_is_the_same_study_with_its_defaults(write):
    text = SAMPLE + 'labels = {"a b" = 1}\n[samples.measured]\nccd = {value = 0.3}\n'
    study = read_study(write(text + '[segmentation]\nphases = {"0" = "pore", "1" = "LPSCl"}\n'))
    printed = "\n".join(lines(study))
    assert StudyFile.model_validate(tomllib.loads(printed)) == study
    assert printed.count("# default") > 50


def test_a_sample_overrides_the_study_key_by_key(write):
    text = '[segmentation]\nmethod = "li"\ndenoise = "median"\n' + SAMPLE
    study = read_study(write(text + OWN))
    own = study.segmentation_of(study.samples[0])
    assert (own.method, own.threshold, own.denoise) == ("threshold", 7.0, "median")
