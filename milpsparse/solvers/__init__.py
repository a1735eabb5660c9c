"""Solver backends, one file each, found by this folder: a constant SOLVER of type `Solver`."""
