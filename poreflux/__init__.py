"""From a tomogram of a porous solid to publishable numbers.

The public names stand in ``__init__.pyi``, in the order in which data flows through them. Each is
loaded at its first use, so that ``import poreflux`` and ``poreflux --help`` are quick.
"""

import sys
from typing import Any

import lazy_loader

from poreflux.retired import present_name

__version__ = "0.1.0"

_load, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)


def __getattr__(name: str) -> Any:
    return _load(present_name(name))


def _show_cards() -> None:
    """Let a notebook show Volumes and Results as cards, and other Datasets as xarray does."""
    module = sys.modules.get("IPython")
    shell = module.get_ipython() if module is not None else None
    if shell is not None:
        shell.display_formatter.formatters["text/html"].for_type_by_name(
            "xarray.core.dataset", "Dataset", _card
        )


def _card(dataset: Any) -> str:
    from poreflux.explorer.card import card

    return card(dataset)


_show_cards()
