"""Public names that have another name now: each works, and warns, for two minor versions."""

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Retired:
    """What a name is called now, and the version from which on it is."""

    new: str
    since: str

    @property
    def gone(self) -> str:
        """Return the version that no longer has the old name.

        Examples
        --------
        >>> Retired("new_name", since="0.4.1").gone
        '0.6'
        """
        major, minor = re.findall(r"\d+", self.since)[:2]
        return f"{major}.{int(minor) + 2}"


#: old name of what `poreflux` offers -> what it is called now
RETIRED: Mapping[str, Retired] = {}


def present_name(name: str, retired: Mapping[str, Retired] = RETIRED) -> str:
    """Return what a name is called now; warn where that is another name.

    Examples
    --------
    >>> present_name("porosity")
    'porosity'
    """
    if name not in retired:
        return name
    now = retired[name]
    warnings.warn(
        f"poreflux.{name} is called poreflux.{now.new} since {now.since}; the old name goes with "
        f"{now.gone}",
        FutureWarning,
        stacklevel=3,
    )
    return now.new
