"""Grey values become phases: by thresholds on the histogram of the whole volume, chunk by chunk."""
