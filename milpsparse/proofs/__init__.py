"""Proof files of lower bounds: written here, and verified here by code that shares nothing else."""
