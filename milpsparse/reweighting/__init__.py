"""Reweighted l1: a concave norm over activation patterns, minimised by linear programs."""
