"""Bytes to Volume and back: save, open, verify a store; read and write one box of it.

The public names stand in ``__init__.pyi``. Each is loaded at its first use, so that a rank that
only reads and writes boxes starts without dask and xarray.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
