"""The harness: tasks, isolated workers, the store of rows, and the run that fills it."""
