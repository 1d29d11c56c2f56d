"""
Local thickness
===============

The largest sphere that fits into the pores and covers a place.
"""

import poreflux as pf

volume = pf.phantoms.regular_300((64, 64, 64))
figure = pf.plot.local_thickness(pf.collect(pf.pore_size(volume, method="thickness")))
