"""Preloaded by workers: each task takes a little longer, so that a kill falls into the work."""

import asyncio


def dask_setup(worker):
    whole = worker.execute

    async def slowly(key, *, stimulus_id):
        await asyncio.sleep(0.003)
        return await whole(key, stimulus_id=stimulus_id)

    worker.execute = slowly
