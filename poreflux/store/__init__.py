"""Bytes to Volume and back: save, open, verify a store; read and write one box of it.

Names are loaded at their first use, so that a rank that only reads and writes boxes starts without
dask and xarray.
"""

import importlib

#: public name -> the file that has it
_HOMES = {
    "save": "saving",
    "add": "saving",
    "open": "opening",
    "verify": "verifying",
    "Damage": "verifying",
    "read_box": "box",
    "write_box": "box",
    "create_field": "field",
    "array_chunks": "box",
    "shape_of": "box",
    "names": "box",
}

__all__ = [*_HOMES]


def __getattr__(name: str):
    if name not in _HOMES:
        raise AttributeError(f"module 'poreflux.store' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"poreflux.store.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted({*globals(), *__all__})
