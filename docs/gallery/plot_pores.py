"""
Pores in three dimensions
=========================
"""

import poreflux as pf

volume = pf.phantoms.regular_300((48, 64, 64))
figure = pf.plot.pores(pf.collect(pf.preview(volume), volume=volume))
