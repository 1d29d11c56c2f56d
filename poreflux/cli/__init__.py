"""The command line: one verb for each step, from a scan to a report.

Exit status: 0 done, 1 failed, 2 misuse, 130 interrupted; a failure is one line on stderr.
"""

import json
import os
import signal
import sys
import warnings
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from poreflux.cli.answer import SCHEMA, Answer


def main(tokens: Sequence[str] | None = None) -> None:
    """Run the command line and exit."""
    arguments = list(sys.argv[1:] if tokens is None else tokens)
    for stream in ("stdout", "stderr"):  # which whoever started this process may have closed
        if getattr(sys, stream) is None:
            setattr(sys, stream, open(os.devnull, "w"))  # noqa: SIM115, open to the end
    with suppress(ValueError):  # not in the main thread, which a test may be in
        signal.signal(signal.SIGTERM, _interrupt)
    try:
        status = run(arguments)
        sys.stdout.flush()
    except KeyboardInterrupt:
        _say("interrupted; run the same command again, what was finished is kept")
        _leave(130)
    except BrokenPipeError:  # the reader of our output is gone, as with `| head`
        _leave(1)
    except OSError as error:  # of print or flush: what a verb raises is caught before
        if "--debug" in arguments:
            raise
        _say(f"what was to be printed: {(error.strerror or str(error)).lower()}")
        _leave(1)
    raise SystemExit(status)


def run(arguments: Sequence[str]) -> int:
    """Run one command; return its exit status."""
    from cyclopts import CycloptsError

    from poreflux.cli.app import app
    from poreflux.cli.limits import check_address_space
    from poreflux.cli.processes import prints_output, with_petsc_last
    from poreflux.cli.terminal import show_notes
    from poreflux.cli.translate import sentence

    if not prints_output(arguments):
        sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115, open to the end
    arguments = with_petsc_last(arguments)
    debug, machine = "--debug" in arguments, "--json" in arguments
    if not debug:
        warnings.simplefilter("ignore")
    show_notes()
    try:
        check_address_space()
        answer = app(
            arguments, exit_on_error=False, print_error=False, result_action="return_value"
        )
    except CycloptsError as error:
        return _fail(str(error), 2, machine)
    except (ValueError, TypeError, KeyError) as error:
        if debug:
            raise
        return _fail(sentence(error), 2, machine)
    except Exception as error:
        if debug:
            raise
        return _fail(sentence(error), 1, machine)
    return _print(_translated(answer), machine) if isinstance(answer, Answer) else 0


def _translated(answer: Answer) -> Answer:
    """Return an answer whose warnings and failure name options, not arguments of Python."""
    from poreflux.cli.translate import translated

    failure = answer.failure and translated(answer.failure)
    return replace(answer, warnings=[translated(text) for text in answer.warnings], failure=failure)


def _print(answer: Answer, machine: bool) -> int:
    if machine:
        print(json.dumps(answer.document(), indent=2, allow_nan=False))
    else:
        for line in answer.lines:
            print(line)
    for warning in answer.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    if answer.failure:
        _say(answer.failure)
    return 1 if answer.failure else 0


def _fail(message: str, status: int, machine: bool) -> int:
    if machine:
        print(json.dumps({"schema": SCHEMA, "error": message, "status": status}, indent=2))
    _say(message)
    return status


def _say(message: str) -> None:
    print(f"poreflux: {' '.join(message.split())}", file=sys.stderr, flush=True)


def _interrupt(number: int, frame: object) -> None:
    """End as on Ctrl-C: what is held is let go, so that the next process does not wait for it."""
    raise KeyboardInterrupt


def _leave(status: int) -> None:
    """End at once: threads at work would otherwise be waited for."""
    sys.stderr.flush()
    os._exit(status)
