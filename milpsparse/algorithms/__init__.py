"""Algorithms, one file each, found by this folder: a constant ALGORITHM of type `Algorithm`."""
