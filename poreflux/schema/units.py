"""Units as people read them: in tables, figures and lines of the terminal alike."""

#: units that are not printed as they are written
_PRINTED = {"1": "", "percent": "%", "ohm*cm**2": "Ω cm²", "mA*hour/cm**2": "mAh/cm²"}

#: what stands for a part of a unit
_PARTS = {"um": "µm", "**": "^", "^-1": "⁻¹", "^-3": "⁻³", "^2": "²", "^3": "³"}


def printed_unit(unit: str) -> str:
    """Return a unit as it is printed: nothing for pure numbers.

    Examples
    --------
    >>> printed_unit("um"), printed_unit("um^-1"), printed_unit("ohm*cm**2"), printed_unit("1")
    ('µm', 'µm⁻¹', 'Ω cm²', '')
    """
    if unit in _PRINTED:
        return _PRINTED[unit]
    for plain, shown in _PARTS.items():
        unit = unit.replace(plain, shown)
    return unit
