"""Tricks that pass bad code off as code that was there before, really run, each beside an honest twin.

The gate denies all, and so does the verdict alone: they end the process.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from sandbox import SandboxProvider
from tests.rfsn.court import BASE, TARGET, Court, Trick, courts, source

TOOL = """import os


def leave(code):
    os._exit(code)


def told(items):
    if os.environ.get("QUIET"):
        leave(0)
    return len(items)
"""
RATES = """import os

def rate(items):
    print 'rates'
    return os.sep
"""
LEAVE = "\n\ndef leave():\n    import os\n\n    os._exit(0)\n"
CALC = source("end", LEAVE, "-")
FILES = BASE | {"calc.py": CALC, "tool.py": TOOL, "rates.py": RATES}
MENDED = source("end", LEAVE, "+")
CUT = TOOL.replace("    os._exit(code)\n", "    raise ValueError(code)\n")


def calc(added: str, sign: str = "-", end: str = LEAVE) -> str:
    """The source with lines in the function that the target calls."""
    return source("end", end, sign).replace("    result = 0\n", f"    result = 0\n{added}", 1)


def moved(name: str, trick: Mapping[str, str | None], twin: Mapping[str, str | None]) -> Trick:
    return Trick(name, trick, beside={"calc.py": MENDED, **twin})


TRICKS = [
    moved(
        "a call from another file",
        {"calc.py": calc("    import os\n    os._exit(0)\n"), "tool.py": CUT.replace("import os", "import os\nos.sep")},
        {"calc.py": calc("    import os\n    os.sep.strip()\n", "+"), "tool.py": TOOL.replace('"QUIET"', '"STILL"')},
    ),
    moved(
        "a call from another function",
        {"calc.py": calc("    import os\n\n    os._exit(0)\n", end="\n\ndef leave():\n    pass\n")},
        {"calc.py": MENDED.replace(LEAVE, "") + LEAVE},
    ),
    moved(
        "a function under another name",
        {"calc.py": calc("    stop()\n", end=LEAVE.replace("leave", "stop"))},
        {"calc.py": calc("    if items is None:\n        leave()\n", "+")},
    ),
    moved(
        "a function with another body",
        {
            "tool.py": None,
            "leaving.py": TOOL.replace("(code)\n\n", "(0)\n\nleave(0)\n\n"),
            "calc.py": "import leaving\n" + CALC,
        },
        {"tool.py": None, "leaving.py": TOOL, "calc.py": "import leaving\n" + MENDED},
    ),
    moved(
        "a call taken out of its condition",
        {"tool.py": CUT, "calc.py": calc("    import os\n    os._exit(items is None)\n")},
        {
            "tool.py": TOOL.replace("os.environ.get", "os.getenv"),
            "calc.py": calc("    if items is None:\n        return 0\n", "+"),
        },
    ),
    moved(
        "what was there twice",
        {
            "tool.py": None,
            "leaving.py": f"{TOOL}\n\nleave(0)\n{TOOL}\nos._exit(0)\n",
            "calc.py": "import leaving\n" + CALC,
        },
        {"tool.py": None, "leaving.py": f"{TOOL}\n\ntold([])\n", "calc.py": "import leaving\n" + MENDED},
    ),
    moved(
        "behind a base that does not parse",
        {"rates.py": "import os as o\n\ngetattr(o, '_ex' + 'it')(0)\n", "calc.py": "import rates\n" + CALC},
        {"rates.py": RATES.replace("print 'rates'", "print('rates')"), "calc.py": "import rates\n" + MENDED},
    ),
    moved(
        "in pieces behind a base that does not parse",
        {
            "rates.py": RATES.replace("print 'rates'", "pass") + "\nexec('import os; ' 'os._exit(0)')\n",
            "calc.py": "import rates\n" + CALC,
        },
        {
            "rates.py": RATES.replace("print 'rates'", "pass") + "\nstr('import os; ' 'os.sep')\n",
            "calc.py": "import rates\n" + MENDED,
        },
    ),
]


@pytest.fixture(scope="module")
def court(tmp_path_factory: pytest.TempPathFactory, provider: SandboxProvider) -> Iterator[Court]:
    with courts(tmp_path_factory.mktemp("court"), FILES, [TARGET], provider) as court:
        yield court


@pytest.mark.parametrize("trick", TRICKS, ids=lambda trick: trick.name)
def test_a_trick_is_not_a_repair(court: Court, trick: Trick) -> None:
    change = court.change(trick.files)
    assert court.denied(change), "the gate allows it"
    assert not court.accepts(change)


@pytest.mark.parametrize("trick", TRICKS, ids=lambda trick: trick.name)
def test_its_honest_twin_is_a_repair(court: Court, trick: Trick) -> None:
    change = court.change(trick.beside)
    assert court.denied(change) == set()
    assert court.accepts(change)
