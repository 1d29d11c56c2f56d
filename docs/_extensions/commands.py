"""Commands that the pages show are run while they are built, in a folder of each page.

`{shell}` shows lines and what they print; `{number}` is a number of results in the text, with its
error and unit, as the program prints it; `{verb}` is the help of a verb.
"""

import os
import shutil
import subprocess
from pathlib import Path
from typing import ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective, SphinxRole


def folder_of(env) -> Path:
    """Return the folder in which the commands of the page run."""
    return Path(env.app.outdir).parent / "run" / env.docname.replace("/", "-")


def empty_folder(app: Sphinx, docname: str, source: list[str]) -> None:
    """Let a page that is read anew start from nothing."""
    folder = Path(app.outdir).parent / "run" / docname.replace("/", "-")
    shutil.rmtree(folder, ignore_errors=True)


class Shell(SphinxDirective):
    """Lines for a terminal, which are run; below stands what they print.

    With `hidden` nothing is shown: it prepares the folder of the page; with `quiet` the output is
    not shown; with `fails` the lines must fail; of long output the first `lines` are shown.
    """

    has_content = True
    option_spec: ClassVar = {
        "hidden": directives.flag,
        "quiet": directives.flag,
        "fails": directives.flag,
        "lines": directives.positive_int,
    }

    def run(self) -> list[nodes.Node]:
        """Run the lines and return them as a block, and their output as another."""
        script = "\n".join(self.content)
        printed = self.output_of(script)
        if "hidden" in self.options:
            return []
        asked = nodes.literal_block(script, script, language="bash", classes=["asked"])
        self.set_source_info(asked)
        if "quiet" in self.options or not printed.strip():
            return [asked]
        answer = nodes.literal_block(printed, printed, language="text", classes=["answer"])
        return [asked, answer]

    def output_of(self, script: str) -> str:
        """Return what the lines print; raise where they do not end as they should."""
        folder = folder_of(self.env)
        folder.mkdir(parents=True, exist_ok=True)
        ran = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=folder,
            capture_output=True,
            text=True,
            env={**os.environ, "COLUMNS": "88", "PYTHONWARNINGS": "ignore"},
            timeout=1200,
        )
        if bool(ran.returncode) != ("fails" in self.options):
            raise self.error(f"{script}\nended with {ran.returncode}: {ran.stderr[-2000:]}")
        said = ran.stdout + (ran.stderr if "fails" in self.options else "")
        lines = said.replace(f"{folder}/", "").rstrip().splitlines()
        most = self.options.get("lines", 60)
        return "\n".join(lines[:most] + ["..."] * (len(lines) > most))


class Number(SphinxRole):
    """A number of results: {number}`results.zarr tortuosity_factor z`."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Return the number as text, with its total error and unit."""
        from poreflux.results.number_rows import rows
        from poreflux.results.opening import open_results

        path, name, *direction = self.text.split()
        results = open_results(folder_of(self.env) / path)
        along = "".join(direction)
        found = [row for row in rows(results) if (row.name, row.direction) == (name, along)]
        if len(found) != 1:
            raise ValueError(f"{self.text} in {self.env.docname}: {len(found)} numbers, not one")
        shown = found[0].printed
        kinds = f" ({shown.kinds})" if shown.kinds else ""
        return [nodes.Text(shown.with_unit(found[0].printed_unit) + kinds)], []


class Verb(SphinxDirective):
    """The help of a verb: {verb} solve tortuosity."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        """Return the help as paragraphs and lists."""
        from poreflux.cli.app import app, example_of

        verb = app
        for word in self.arguments[0].split():
            verb = verb[word]
        name = f"poreflux {self.arguments[0]}"
        text = verb.generate_docs(output_format="markdown", heading_level=6, usage_name=name)
        body = text[text.index("```") :]
        example = example_of(verb.default_command) if verb.default_command else ""
        if example:
            body += f"\n**Examples**\n\n```bash\n{example}\n```\n"
        return self.parse_text_to_nodes(body)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register directives and the role with Sphinx."""
    app.add_directive("shell", Shell)
    app.add_directive("verb", Verb)
    app.add_role("number", Number())
    app.connect("source-read", empty_folder)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
