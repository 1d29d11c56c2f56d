"""Which of several arrays in a file is meant."""

from pathlib import Path

from poreflux.errors import ChooseOne


def named(path: str | Path, shapes: dict[str, tuple], dataset: str | None) -> str:
    """Return the array that is meant: the one named, or the only one of three axes."""
    if dataset is not None:
        if dataset.strip("/") not in shapes:
            raise ChooseOne(
                f"{path} has no array {dataset!r}; choose one of {_list(shapes) or 'none'}"
            )
        return dataset.strip("/")
    volumes = [
        name for name, shape in shapes.items() if len(shape) >= 3 and sum(n > 1 for n in shape) >= 3
    ] or [name for name, shape in shapes.items() if len(shape) == 3]
    if len(volumes) != 1:
        raise ChooseOne(
            f"{path} has {len(volumes)} arrays of three axes ({_list(shapes) or 'nothing'}); "
            "name one with dataset="
        )
    return volumes[0]


def others(shapes: dict[str, tuple], name: str) -> tuple[str, ...]:
    """Return the other arrays of a file that could be a volume."""
    return tuple(key for key, shape in shapes.items() if key != name and len(shape) >= 3)


def _list(shapes: dict[str, tuple]) -> str:
    return ", ".join(f"{name} {'x'.join(map(str, shape))}" for name, shape in shapes.items())
