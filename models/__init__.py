"""Formulations, one file each, found by this folder: a constant MODEL of type `Model`.

A model's docstring is its mathematics. The folder models/ at the top is this package.
"""

if __name__ != "milpsparse.models":
    raise ImportError(f"import milpsparse.models, not {__name__}: models/ is that package's folder")
