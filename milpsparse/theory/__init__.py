"""One input with a skip connection: sparsest and least lp networks, p*, lines; all by theorems."""
