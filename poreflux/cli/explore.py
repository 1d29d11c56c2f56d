"""poreflux explore: a page on this machine to look into a store."""

import sys
from contextlib import suppress
from typing import Any

from poreflux.cli.answer import Answer
from poreflux.cli.options import COMMON, Common, Flag, Location, LocationOrNone, Whole

#: bytes of the interpreter, of Bokeh, and of what is counted and kept for the page
_MEMORY = 500e6


def explore(
    store: Location,
    results: LocationOrNone = None,
    /,
    *,
    port: Whole = 0,
    no_browser: Flag = False,
    common: Common = COMMON,
) -> Answer:
    """Look into a store of any size: a page on this machine, which nobody else can reach.

    Slices with what a threshold makes pore over them, the histogram whose threshold one drags,
    boxes with their numbers, and maps of results that lead to the voxels behind them. It ends with
    Ctrl-C.

    Parameters
    ----------
    store
        folder that `poreflux import` made.
    results
        folder of results of this store, for maps.
    port
        of the page; 0 takes any that is free.
    no_browser
        print the address only, and open no window.

    Examples
    --------
    poreflux explore vol.zarr
    poreflux explore vol.zarr results.zarr --port 5006 --no-browser
    """
    if not 0 <= port < 2**16:
        raise ValueError(f"--port {port} is no port; give 0 to 65535")
    from poreflux.explorer.explore import shared_of
    from poreflux.explorer.server import Server

    shared = shared_of(store, results)
    if common.dry_run:
        from poreflux.cli import forecast

        return forecast.answer("explore", forecast.Need(_MEMORY, 0, 2), store)
    server = Server(shared, port)

    def ready(url: str) -> None:
        print(f"poreflux: {url}  (Ctrl-C ends it)", file=sys.stderr, flush=True)
        if not no_browser:
            _show(url)

    with suppress(KeyboardInterrupt):
        server.run(ready)
    data: dict[str, Any] = {"store": str(store), "url": server.url}
    return Answer("explore", [f"the page of {store} is closed"], data)


def _show(url: str) -> None:
    """Open the page in the browser of this desktop, if there is one."""
    import webbrowser

    webbrowser.open(url)
