"""
Tortuosity factor of sub-volumes
================================
"""

import poreflux as pf

volume = pf.phantoms.regular_300((48, 64, 64))
blocks = pf.block_tortuosity(volume, blocks=(2, 4, 4), rtol=1e-4)
figure = pf.plot.block_tortuosity(pf.collect(blocks))
