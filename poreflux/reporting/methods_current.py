"""Methods text of the current at an electrode."""

from collections.abc import Iterator

import numpy as np
import xarray as xr

from poreflux.schema import DIMS, name_of
from poreflux.schema.attribute_text import parsed


def current_sentences(results: xr.Dataset) -> Iterator[str]:
    """Yield what was assumed and solved for the current at an electrode."""
    names = [name_of("current_density", direction) for direction in DIMS]
    note = next((results[name].attrs for name in names if name in results), None)
    if note is None or "kinetics" not in note:
        return
    note = {key: parsed(value) for key, value in note.items()}
    kinetics = {
        "primary": "without charge-transfer resistance",
        "linear": "with linear charge transfer",
        "butler-volmer": "with Butler–Volmer kinetics",
    }[note["kinetics"]]
    size = ""
    if note["charge_transfer_resistance"]:
        size = f" (charge-transfer resistance {note['charge_transfer_resistance']:.3g} Ω cm²"
        exchange = note.get("exchange_current_density")
        size += f", exchange current density {exchange:.3g} mA/cm²)" if exchange else ")"
    feed = {
        "flux": "the same current through each connected face opposite",
        "equipotential": "the face opposite at one potential",
    }[note["drive"]]
    share = float(np.nanmax(results["contact_mask_fraction"]))
    yield (
        f"The current density at the electrode follows from Laplace's equation in the electrolyte "
        f"({note['conductivity']:.3g} S/m) {kinetics}{size} at {note['temperature']:.5g} K, "
        f"{note['applied_current_density']:.3g} mA/cm² applied, {feed}, and {100 * share:.2f} % of "
        f"the face in contact (mask: {note.get('contact_model', 'given')})."
    )
    yield (
        "Exchange current density, conductivity and the position of the contact are assumptions, "
        "not measurements of this sample."
    )
