"""File formats of other people's tools, one a file: .mps, .lp, .sol; .solu, .trc."""
