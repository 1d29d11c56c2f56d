"""
The structure factor map
========================

By how much the porosity of each column differs from that of the whole.
"""

import poreflux as pf

volume = pf.phantoms.regular_300((48, 64, 64))
figure = pf.plot.structure_factor(pf.collect(pf.structure_factor(volume), volume=volume))
