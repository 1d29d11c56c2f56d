"""Units are printed alike everywhere."""

import pytest
import xarray as xr

from poreflux.plot.style import label
from poreflux.schema import VARIABLES
from poreflux.schema.units import printed_unit

UNITS = sorted({variable.units for variable in VARIABLES.values()})


@pytest.mark.parametrize("unit", UNITS)
def test_no_sign_of_the_file_is_left_in_a_printed_unit(unit):
    assert not set("^*") & set(printed_unit(unit))


@pytest.mark.parametrize("unit", [unit for unit in UNITS if printed_unit(unit)])
def test_a_figure_prints_units_as_a_table_does(unit):
    array = xr.DataArray(1.0, attrs={"long_name": "quantity", "units": unit})
    assert label(array) == f"quantity ({printed_unit(unit)})"
