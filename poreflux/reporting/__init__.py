"""Results become one self-contained page: numbers, figures, methods, provenance."""
