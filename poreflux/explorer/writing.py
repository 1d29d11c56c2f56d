"""Write the segmentation that the page shows: as the command does, in a thread, with progress."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from poreflux.annotations import Progress
from poreflux.explorer.images import Images, stored
from poreflux.explorer.page_text import phases_of

#: seconds between two words of progress
_PAUSE = 0.2


class Writing:
    """What becomes of the phases of a store, told to every page.

    Parameters
    ----------
    images
        of the store; they are opened anew when its phases are written.
    """

    def __init__(self, images: Images):
        self.images = images
        self.version = 0
        self.finished = 0
        self.running = threading.Lock()
        self.outcome: dict[str, Any] = {}
        self._tell(said="")

    def begin(self, threshold: float, pore: str) -> None:
        """Write the phases of a threshold, unless some are being written."""
        if not self.running.acquire(blocking=False):
            return
        self._tell(running=True, note="begins", share=0.0)
        work = threading.Thread(
            target=self._run, args=(threshold, pore), name="poreflux-segment", daemon=True
        )
        work.start()

    def _run(self, threshold: float, pore: str) -> None:
        from poreflux.study.segmenting import segment_store

        store = self.images.store
        assert store is not None
        options = {"method": "threshold", "threshold": [threshold], "pore": pore}
        try:
            segment_store(
                store,
                options=options,
                corrections={},
                overwrite="phase" in self.images.arrays,
                watch=self._watch,
            )
            again = stored(store)
            self.images.arrays, self.images.attrs = again.arrays, again.attrs
            self.images.cache.clear()
            self.finished += 1
            self._tell(said=f"The phases of threshold {threshold:g} are in {store}.")
        except Exception as error:
            self._tell(said=" ".join(str(error).split()), failed=True)
        finally:
            self.running.release()

    @contextmanager
    def _watch(self, title: str) -> Iterator[Progress]:
        last = [0.0]

        def progress(done: int, total: int, note: str = "") -> None:
            if time.monotonic() - last[0] > _PAUSE or done == total:
                last[0] = time.monotonic()
                share = done / max(total, 1)
                self._tell(running=True, note=f"{title}: {100 * share:.0f} %", share=share)

        yield progress

    def _tell(self, **what: Any) -> None:
        phases = phases_of(self.images)
        self.outcome = {"has_phases": bool(phases), "phases": phases, "running": False, **what}
        self.version += 1


def follower(
    writing: Writing, tell: Callable[[dict], None], forget: Callable[[], None]
) -> Callable:
    """Return what tells a page of the writing when there is news; called now and then."""
    seen = {"version": -1, "finished": writing.finished}

    def poll() -> None:
        if seen["version"] == writing.version:
            return
        seen["version"] = writing.version
        if seen["finished"] != writing.finished:
            seen["finished"] = writing.finished
            forget()
        tell(writing.outcome)

    return poll
