"""Start pytest as the user's command would, with this runner's plugins beside it."""

from __future__ import annotations

import json
import os
import sys
from typing import List


def main() -> None:
    """Run `warm OPTIONS`, or `cold` with options from standard input: no command line shows them.

    Options are a JSON object with the pytest arguments, the limits and, for a cold run, what `buildpacks/records.py`
    asks for.
    """
    mode = sys.argv[1]
    options = json.loads(sys.argv[2]) if mode == "warm" else json.load(sys.stdin)
    # What this package needs is imported before the tree gets a place on the path: no file in it can stand in for it.
    import pytest

    from .canaries import Canaries
    from .chosen import Chosen, files_of
    from .cold import Watchdog
    from .records import Channel, Reporter
    from .tame import Tame
    from .warm import Worker

    sys.path.pop(0)
    if options["module"]:
        sys.path.insert(0, os.getcwd())
    sys.argv = [pytest.__file__, *options["args"]]
    if mode == "warm":
        sys.exit(int(pytest.main(options["args"], plugins=[Tame(), Worker(options)])))
    channel = Channel(bytes.fromhex(options.pop("key")))
    plugins: List[object] = [Tame(), Watchdog(options), Reporter(channel)]
    if options["unsure"]:
        plugins.append(Chosen(options["chosen"]))
        options["args"] += files_of(options["unsure"])
    if options["canaries"]:
        plugins.append(Canaries(channel))
    code = int(pytest.main(options["args"], plugins=plugins))
    channel.write({"end": code})
    sys.exit(code)
