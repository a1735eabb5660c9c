"""The search for the least lp norm: a program over rays, its compiled bounds, the tree."""
