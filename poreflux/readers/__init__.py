"""Files of many kinds become lazy volumes."""
