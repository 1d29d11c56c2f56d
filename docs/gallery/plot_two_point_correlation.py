"""
Two-point probability
=====================

The probability that two places at a distance are both pore; its slope at zero is the surface.
"""

import poreflux as pf

volume = pf.phantoms.regular_300((64, 64, 64))
parts = pf.two_point_correlation(volume), pf.surface_area(volume)
figure = pf.plot.two_point_correlation(pf.collect(*parts))
