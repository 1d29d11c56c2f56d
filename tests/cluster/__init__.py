"""dask.distributed in processes: same digits, killed workers, a lost scheduler, small graphs."""
