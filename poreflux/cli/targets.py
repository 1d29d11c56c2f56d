"""Where a verb writes: found to be writable before the work, not after."""

from pathlib import Path


def require_writable(*targets: Path | None, dry_run: bool = False) -> None:
    """Refuse targets that could not be written at the end of the work; None is no target.

    Raises
    ------
    CannotWrite
        for the first that cannot, such as a store on a file system that is mounted read-only.
    """
    from poreflux.store.disk import require_writable as require

    for target in targets:
        if target is not None and not dry_run:
            require(target)
