"""The options that several models share, by the same names; `_split` and `_big_m` explain them."""

from __future__ import annotations

from milpsparse.method import Option

SLOTS = Option(None, "neuron slots K of each sign (default: enough to be exact)", low=1)
BIG_M = Option(
    "box",
    "bounds of pre-activations: from B, from B and the entries that a neuron may have, or from B "
    "and linear programs",
    ("box", "cardinality", "obbt"),
)
SYMMETRY = Option(
    "activity",
    "order of interchangeable slots",
    ("none", "activity", "first_weight", "lexicographic"),
)
COVER = Option(True, "rows that cover each label by its sign (only without a skip connection)")
GENERIC = Option(False, "add the bound of almost every labelling: the model then proves nothing")
SAMPLE = Option(None, "use about this many sampled patterns: no lower bound then", low=1)

SPLIT = {"slots": SLOTS, "symmetry": SYMMETRY, "cover": COVER, "generic": GENERIC}
