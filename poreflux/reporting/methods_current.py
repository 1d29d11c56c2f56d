"""Methods text of the current at an electrode."""

from collections.abc import Iterator, Sequence

import numpy as np
import xarray as xr

from poreflux.reporting.methods_errors import listed
from poreflux.schema import DIMS, name_of
from poreflux.schema.attribute_text import parsed

_KINETICS = {
    "primary": "without charge-transfer resistance",
    "linear": "with linear charge transfer",
    "butler-volmer": "with Butler–Volmer kinetics",
}

_FEED = {
    "flux": "the same current through each connected face opposite",
    "equipotential": "the face opposite at one potential",
}


def current_sentences(results: xr.Dataset) -> Iterator[str]:
    """Yield what was assumed and solved for the current at an electrode."""
    solved = [d for d in DIMS if name_of("current_density", d) in results]
    blocks = [d for d in DIMS if name_of("upscaled_current_density", d) in results]
    if solved:
        note = _note(results, name_of("current_density", solved[0]))
    elif blocks:
        note = _note(results, name_of("upscaled_current_density", blocks[0]))
    else:
        return
    if "kinetics" not in note:
        return
    yield _solved(results, note, solved or blocks)
    if "swept_wagner_length" in results and solved:
        lengths = [f"{length:g}" for length in results["swept_wagner_length"].values.tolist()]
        yield f"It was solved at Wagner lengths of {listed(lengths)} µm as well."
    if blocks:
        cells = _note(results, name_of("upscaled_current_density", blocks[0])).get("blocks", ())
        grid = " × ".join(str(n) for n in cells)
        where = "It was solved on" if not solved else "It was compared with the solution on"
        yield f"{where} {grid} blocks across {listed(blocks)}, each of its own conductivity."
    yield (
        "Exchange current density, conductivity and the position of the contact are assumptions, "
        "not measurements of this sample."
    )


def _note(results: xr.Dataset, name: str) -> dict:
    return {str(key): parsed(value) for key, value in results[name].attrs.items()}


def _solved(results: xr.Dataset, note: dict, directions: Sequence[str]) -> str:
    size = ""
    if note["charge_transfer_resistance"]:
        size = f" (charge-transfer resistance {note['charge_transfer_resistance']:.3g} Ω cm²"
        exchange = note.get("exchange_current_density")
        size += f", exchange current density {exchange:.3g} mA/cm²)" if exchange else ")"
    film = (
        f" behind a film of {note['film_resistance']:.3g} Ω cm²" if note["film_resistance"] else ""
    )
    return (
        f"The current density at the {note['face']} face across {listed(directions)} follows from "
        f"Laplace's equation in {_conductors(note)} {_KINETICS[note['kinetics']]}{size}{film} at "
        f"{note['temperature']:.5g} K, {note['applied_current_density']:.3g} mA/cm² applied, "
        f"{_FEED[note['drive']]}, and {_contact(results, note)}."
    )


def _conductors(note: dict) -> str:
    phases = note.get("conductivities")
    if phases:
        told = listed([f"{name} {value:.3g}" for name, value in phases.items()])
        return f"the conducting phases ({told} S/m)"
    if "conductivity" in note:
        return f"the electrolyte ({note['conductivity']:.3g} S/m)"
    return "the electrolyte"


def _contact(results: xr.Dataset, note: dict) -> str:
    """Return how much of the face is in contact, and where."""
    if "contact_mask_fraction" not in results:
        return "the contact that was given"
    shares = results["contact_mask_fraction"].values
    shares = np.unique(np.round(100 * shares[np.isfinite(shares)], 2))
    where = note.get("contact_model", "given")
    options = [
        f"{title} {note[f'contact_{key}']:g}{unit}"
        for key, title, unit in (
            ("length", "correlation length", " µm"),
            ("diameter", "diameter", " µm"),
            ("seed", "seed", ""),
        )
        if f"contact_{key}" in note
    ]
    told = ", ".join([f"mask: {where}", *options])
    return f"{listed([f'{share:.2f}' for share in shares])} % of the face in contact ({told})"
