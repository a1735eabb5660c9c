"""Plug-ins of another package, found through its entry points."""
