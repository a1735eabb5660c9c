"""What the commands of `milpsparse` do; cli.py reads their options."""
