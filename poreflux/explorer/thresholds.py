"""What a histogram says of thresholds: those of the methods, and what their band is made of."""

from dataclasses import dataclass

import numpy as np

from poreflux.explorer.counting import Scale


@dataclass(frozen=True)
class Advice:
    """Thresholds by method, the shift of the band, how wide a gap of the histogram is one that a
    threshold is moved from, and the porosities that the band holds anyway.

    See :func:`poreflux.segmentation_sensitivity`; here the histogram alone decides.
    """

    methods: dict[str, float]
    shift: float
    gap: float
    others: tuple[float, ...]

    @property
    def first(self) -> float | None:
        """Return the threshold to begin with: Otsu's."""
        return self.methods.get("otsu")


def advice(scale: Scale, counts: np.ndarray, pore: str = "dark") -> Advice | None:
    """Return what a histogram says of thresholds; None where it has fewer than two values.

    Examples
    --------
    >>> counts = np.array([900, 100, 0, 0, 200, 5000, 300])
    >>> said = advice(Scale(10.0, 1.0, 7), counts)
    >>> said.methods["otsu"], sorted(said.methods)
    (11.0, ['balance', 'li', 'midpoint', 'minimum-error', 'otsu'])
    """
    from poreflux.segmentation.histogram import Histogram
    from poreflux.segmentation.segmentation_sensitivity import analyse, porosities_of_methods

    present = np.flatnonzero(counts)
    if present.size < 2:
        return None
    inside = slice(int(present[0]), int(present[-1]) + 1)
    values = scale.values[inside]
    counted = Histogram(values, counts[inside], float(values[0]), float(values[-1]))
    analysis = analyse(counted, counted, pore)
    methods = analysis.thresholds()
    others = porosities_of_methods(
        analysis, {name: [t, analysis.porosity(t)] for name, t in methods.items()}
    )
    return Advice(methods, analysis.shift, analysis.widest_step, tuple(map(float, others)))
