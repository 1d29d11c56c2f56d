"""What is corrected in a scan before it is segmented, as options of the command line."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from poreflux.cli.options import Flag
from poreflux.cli.terminal import progress

if TYPE_CHECKING:
    import xarray as xr


@Parameter(name="*", group="Faults of the scan, corrected in this order")
@dataclass(frozen=True, kw_only=True)
class Scan:
    """What is corrected before a segmentation.

    Attributes
    ----------
    roi
        auto finds a cylinder; y,x,radius in µm gives one; only voxels inside count.
    erosion
        voxels by which what is found, a cylinder or a sample between its end faces, is made
        smaller.
    drift
        bring the solid to the same grey value in each slice.
    cupping
        bring the solid to the same grey value at each distance from the axis of rotation.
    rings
        remove circles about the axis of rotation.
    centre
        y,x in µm of the axis of rotation; by default the middle of the slices.
    tilt
        mask leaves out slices beyond tilted end faces; shear sets the faces upright (with --out).
    """

    roi: str = "none"
    erosion: float = 5.0
    drift: Flag = False
    cupping: Flag = False
    rings: Flag = False
    centre: str | None = None
    tilt: Annotated[Literal["none", "mask", "shear"], Parameter()] = "none"

    @property
    def steps(self) -> int:
        """Return how many corrections there are."""
        named = self.roi != "none", self.tilt != "none"
        return sum((*named, self.drift, self.cupping, self.rings))


AS_IT_IS = Scan()


def corrected(volume: "xr.Dataset", scan: Scan, **options: Any) -> "xr.Dataset":
    """Return the volume with the corrections asked for, each with its line of progress."""
    from poreflux.segmentation.correct_cupping import correct_cupping
    from poreflux.segmentation.correct_drift import correct_drift
    from poreflux.segmentation.correct_rings import correct_rings
    from poreflux.segmentation.correct_tilt import correct_tilt
    from poreflux.segmentation.region_of_interest import region_of_interest

    about = {} if scan.centre is None else {"centre": _lengths(scan.centre, "--centre", 2)}
    cylinder = {} if scan.roi in ("none", "auto") else {"cylinder": _lengths(scan.roi, "--roi", 3)}
    steps: tuple[tuple, ...] = (
        (scan.roi != "none", "region", region_of_interest, {**cylinder, "erosion": scan.erosion}),
        (scan.drift, "drift", correct_drift, {}),
        (scan.cupping, "cupping", correct_cupping, about),
        (scan.rings, "rings", correct_rings, about),
        (scan.tilt != "none", "tilt", correct_tilt, {"how": scan.tilt, "erosion": scan.erosion}),
    )
    for wanted, title, correct, step_options in steps:
        if wanted:
            with progress(title) as on_progress:
                volume = correct(volume, progress=on_progress, **step_options, **options)
    return volume


def _lengths(text: str, option: str, count: int) -> tuple[float, ...]:
    """Return the lengths of ``230,231`` or ``230,231,200``.

    Examples
    --------
    >>> _lengths("230,231,200", "--roi", 3)
    (230.0, 231.0, 200.0)
    """
    try:
        values = tuple(float(word) for word in text.split(","))
    except ValueError:
        values = ()
    if len(values) != count:
        example = {2: "y,x like 230,231", 3: "auto, or y,x,radius like 230,231,200"}[count]
        raise ValueError(f"{option} {text} is not understood; write {example}, in µm")
    return values
