"""poreflux doctor: what this installation and this machine can do."""

import importlib.metadata
import platform
from collections.abc import Callable
from pathlib import Path

from poreflux.cli.answer import Answer
from poreflux.cli.options import COMMON, Common
from poreflux.cli.parsing import size

PACKAGES = (
    "numpy", "scipy", "xarray", "dask", "distributed", "zarr", "numba", "scikit-image", "tifffile",
    "h5py", "pynrrd", "matplotlib", "jinja2", "cyclopts", "rich", "psutil",
)  # fmt: skip

#: what an extra brings, and the packages that show it is there
EXTRAS = {
    "mpi": ("runs on several machines through MPI and PETSc", ("mpi4py", "petsc4py")),
    "tiff": ("LZW, JPEG and other TIFF compressions", ("imagecodecs",)),
    "gpu": ("solves on a graphics processor of NVIDIA", ("numba-cuda",)),
    "hdf5": ("beamline compressions of HDF5", ("hdf5plugin",)),
}


#: what is solved -> precision of the Krylov vectors, one conducting phase
MODES = {
    "one phase, rtol 1e-4": ("float32", True),
    "one phase, rtol 1e-6": ("float64", True),
    "several phases, rtol 1e-4": ("float32", False),
    "several phases, rtol 1e-6": ("float64", False),
}


def doctor(*, common: Common = COMMON) -> Answer:
    """Say which versions run here, what is missing, and how large a volume this machine can solve.

    Examples
    --------
    poreflux doctor
    poreflux doctor --json > doctor.json
    """
    from poreflux import __version__
    from poreflux.cli.forecast import free_disk
    from poreflux.machine import available_cores, free_memory, memory_bandwidth, total_memory

    if common.dry_run:
        return Answer("doctor", ["doctor changes nothing; it takes a few seconds"])
    cores, memory = available_cores(), total_memory()
    free, disk = free_memory(), free_disk(Path.cwd())
    speed = memory_bandwidth()
    edges = {mode: largest_cube(free, *arguments) for mode, arguments in MODES.items()}
    device, of_device = graphics_processor()
    versions = {name: version(name) for name in PACKAGES}
    extras = {
        name: {package: version(package) for package in packages}
        for name, (_, packages) in EXTRAS.items()
    }
    missing = [name for name, installed in versions.items() if installed is None]
    data = {
        "poreflux": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": versions,
        "extras": extras,
        "cores": cores,
        "memory_bytes": memory,
        "free_memory_bytes": free,
        "free_disk_bytes": disk,
        "triad_bytes_per_second": round(speed),
        "largest_cube": edges,
        "device": device,
    }
    lines = [
        f"poreflux {__version__}, Python {data['python']}, {data['platform']}",
        f"cores    {cores}",
        f"memory   {size(free)} free of {size(memory)}, moved at {speed / 1e9:.1f} GB/s",
        f"disk     {size(disk)} free here",
        "solves   at most " + ", ".join(f"{edge}³ ({mode})" for mode, edge in edges.items()),
        of_device,
        "packages "
        + ", ".join(f"{name} {installed}" for name, installed in versions.items() if installed),
        *(_extra(name, installed) for name, installed in extras.items()),
    ]
    failure = f"missing: {', '.join(missing)}; pip install poreflux again" if missing else None
    return Answer("doctor", lines, data, failure=failure)


def version(package: str) -> str | None:
    """Return the version of an installed package, None where it is missing.

    Examples
    --------
    >>> version("no-such-package") is None
    True
    """
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def graphics_processor() -> tuple[dict | None, str]:
    """Return what is known of the graphics processor, and a line about it: its memory and the
    largest cubes, or why there is none.
    """
    from poreflux.errors import NoDevice
    from poreflux.transport.engines import choosing
    from poreflux.transport.tortuosity.device_memory import forecast

    try:
        device = choosing.device()
    except NoDevice as error:
        return None, f"device   none; {error}"
    edges = {
        mode: largest_cube(device.free, *arguments, forecast=forecast)
        for mode, arguments in MODES.items()
    }
    known = {**device._asdict(), "largest_cube": edges}
    cubes = ", ".join(f"{edge}³ ({mode})" for mode, edge in edges.items())
    memory = f"{size(device.free)} free of {size(device.total)}"
    return known, f"device   {device.name}, {memory}; solves at most {cubes}"


def largest_cube(
    free: float,
    precision: str = "float32",
    binary: bool = True,
    forecast: Callable[..., int] | None = None,
) -> int:
    """Return the edge of the largest cube, in voxels, whose solve fits into so many bytes, by
    default of the host.
    """
    if forecast is None:
        from poreflux.transport.tortuosity.effective_conductivity import forecast as on_the_host

        forecast = on_the_host

    low, high = 1, 1 << 16
    while high - low > 1:
        middle = (low + high) // 2
        if forecast((middle,) * 3, precision, binary) <= free:
            low = middle
        else:
            high = middle
    return low


def _extra(name: str, versions: dict[str, str | None]) -> str:
    if all(versions.values()):
        return f"[{name}]".ljust(9) + ", ".join(f"{k} {v}" for k, v in versions.items())
    brings = EXTRAS[name][0]
    return f"[{name}]".ljust(9) + f"not installed: pip install 'poreflux[{name}]' for {brings}"
