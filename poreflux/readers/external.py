"""Files that take their values from other files: from their own folder, unless it is allowed."""

from pathlib import Path

from poreflux.errors import UnreadableImage


def require_near(path: Path, other: Path, *, allowed: bool) -> Path:
    """Return the file from which another takes values; refuse one outside of its folder.

    What a header names may be any file of the machine that its reader can read.
    """
    if not allowed and not other.resolve().is_relative_to(path.parent.resolve()):
        raise UnreadableImage(
            f"{path} takes its values from {other}, which is outside of its folder; if you trust "
            "it, read it with allow_external=True"
        )
    if not other.is_file():
        raise UnreadableImage(f"{path} has its data in {other}, which is missing; fetch it too")
    return other
