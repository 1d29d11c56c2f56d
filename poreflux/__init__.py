"""From a tomogram of a porous solid to publishable numbers.

The public names stand in ``__init__.pyi``, in the order in which data flows through them. Each is
loaded at its first use, so that ``import poreflux`` and ``poreflux --help`` are quick.
"""

from typing import Any

import lazy_loader

from poreflux.retired import present_name

__version__ = "0.1.0"

_load, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)


def __getattr__(name: str) -> Any:
    return _load(present_name(name))
