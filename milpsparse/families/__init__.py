"""Families of instances, one generator a file, found by this folder: a constant FAMILY."""
