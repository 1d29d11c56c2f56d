"""The study that is shipped: synthetic twins of six pressed electrolytes."""

_HEAD = """\
# Synthetic twins of six pressed electrolytes: two powders, each pressed at three pressures.
# The critical current densities are those that Lin et al., ACS Energy Lett. 2024, 9, 2387, tell in
# words ("about 0.3 to 0.4" at 100 MPa, "above 1" beyond, the fine powder slightly higher): the
# order is theirs, the digits are not. `poreflux check` prints every key that is not here.
title = "Six pressed electrolytes"

[measure]
also = ["pores", "connectivity", "spectrum", "arrangement", "representative"]

[tortuosity]
directions = "zyx"
blocks = [4, 4, 4]
rtol = 1e-4

[current]
contact = 0.9306
# Ω cm²; at 0.1 S/m a Wagner length of 26 µm, where the largest current of the paper comes out: it
# gives none. On a microelectrode 0.8 was measured, 8 µm.
charge_transfer_resistance = 2.6
wagner_lengths = [0.0, 1.0, 8.0, 40.0, 260.0]
rtol = 1e-4
"""

_SAMPLE = """
[[samples]]
name = "{powder}_{pressure}"
preset = "{powder}_{pressure}"
edge = {edge}
labels = {{ powder = "{powder}", pressure = {pressure} }}
[samples.measured]
critical_current_density = {{ value = {value}, scatter = {scatter}, unit = "mA/cm²" }}
"""

_CRITICAL = {
    ("regular", 100): (0.3, 0.05),
    ("regular", 300): (1.0, 0.1),
    ("regular", 500): (1.1, 0.1),
    ("fine", 100): (0.4, 0.05),
    ("fine", 300): (1.1, 0.1),
    ("fine", 500): (1.2, 0.1),
}


def example(edge: int = 250) -> str:
    """Return the text of the study, of twins of so many voxels along each edge.

    Examples
    --------
    >>> example(64).count("edge = 64")
    6
    """
    samples = (
        _SAMPLE.format(powder=powder, pressure=pressure, edge=edge, value=value, scatter=scatter)
        for (powder, pressure), (value, scatter) in _CRITICAL.items()
    )
    return _HEAD + "".join(samples)
