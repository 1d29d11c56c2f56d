"""What page and server tell each other: numbers that either side sets and the other follows."""

from bokeh.core.properties import Any, Bool, Dict, Float, Int, List, String
from bokeh.model import DataModel


class State(DataModel):
    """The state of one open page.

    The page asks for slices by `wanted` and asks again when `served` has the number of what it
    asked: however fast a hand moves, one request is under way.
    """

    #: number of the request, then the numbers of :meth:`poreflux.explorer.planes.View.of`
    wanted: List[float] = List(Float)
    served: int = Int(0)
    #: values at the point, what a pixel is, and how long it took
    told: dict = Dict(String, Any)

    threshold: float = Float(0.0)
    dark: bool = Bool(True)
    #: ``"threshold"``, ``"phase"``, the name of a field, or ``"none"``
    overlay: str = String("threshold")
    #: values that have the first and the last colour of a field
    limits: List[float] = List(Float)
    #: of the grey values: cumulated counts, methods, shift and band
    histogram: dict = Dict(String, Any)

    #: first and last corner of the box in µm, and what was found in it
    box: List[float] = List(Float)
    boxed: dict = Dict(String, Any)

    #: what a button asks for, and what came of it
    command: str = String("")
    outcome: dict = Dict(String, Any)

    #: the map that is shown, and what is known of it
    chosen: str = String("")
    mapped: dict = Dict(String, Any)
