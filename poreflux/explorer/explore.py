"""Look into a volume in the browser: slices, histogram, box, and maps of its results."""

import html
from pathlib import Path
from typing import TYPE_CHECKING, Any

from poreflux.explorer.images import Images, in_memory, stored
from poreflux.explorer.matching import require_of_volume
from poreflux.explorer.server import Server, require_bokeh
from poreflux.explorer.shared import Shared
from poreflux.objects import at
from poreflux.store import box
from poreflux.store.partial import settle
from poreflux.store.sealing import is_results

if TYPE_CHECKING:
    import xarray as xr

#: of the page in a notebook, in pixels
_HEIGHT = 900


def explore(
    volume: "xr.Dataset | str | Path",
    results: "xr.Dataset | str | Path | None" = None,
    *,
    port: int = 0,
) -> "Explorer":
    """Serve a page that shows a volume of any size, on this machine only.

    Three slices through one point, with what a threshold makes pore, the phases or a field over
    them; the histogram, whose threshold one drags; a box with its porosity and profile; maps of
    the results, each spot of which leads to the voxels behind it.

    Parameters
    ----------
    volume
        Volume, or the folder of a store; of a store only those chunks are read that are seen, at
        the level of its pyramid that is as fine as the screen.
    results
        of this volume: Results, or their folder.
    port
        of the page; 0 takes any that is free.

    Returns
    -------
    What serves the page until the program ends: `url` is its address; a notebook shows the page
    itself; ``wait()`` keeps a script running.

    Raises
    ------
    FileNotFoundError
        if there is no such store.
    ValueError
        if it holds neither grey values nor phases, or the results are of another volume.
    OSError
        if another program has the port.
    ModuleNotFoundError
        if Bokeh is not installed.

    Examples
    --------
    >>> from poreflux import phantoms
    >>> page = explore(phantoms.random_sites((32, 32, 32), 0.2))
    >>> page.url.startswith("http://127.0.0.1:")
    True
    >>> page.stop()
    """
    return Explorer(Server(shared_of(volume, results), port).start())


def shared_of(
    volume: "xr.Dataset | str | Path", results: "xr.Dataset | str | Path | None" = None
) -> Shared:
    """Return what the pages of a volume show; raise where volume or results are not fit for it."""
    require_bokeh()
    images = opened(volume)
    if isinstance(results, str | Path):
        from poreflux.results import open_results

        results = open_results(results)
    if results is not None:
        require_of_volume(results, images)
    return Shared(images, results)


def opened(volume: "xr.Dataset | str | Path") -> Images:
    """Return the images of a Volume or of a store.

    Examples
    --------
    >>> opened("nothing.zarr")
    Traceback (most recent call last):
    FileNotFoundError: nothing.zarr is not a store; import or save one first
    """
    if not isinstance(volume, str | Path):
        return in_memory(volume)
    path = at(volume)
    settle(path.resolve())
    if is_results(path):
        raise ValueError(
            f"{path} holds results, not a volume; give the store that they were measured of first, "
            "then these"
        )
    box.require_store(path)
    return stored(path)


class Explorer:
    """A page that is served; in a notebook it shows itself.

    Parameters
    ----------
    server
        that is running.
    """

    def __init__(self, server: Server):
        self.server = server

    @property
    def url(self) -> str:
        """Return the address of the page."""
        return self.server.url

    def wait(self) -> None:
        """Keep the program running until it is interrupted (Ctrl-C)."""
        try:
            while self.server.thread is not None and self.server.thread.is_alive():
                self.server.thread.join(0.5)
        except KeyboardInterrupt:
            self.stop()

    def stop(self) -> None:
        """End the page."""
        self.server.stop()

    def __repr__(self) -> str:
        return f"<page of {self.server.shared.images.title} at {self.url}>"

    def _repr_mimebundle_(self, **options: Any) -> dict[str, str]:
        """Return the page as a notebook shows it, and as text."""
        address = html.escape(self.url)
        title = html.escape(f"poreflux: {self.server.shared.images.title}")
        frame = (
            f'<iframe src="{address}" title="{title}" width="100%" height="{_HEIGHT}" '
            f'style="border: 0"></iframe><p><a href="{address}" target="_blank">{address}</a></p>'
        )
        return {"text/html": frame, "text/plain": repr(self)}
