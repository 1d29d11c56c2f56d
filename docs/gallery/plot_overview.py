"""
The first figure of a report
============================

Grey values, phases, pores in three dimensions, and tortuosity factors of sub-volumes.
"""

from importlib.resources import files

import poreflux as pf

scan = pf.read(files("poreflux") / "data" / "cement.tif", voxel_size=1.0)
volume = pf.segment(scan, method="otsu", denoise="median")
blocks = pf.block_tortuosity(volume, blocks=(4, 4, 4), rtol=1e-4)
results = pf.collect(pf.porosity(volume), pf.preview(volume), blocks, volume=volume)
figure = pf.plot.overview(results)
