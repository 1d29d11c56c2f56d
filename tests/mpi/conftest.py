"""Tests of many processes need MPI and PETSc, and skip with a reason where they are missing."""

import importlib.util

import pytest


def pytest_collection_modifyitems(items):
    missing = [name for name in ("mpi4py", "petsc4py") if importlib.util.find_spec(name) is None]
    for item in items:
        if "mpi" in item.keywords and missing:
            item.add_marker(pytest.mark.skip(reason=f"{missing[0]} is missing: make petsc"))
