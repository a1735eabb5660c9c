"""What the commands of `milpsparse` do; milpsparse.cli reads their options."""
