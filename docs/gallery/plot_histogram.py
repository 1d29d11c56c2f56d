"""
Histogram and threshold
=======================

Where the threshold lies in the grey values of the whole volume.
"""

from importlib.resources import files

import poreflux as pf

scan = pf.read(files("poreflux") / "data" / "cement.tif", voxel_size=1.0)
volume = pf.segment(scan, method="otsu", denoise="median")
results = pf.collect(pf.porosity(volume), pf.preview(volume), volume=volume)
figure = pf.plot.histogram(results)
