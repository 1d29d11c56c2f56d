"""
Tortuosity factor of cubes of several sizes
===========================================
"""

import poreflux as pf

volume = pf.phantoms.regular_300((48, 48, 48))
cubes = {48 * 0.92 / n: pf.block_tortuosity(volume, blocks=(n, n, n), rtol=1e-4) for n in (2, 3, 4)}
figure = pf.plot.representative_tortuosity(pf.representative_tortuosity(cubes))
