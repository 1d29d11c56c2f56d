"""What an interrupted solve for the current leaves to the next one."""

from typing import Any, Protocol

import numpy as np


class Kept(Protocol):
    """Keeps the potential of a solve, and numbers beside it; finds those of an earlier run."""

    found: dict[str, np.ndarray]

    def load(self, x: np.ndarray) -> bool:
        """Fill x with the potential of an earlier run, and ``found`` with its numbers, if there is
        one; keep x from now on."""

    def note(self, **numbers: Any) -> None:
        """Keep numbers with the potential; None takes one away."""
