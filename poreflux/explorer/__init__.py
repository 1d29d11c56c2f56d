"""A page on this machine to look into volumes of any size: slices, histogram, box and maps.

Only chunks of the pyramid that are seen are read. ``explore.py`` has the public function; the page
is made by Bokeh, which nothing else here loads before it is shown.
"""
