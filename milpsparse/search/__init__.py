"""Branch and bound on activations: whether networks of a cost fit, or a tree that says no."""
