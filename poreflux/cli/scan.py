"""What is corrected in a scan before it is segmented, as options of the command line."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from poreflux.cli.options import Flag


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

    @property
    def options(self) -> dict[str, Any]:
        """Return them as arguments of :func:`poreflux.study.correcting.corrected`."""
        options = {name: getattr(self, name) for name in ("erosion", "drift", "cupping", "rings")}
        about = None if self.centre is None else _lengths(self.centre, "--centre", 2)
        roi = self.roi if self.roi in ("none", "auto") else _lengths(self.roi, "--roi", 3)
        return {**options, "tilt": self.tilt, "centre": about, "roi": roi}


AS_IT_IS = Scan()


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
