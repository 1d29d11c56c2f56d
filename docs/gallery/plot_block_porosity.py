"""
Porosity of sub-volumes
=======================

Each dot is a sub-volume: how evenly are the pores spread?
"""

import poreflux as pf

volume = pf.phantoms.regular_300((48, 64, 64))
figure = pf.plot.block_porosity(pf.collect(pf.block_porosity(volume, blocks=(4, 4, 4))))
