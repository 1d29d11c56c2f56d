"""Messages of the library, which name Python arguments, rewritten with command-line options.

The library says ``overwrite=True`` or ``poreflux.verify(store)``; users of the command
line read ``--overwrite`` or ``poreflux verify``. No other module knows both.
"""

import ast
import re
from functools import cache

#: arguments of Python whose option has another name
ARGUMENTS = {
    "cylinder": "--roi",
    "fraction": "--contact",
    "model": "--contact-model",
    "length": "--contact-size",
    "diameter": "--contact-size",
    "seed": "--contact-seed",
    "petsc_options": "--petsc",
}

#: other Python in messages, as patterns, and what replaces it
PHRASES = {
    r"poreflux\.(verify|segment|measure|report)\([^()]*\)": r"poreflux \1",
    r"poreflux\.open_results\(path\) opens them": "give the store that they were measured of",
    r"poreflux\.transport\.parallel": "--solver petsc",
    r"solve in one process": "solve with --solver serial",
    r" or precision='float64'": "",  # a command takes the precision that its --rtol needs
}

#: arguments whose names are not ordinary words: translated also where no ``=`` follows
BARE = r"(?<![\w.'/-])(voxel_size|rtol|bin_width|charge_transfer_resistance)(?![\w.'/=-])"

#: a value as Python writes it: a string, a list, a tuple, a dict, or a word
VALUE = r"""'[^']*'|"[^"]*"|\[[^\]]*\]|\([^)]*\)|\{[^}]*\}|[^\s,;:()]+"""


def translated(text: str) -> str:
    """Return a message of the library with options of the command line for Python arguments.

    Examples
    --------
    >>> translated("vol.zarr is there already; replace it with overwrite=True")
    'vol.zarr is there already; replace it with --overwrite'
    >>> translated("blocks=[4, 4] is not three numbers; rtol=1e-4 and voxel_size are")
    '--blocks 4,4 is not three numbers; --rtol 1e-4 and --voxel-size are'
    """
    for pattern, replacement in PHRASES.items():
        text = re.sub(pattern, replacement, text)
    names = "|".join(sorted(options(), key=len, reverse=True))
    text = re.sub(rf"(?<![\w./-])({names})=(?!=)({VALUE})?", _option, text)
    return re.sub(BARE, lambda match: options()[match[0]], text)


@cache
def options() -> dict[str, str]:
    """Return the option of each argument of Python that a verb can be given.

    Examples
    --------
    >>> options()["voxel_size"], options()["model"]
    ('--voxel-size', '--contact-model')
    """
    from poreflux.cli.app import VERBS

    names = [
        name
        for verb in VERBS
        for argument in verb.assemble_argument_collection()
        for name in argument.names
        if name.startswith("--")
    ]
    return {name[2:].replace("-", "_"): name for name in names} | ARGUMENTS


def _option(match: re.Match) -> str:
    """Return ``--name value`` of ``name=value``, the value as it would be typed."""
    option, text = options()[match[1]], match[2] or ""
    try:
        value = ast.literal_eval(text)
    except (SyntaxError, ValueError):
        value = (
            tuple(text[1:-1].split(", ")) if text[:1] == "(" else text
        )  # names, as in an example
    if isinstance(value, dict):
        text = ",".join(f"{key}={item}" for key, item in value.items())
    elif isinstance(value, (list, tuple)):
        text = ",".join(map(str, value))
    return option if value is True or not text else f"{option} {text}"


def sentence(error: BaseException) -> str:
    """Return one line that names what happened; an error of another program keeps its type.

    Examples
    --------
    >>> sentence(ValueError("rtol=2 is too much")), sentence(ZeroDivisionError("by zero"))
    ('--rtol 2 is too much', 'ZeroDivisionError: by zero (--debug shows where)')
    >>> from poreflux.errors import NoCluster
    >>> sentence(NoCluster("no scheduler answers"))
    'no scheduler answers (the documentation tells more: how-to/dask)'
    """
    from poreflux.cli.limits import memory_ran_out, said_of_memory
    from poreflux.errors import PorefluxError

    if memory_ran_out(error):
        return said_of_memory(error)
    text = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
    text = " ".join(text.split())
    if text.startswith("Symlink loop from"):  # of pathlib, until Python 3.12
        return f"{text.removeprefix('Symlink loop from ').strip(chr(39))}: a loop of symbolic links"
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror[0].lower()}{error.strerror[1:]}"
    ours = isinstance(error, (PorefluxError, ValueError, TypeError, KeyError, OSError))
    if ours and text:
        page = error.page if isinstance(error, PorefluxError) else ""
        return translated(text) + (f" (the documentation tells more: {page})" if page else "")
    return f"{type(error).__name__}: {text} (--debug shows where)"
