"""``python -m poreflux`` is the command line."""

from poreflux.cli import main

main()
