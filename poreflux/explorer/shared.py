"""What all open pages of one volume share: its images, the counting of grey values, the results."""

import threading
from dataclasses import dataclass, field
from typing import Any

from poreflux.explorer.counting import Counting
from poreflux.explorer.images import Images
from poreflux.explorer.writing import Writing


@dataclass
class Shared:
    """One volume that is looked at, by any number of pages."""

    images: Images
    results: Any = None
    #: what becomes of the phases, where the grey values are in a store
    writing: Writing | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)
    _counting: Counting | None = None
    _begun: bool = False

    def __post_init__(self) -> None:
        if self.images.store is not None and "gray" in self.images.arrays:
            self.writing = Writing(self.images)

    @property
    def counting(self) -> Counting:
        """Return the counting of the grey values, which begins with the first page."""
        with self.lock:
            if self._counting is None:
                self._counting = Counting(self.images)
            return self._counting

    def begin_counting(self) -> None:
        """Begin to count, once."""
        counting = self.counting
        with self.lock:
            if self._begun:
                return
            self._begun = True
        counting.start()

    @property
    def dark(self) -> bool:
        """Return whether pores are darker than the solid, as the phases of the store record."""
        phase = self.images.arrays.get("phase")
        record = phase.attrs.get("segmentation", {}) if phase else {}
        return record.get("pore", "dark") == "dark"

    def stop(self) -> None:
        """End the counting, which nobody looks at any more."""
        if self._counting is not None:
            self._counting.stopped.set()
