"""The public names of the package are what they say, in whatever order they are asked for."""

import subprocess
import sys
import types

import pytest

import poreflux


@pytest.mark.parametrize("name", poreflux.__all__)
def test_every_public_name_is_there(name):
    value = getattr(poreflux, name)
    wanted = {"phantoms": types.ModuleType, "plot": types.ModuleType, "Study": type}
    assert isinstance(value, wanted.get(name, types.FunctionType))


@pytest.mark.parametrize("name", ["segmentation", "reporting"])
def test_a_function_keeps_its_name_when_its_module_is_imported(name):
    function = {"segmentation": "segment", "reporting": "report"}[name]
    code = (
        f"import poreflux, poreflux.{name}.{function}; from poreflux import {function};"
        f"print(callable(poreflux.{function}), callable({function}))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["True", "True"]
