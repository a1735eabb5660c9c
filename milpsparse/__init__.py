"""milpsparse: the sparsest one-hidden-layer ReLU network through data, proved and benchmarked."""
