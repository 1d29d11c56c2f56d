"""From a tomogram of a porous solid to publishable numbers.

The public names stand in ``__init__.pyi``, in the order in which data flows through them. Each is
loaded at its first use, so that ``import poreflux`` and ``poreflux --help`` are quick.
"""

import lazy_loader

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
