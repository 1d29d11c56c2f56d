"""Several samples and one question: what is done with each, and how they compare."""
