"""
Pore sizes
==========

By number and by volume; pores that a face cuts are left out, and the others weighted for it.
"""

import poreflux as pf

volume = pf.phantoms.regular_300((64, 64, 64))
figure = pf.plot.pore_size(pf.collect(pf.pore_size(volume, method="components")))
