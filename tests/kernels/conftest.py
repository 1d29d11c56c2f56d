"""Small problems, and the arithmetic of compiled code where there is none."""

import numpy as np
import pytest

from tests.transport.conftest import kind, problem  # noqa: F401  the same problems as the solver's


@pytest.fixture(autouse=True)
def _divide_like_compiled_code():
    """Let 1 / 0 be infinite without a warning, as the kernels are compiled to."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        yield
