"""The user's own plug-ins: this package's path is the folders that MILPSPARSE_PLUGINS names.

A file `DIR/mine.py` is the module `milpsparse.plugins.mine`, and `DIR/solvers/mine.py` is
`milpsparse.plugins.solvers.mine`: in every process, so that isolated tasks find it by its name.
The variable is read once, when this module is imported.
"""

from __future__ import annotations

import os
from pathlib import Path

VARIABLE = "MILPSPARSE_PLUGINS"

__path__ = [
    str(Path(folder).expanduser().resolve())
    for folder in os.environ.get(VARIABLE, "").split(os.pathsep)
    if folder.strip()
]
