"""A public name that changes keeps its old one for two minor versions, and says so."""

import pytest

import poreflux
from poreflux.retired import RETIRED, Retired
from poreflux.schema import RENAMED, VARIABLES


def version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def test_a_retired_name_is_its_successor_and_warns(monkeypatch):
    monkeypatch.setitem(RETIRED, "void_fraction", Retired("porosity", "0.1.0"))
    with pytest.warns(FutureWarning, match=r"called poreflux.porosity since 0.1.0; .* with 0.3"):
        assert poreflux.void_fraction is poreflux.porosity


def test_what_has_no_name_is_still_an_error():
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = poreflux.no_such_name


def test_a_retired_name_goes_two_minor_versions_later():
    assert Retired("new", since="0.9.3").gone == "0.11"


@pytest.mark.parametrize("name", RETIRED)
def test_every_retired_name_has_a_successor_and_is_not_overdue(name):
    assert RETIRED[name].new in poreflux.__all__
    assert name not in poreflux.__all__
    assert version(poreflux.__version__)[:2] < version(RETIRED[name].gone)


def test_renamed_variables_have_successors_in_the_registry():
    assert set(RENAMED.values()) <= set(VARIABLES)
    assert not set(RENAMED) & set(VARIABLES)
