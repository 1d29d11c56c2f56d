"""Serve the page on the loopback: one process, one volume, any number of windows."""

import socket
import threading
from collections.abc import Callable
from typing import Any

from poreflux.explorer.shared import Shared

#: only this machine is answered
ADDRESS = "127.0.0.1"


def require_bokeh() -> None:
    """Raise ``ModuleNotFoundError`` saying what to install where Bokeh is missing."""
    try:
        import bokeh  # noqa: F401
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "to look into a volume takes Bokeh, which is not installed; "
            "pip install 'poreflux[explore]'"
        ) from None


class Server:
    """A server of one volume; `url` is its page.

    Parameters
    ----------
    shared
        what its pages show.
    port
        0 takes any that is free.
    """

    def __init__(self, shared: Shared, port: int = 0):
        require_bokeh()
        self.shared, self.port = shared, _free(port)
        self.url = f"http://{ADDRESS}:{self.port}/"
        self.loop: Any = None
        self.thread: threading.Thread | None = None
        self.up = threading.Event()

    def run(self, ready: Callable[[str], None] | None = None) -> None:
        """Serve until it is interrupted; `ready` is called with the address when it answers."""
        import asyncio

        from tornado.ioloop import IOLoop

        asyncio.set_event_loop(asyncio.new_event_loop())
        self.loop = IOLoop.current()
        server = self._bokeh()
        server.start()
        self.up.set()
        if ready is not None:
            ready(self.url)
        try:
            self.loop.start()
        finally:
            self.shared.stop()
            server.stop()

    def _bokeh(self) -> Any:
        from bokeh.application import Application
        from bokeh.application.handlers.function import FunctionHandler
        from bokeh.server.server import Server as BokehServer

        from poreflux.explorer.page import make_page

        handler = FunctionHandler(lambda document: make_page(document, self.shared))
        return BokehServer(
            {"/": Application(handler)},
            io_loop=self.loop,
            address=ADDRESS,
            port=self.port,
            allow_websocket_origin=[f"{name}:{self.port}" for name in (ADDRESS, "localhost")],
            check_unused_sessions_milliseconds=5000,
            unused_session_lifetime_milliseconds=15000,
        )

    def start(self) -> "Server":
        """Serve in a thread of its own; return when it answers."""
        self.thread = threading.Thread(target=self.run, name="poreflux-explore", daemon=True)
        self.thread.start()
        if not self.up.wait(60):
            raise RuntimeError(f"the page at {self.url} did not come up within a minute")
        return self

    def stop(self) -> None:
        """End the thread."""
        if self.loop is not None:
            self.loop.add_callback(self.loop.stop)
        if self.thread is not None:
            self.thread.join(10)


def _free(port: int) -> int:
    """Return the port; one that is free for 0. Raise ``OSError`` where another program has it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ADDRESS, port))
        except OSError as error:
            raise OSError(
                f"port={port} of {ADDRESS} cannot be taken ({(error.strerror or '').lower()}); "
                "another program, perhaps another explore, has it; give another, or port=0"
            ) from error
        return probe.getsockname()[1]
