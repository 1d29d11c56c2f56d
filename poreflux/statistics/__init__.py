"""Statistics of correlated values on a grid: small arrays in, numbers and their errors out."""
