"""How the instance library is made: files, known values and their evidence, test sets, pages.

    families -> build -> instances/, library.json        results -> update -> known values -> verify

`python -m milpsparse.curation --help` lists the commands; the Makefile has a target for each.
"""
