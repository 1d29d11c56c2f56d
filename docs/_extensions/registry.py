"""Tables that are read from the program: variables, kinds of errors, failures."""

import inspect

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


def table(header: list[str], rows: list[list[str]]) -> str:
    """Return a table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"


class Variables(SphinxDirective):
    """All variables of a table of `poreflux.schema`: {variables} TORTUOSITY."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return one table, errors told by their quantity left out."""
        from poreflux.schema import current, microstructure, tortuosity, volume
        from poreflux.schema.variables import ERROR_ENDS

        name = self.arguments[0]
        homes = (volume, microstructure, tortuosity, current)
        known = next(getattr(home, name) for home in homes if hasattr(home, name))
        rows = [
            [f"`{key}`", variable.long_name, variable.units, ", ".join(variable.dims)]
            for key, variable in known.items()
            if not any(key.endswith(f"_{end}") for end in ERROR_ENDS)
        ]
        return self.parse_text_to_nodes(table(["name", "meaning", "unit", "dims"], rows))


class Failures(SphinxDirective):
    """The failures worth catching by name, from `poreflux.errors`."""

    def run(self) -> list[nodes.Node]:
        """Return one table."""
        from poreflux import errors

        rows = [
            [
                f"`poreflux.errors.{name}`",
                (inspect.getdoc(failure) or "").partition("\n\n")[0],
                f"[](../{failure.page}.md)" if failure.page else "",
            ]
            for name, failure in vars(errors).items()
            if inspect.isclass(failure) and issubclass(failure, Exception)
        ]
        return self.parse_text_to_nodes(table(["failure", "meaning", "page"], rows))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directives with Sphinx."""
    app.add_directive("variables", Variables)
    app.add_directive("failures", Failures)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
