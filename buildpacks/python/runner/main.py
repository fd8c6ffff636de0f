"""Start pytest as the user's command would, with this runner's plugin beside it."""

from __future__ import annotations

import json
import os
import sys


def main() -> None:
    """Run `cold OPTIONS` or `warm OPTIONS`; OPTIONS is a JSON object with the pytest arguments and the limits."""
    mode, options = sys.argv[1], json.loads(sys.argv[2])
    # What this package needs is imported before the tree gets a place on the path: no file in it can stand in for it.
    import pytest

    from .cold import Watchdog
    from .tame import Tame
    from .warm import Worker

    sys.path.pop(0)
    if options["module"]:
        sys.path.insert(0, os.getcwd())
    sys.argv = [pytest.__file__, *options["args"]]
    plugin: object = Worker(options) if mode == "warm" else Watchdog(options)
    sys.exit(int(pytest.main(options["args"], plugins=[Tame(), plugin])))
