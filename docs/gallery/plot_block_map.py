"""
Maps of sub-volumes, layer by layer
===================================

The number of each sub-volume stands in it, along x first, then y, then z.
"""

import poreflux as pf

volume = pf.phantoms.regular_300((48, 64, 64))
results = pf.collect(pf.block_porosity(volume, blocks=(4, 4, 4)))
figure = pf.plot.block_map(results)
