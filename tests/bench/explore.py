"""The explorer on a large store, in a real browser: what a person waits for, and the memory."""

import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import dask.array as da
import numpy as np

import poreflux
from poreflux.phantoms import Tomograph, fine_500, measure_gray
from tests.bench.machine import row
from tests.browser import CHROMIUM, QUIET

#: wraps the painting of the slices, so that what is timed is what is seen
_PAINTED = """() => {
  window.painted = {}
  for (const figure of window.poreflux.figures.filter((f) => f.name.startsWith("slice_"))) {
    const view = Bokeh.index.get_one(figure)
    const paint = view.paint.bind(view)
    view.paint = (...args) => { paint(...args); window.painted[figure.name] = performance.now() }
  }
}"""

#: does something; resolves with the milliseconds until all slices are painted after it
_TIMED = """async ([what, amount, served]) => {
  const frame = () => new Promise((done) => requestAnimationFrame(done))
  const before = window.poreflux.served
  const start = performance.now()
  if (what == "threshold") window.poreflux.set_threshold(window.poreflux.state.threshold + amount)
  else {
    const point = [...window.poreflux.view.point]
    point[Number(what)] += amount
    window.poreflux.go_to(point)
  }
  let since = start
  while (performance.now() - start < 20000) {
    await frame()
    if (served && window.poreflux.served == before) continue
    if (served && since == start) since = performance.now() - 0.001
    const times = Object.values(window.painted)
    const fresh = what == "threshold" ? times.length && times.every((t) => t > since) : true
    if (fresh && !window.poreflux.waits()) { await frame(); return performance.now() - start }
  }
  return NaN
}"""


def measure(n: int = 1000) -> list[dict]:
    """Return rows: first image, slice change, overlay, memory; none where there is no browser."""
    path = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if path is None:
        print("explore: this machine has no chromium, nothing is measured")
        return []
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        store = large_store(n, Path(folder) / "vol.zarr")
        browser = driver.chromium.launch(executable_path=path, args=list(QUIET))
        started = time.perf_counter()
        command = [sys.executable, "-m", "poreflux", "explore", str(store), "--no-browser"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
            try:
                assert server.stderr is not None
                url = re.search(r"http://\S+", server.stderr.readline())
                assert url is not None
                up = time.perf_counter() - started
                page = browser.new_page(viewport={"width": 1280, "height": 900})
                return _rows(page, url[0], up, server.pid, n)
            finally:
                server.terminate()
                browser.close()


def large_store(n: int, path: Path) -> Path:
    """Return a store of n³ voxels with its pyramid: one noisy block, over and over."""
    edge = min(128, n)
    tomograph = Tomograph(rings=0, cupping=0, drift=0, contrast_to_noise=10)
    block = (measure_gray(fine_500(edge), tomograph)["gray"].values // 160).clip(0, 255)
    block = block.astype(np.uint8)
    chunks = tuple((edge,) * (n // edge) + ((n % edge,) if n % edge else ()) for _ in range(3))

    def filled(values: np.ndarray) -> np.ndarray:
        return block[tuple(slice(k) for k in values.shape)]

    gray = da.zeros((n,) * 3, chunks=chunks, dtype=np.uint8).map_blocks(filled, dtype=np.uint8)
    return poreflux.save(poreflux.from_array(gray, voxel_size=0.5, kind="gray"), path)


def _rows(page, url: str, up: float, pid: int, n: int) -> list[dict]:
    size = f"{n}³"
    page.goto("about:blank")
    page.goto(url, wait_until="commit")
    page.wait_for_function("window.poreflux?.ready", timeout=60_000, polling="raf")
    first = page.evaluate("window.poreflux.shown_at") / 1e3
    page.wait_for_function("window.poreflux.state.histogram.share > 0", timeout=60_000)
    page.evaluate(_PAINTED)
    busy = [page.evaluate(_TIMED, [str(i % 3), 7.3, True]) / 1e3 for i in range(6)]
    page.wait_for_function("window.poreflux.state.histogram.share >= 1", timeout=600_000)
    step = 0.0625 * n * 0.5
    far = [
        page.evaluate(_TIMED, [str(i % 3), (-1) ** (i // 3) * step, True]) / 1e3 for i in range(12)
    ]
    near = [page.evaluate(_TIMED, [str(i % 3), 0.5, True]) / 1e3 for i in range(12)]
    cut = [page.evaluate(_TIMED, ["threshold", 1, False]) / 1e3 for _ in range(20)]
    return [
        row("explore: the command until it serves", size, up, "s"),
        row("  the page until its first image", size, first, "s", 2, below=True),
        row("  a slice elsewhere, median", size, statistics.median(far), "s", 0.3, below=True),
        row("  a slice elsewhere, longest", size, max(far), "s"),
        row("  the next slice, median", size, statistics.median(near), "s", 0.3, below=True),
        row("  a slice while the histogram is counted", size, statistics.median(busy), "s"),
        row(
            "  overlay after the threshold, median",
            size,
            statistics.median(cut),
            "s",
            0.15,
            below=True,
        ),
        row("  overlay after the threshold, longest", size, max(cut), "s"),
        row("  server memory at most", size, _peak(pid) / 2**20, "MiB", 1024, below=True),
    ]


def _peak(pid: int) -> float:
    """Return the most bytes that a process had in memory."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        import psutil

        return float(psutil.Process(pid).memory_info().rss)
    return 1024.0 * int(re.search(r"VmHWM:\s+(\d+)", status.read_text())[1])  # type: ignore[index]
