"""Volumes in viewers that others wrote: napari."""
