"""Start pytest as the user's command would, with the plugins of this runner."""

import gc
import json
import os
import sys
from typing import List


def main() -> None:
    """Run `warm OPTIONS`, or `cold` with options from standard input, which no command line shows.

    The options are a JSON object with the pytest arguments, the limits and, for a cold run, the fields that
    `buildpacks/result_lines.py` defines.
    """
    mode = sys.argv[1]
    options = json.loads(sys.argv[2]) if mode == "warm" else json.load(sys.stdin)
    # Everything is imported before the tree is on the path: no file of the tree can take the place of a module. What is
    # not needed is not: most of the time of a small run is that of imports, in which there is no garbage.
    gc.disable()
    import pytest

    from .chosen import Chosen, files_of
    from .cold import Watchdog
    from .excuses import Excuses
    from .installed import only_installed_plugins
    from .result_lines import Channel, Reporter
    from .sides import TestSide
    from .stops import count_as_failure_what_only_unittest_may_raise
    from .tame import Tame
    from .touched import Touched

    if mode == "warm":
        from .warm import Worker
    elif options["elsewhere"]:
        from .elsewhere import Elsewhere, go_elsewhere
    elif options["watched"]:
        from .witness import Witness
    if mode != "warm" and options["canaries"]:
        from .canaries import Canaries
    gc.enable()

    only_installed_plugins(os.getcwd())
    count_as_failure_what_only_unittest_may_raise()
    sys.path.pop(0)
    if options["module"]:
        sys.path.insert(0, os.getcwd())
    sys.argv = [pytest.__file__, *options["args"]]
    if mode == "warm":
        sys.exit(int(pytest.main(options["args"], plugins=[Tame(), Worker(options)])))
    channel, touched = Channel(bytes.fromhex(options.pop("key"))), Touched()
    side = TestSide(os.getcwd(), options["tests"])
    plugins: List[object] = [Tame(), Watchdog(options), Reporter(channel, side), Excuses(side), touched]
    if not all(map(os.path.exists, files_of(options["ids"]))):
        # Ids begin in pytest's root directory, which may be another one: the tests are chosen from all of the command.
        plugins.append(Chosen(options["ids"]))
        options["args"] = options["whole"]
    elif options["unsure"]:
        plugins.append(Chosen(options["ids"]))
        options["args"] += files_of(options["unsure"])
    if options["canaries"]:
        plugins.append(Canaries(channel))
    if options["elsewhere"]:
        plugins.append(Elsewhere(channel, side, options["watched"]))
        go_elsewhere()
    elif options["watched"]:
        plugins.append(Witness(channel, side, options["watched"]))
        options["args"].append("--assert=rewrite")
    code = int(pytest.main(options["args"], plugins=plugins))
    channel.write({"touched": touched.told()})
    channel.write({"end": code})
    sys.exit(code)
