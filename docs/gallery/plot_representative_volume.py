"""
Sub-volumes of several sizes
============================

How much the porosity of cubes scatters, and how that falls with their edge.
"""

import poreflux as pf

volume = pf.phantoms.regular_300((64, 64, 64))
figure = pf.plot.representative_volume(pf.collect(pf.representative_volume(volume)))
