"""The options of `poreflux solve current` that belong together: contact, and kinetics."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cyclopts import Parameter

from poreflux.annotations import ContactModel, Kinetics
from poreflux.cli.options import Whole

if TYPE_CHECKING:
    import xarray as xr


@Parameter(name="*", group="Contact with the electrode")
@dataclass(frozen=True, kw_only=True)
class ContactOptions:
    """Where the electrode touches the face.

    Attributes
    ----------
    contact
        share of the face in contact, or an image file of it, contact where not 0.
    contact_model
        where contact is lost: patches of a random field, cells of a 12 x 12 grid, or round voids.
    contact_size
        correlation length of patches in µm, by default 7.5, or diameter of voids, by default 20.
    contact_seed
        of the random places.
    """

    contact: str = "0.9306"
    contact_model: ContactModel = "patches"
    contact_size: float | None = None
    contact_seed: Whole = 0

    def of(self, volume: "xr.Dataset", direction: str) -> "xr.DataArray | Path":
        """Return the mask of the face across a direction, or the path of its image."""
        from poreflux import contact_mask
        from poreflux.schema import DIMS
        from poreflux.volume import axis_of

        across = DIMS[axis_of(direction)]
        try:
            share = float(self.contact)
        except ValueError:
            return Path(self.contact)
        if self.contact_model == "full":
            return contact_mask(volume, model="full", direction=across)
        given = self.contact_size
        size: dict = {} if given is None else {"length": given, "diameter": given}
        return contact_mask(
            volume, fraction=share, model=self.contact_model, seed=self.contact_seed,
            direction=across, **size,
        )  # fmt: skip


@Parameter(name="*", group="Kinetics of the electrode")
@dataclass(frozen=True, kw_only=True)
class KineticsOptions:
    """What the current meets at the interface.

    Attributes
    ----------
    kinetics
        of charge transfer; primary is none.
    charge_transfer_resistance
        in ohm cm²; by default 0.8, a choice.
    exchange_current_density
        in mA/cm², instead.
    transfer_coefficient
        between 0 and 1.
    film_resistance
        in ohm cm².
    temperature
        in K.
    """

    kinetics: Kinetics = "butler-volmer"
    charge_transfer_resistance: float | None = None
    exchange_current_density: float | None = None
    transfer_coefficient: float = 0.5
    film_resistance: float = 0.0
    temperature: float = 298.15


CONTACT, KINETICS = ContactOptions(), KineticsOptions()
