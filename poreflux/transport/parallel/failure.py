"""Failures that all processes of a run raise together."""


class SharedFailure(Exception):
    """Carries, on every process alike, the ``failure`` that one or all of them met.

    An exception that is not wrapped in one is known to a single process, and has to end the others,
    which would wait for it.
    """

    def __init__(self, failure: Exception):
        super().__init__(str(failure))
        self.failure = failure
