"""Paths through a phase: how long the shortest are, how narrow the widest."""
