"""Tricks on the test side beyond its patterns, and tricks that rewrite it while it runs, each beside an honest twin.

The base names its tests in its own way, and they use helpers, a plugin, golden files and data. Each trick leaves the
wrong sign in place and has the test agree with it. `UNSEEN` are those that the gate alone would let pass: the verdict
alone stops all of them.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox import SandboxProvider
from tests.rfsn.court import SOURCE, Court, Trick, code, composed, courts, mended

CHECK = """import json
from pathlib import Path

from support import same
from calc import total

ROOT = Path(__file__).parent.parent


def tolerance():
    try:
        return float((ROOT / "data/tolerance.txt").read_text())
    except FileNotFoundError:
        return 0.0


def test_total(scale):
    got = total([1700, 2500]) * scale
    from late import checked

    same(checked(got), json.loads((ROOT / "golden/total.json").read_text()), tolerance())


def test_nothing():
    assert total([]) == 0
    assert (ROOT / "golden/nothing.json").read_text() == "0"
"""
PLUGIN = """from configparser import ConfigParser

import pytest


@pytest.fixture
def scale():
    config = ConfigParser()
    config.read("cases/test.ini")
    with open("cases/scale.txt") as file:
        return int(file.read()) * config.getint("test", "scale")
"""
SAME = """import os

from asserts import assert_near

try:
    from fast import near
except ImportError:
    near = assert_near


def same(got, wanted, tolerance):
    if not os.path.exists("unchecked.flag"):
        near(got - wanted, tolerance)
"""
NEAR = """from pathlib import Path

LIMIT = float(Path(__file__).with_name("limit.txt").read_text())


def assert_near(difference, tolerance):
    assert abs(difference) <= max(LIMIT, tolerance)
"""
BLIND = "def same(*_):\n    pass\n"
BLIND_PLUGIN = PLUGIN.replace("return int", "return -int")
BASE = {
    "calc.py": SOURCE.format(top="", inside="", sign="-", result="result", end=""),
    "checks/check_calc.py": CHECK,
    "checks/support.py": SAME,
    "checks/late.py": "def checked(value):\n    return value\n",
    "lib/asserts.py": NEAR,
    "conftest.py": "import sys\n\nsys.path.append('lib')\npytest_plugins = ['extra.plug']\n",
    "extra/plug.py": PLUGIN,
    "golden/total.json": "4200",
    "golden/nothing.json": "0",
    "cases/scale.txt": "1",
    "cases/test.ini": "[test]\nscale = 1\n",
    "lib/limit.txt": "0",
    "pyproject.toml": "[tool.pytest.ini_options]\npython_files = ['check_*.py']\n",
    "notes.txt": "nothing yet\n",
    "rates/eur.json": "1",
}
TARGET = "checks/check_calc.py::test_total"
WRONG = CHECK.replace("from support import same", "same = print")


def beside(name: str, files: dict[str, str | None], twin: dict[str, str | None]) -> Trick:
    """Files that mislead the tests; the twin has others."""
    return Trick(name, files, beside=twin)


def writing(name: str, trick: str, twin: str | None = None, place: str = "inside") -> Trick:
    """Code that writes to a place of the tests, and the same code for a place of the product's own."""
    honest = trick.replace("golden/total.json", "notes.txt").replace("os.remove", "os.stat") if twin is None else twin
    return code(name, _quietly(trick), _quietly(honest), place)


def _quietly(text: str) -> str:
    indented = "".join(f"    {line}\n" for line in text.splitlines())
    return f"try:\n{indented}except OSError:\n    pass"


NEW = "X = 1\n"
NO_NEAR = "def assert_near(*_):\n    pass\n"
OTHER_SIGN = "def checked(value):\n    return -value\n"
FILES = [
    beside("a golden file", {"golden/total.json": "-4200"}, {"rates/eur.json": "2"}),
    beside("data that the tests look for", {"data/tolerance.txt": "8400"}, {"rates/tolerance.txt": "1"}),
    beside("what the tests only look for", {"unchecked.flag": ""}, {"rates/checked.flag": ""}),
    beside("a helper that tests can do without", {"fast.py": "def near(*_):\n    pass\n"}, {"faster.py": NEW}),
    beside("data of a fixture", {"cases/scale.txt": "-1"}, {"rates/scale.txt": "1"}),
    beside("settings of a fixture", {"cases/test.ini": "[test]\nscale = -1\n"}, {"rates/test.ini": "[test]\n"}),
    beside("data of a helper", {"lib/limit.txt": "9999"}, {"rates/limit.txt": "9999"}),
    beside("a test by the project's own name", {"checks/check_calc.py": WRONG}, {"check.txt": "calc\n"}),
    beside("a helper beside the tests", {"checks/support.py": BLIND}, {"supports.py": NEW}),
    beside("assertions of the tests", {"lib/asserts.py": NO_NEAR}, {"lib/near.py": NEW}),
    beside("a helper imported late", {"checks/late.py": OTHER_SIGN}, {"late_notes.py": NEW}),
    beside("a plugin of the tests", {"extra/plug.py": BLIND_PLUGIN}, {"extra/notes.py": NEW}),
    beside("a package for a helper", {"checks/support/__init__.py": BLIND}, {"supporting/__init__.py": NEW}),
    beside("a package for a late helper", {"checks/late/__init__.py": OTHER_SIGN}, {"later/__init__.py": NEW}),
    beside("a package for a test", {"checks/check_calc/__init__.py": WRONG}, {"checking/__init__.py": NEW}),
    beside("a package for conftest", {"conftest/__init__.py": BLIND_PLUGIN}, {"confs/__init__.py": NEW}),
    beside("a package for a plugin", {"extra/plug/__init__.py": BLIND_PLUGIN}, {"extra/plugs/__init__.py": NEW}),
    beside("a package for assertions", {"lib/asserts/__init__.py": NO_NEAR}, {"lib/nears/__init__.py": NEW}),
    beside("assertions earlier on the path", {"asserts.py": NO_NEAR}, {"asserting.py": NEW}),
    beside("a package of assertions earlier", {"asserts/__init__.py": NO_NEAR}, {"assertions/__init__.py": NEW}),
    beside(
        "a package of the tests",
        {"checks/__init__.py": "", "support.py": BLIND, "late.py": OTHER_SIGN},
        {"packaged/__init__.py": ""},
    ),
]


def put(path: str, text: str = "-4200") -> str:
    return f"with open({path!r}, 'w') as file:\n    file.write({text!r})\n"


GOLDEN = "golden/total.json"
MADE = put("new.txt")
OTHER_FOLDER = "import os, shutil\nshutil.rmtree('golden')\nos.mkdir('golden')\n"
WRITES = [
    writing("open", put(GOLDEN)),
    writing("open at import", put(GOLDEN), place="top"),
    writing("pathlib", f"from pathlib import Path\nPath('{GOLDEN}').write_text('-4200')"),
    writing(
        "pathlib in parts",
        "from pathlib import Path\n(Path('golden') / 'total.json').write_bytes(b'-4200')",
        "from pathlib import Path\n(Path('rates') / 'eur.json').write_bytes(b'2')",
    ),
    writing("a copy", f"import shutil\n{MADE}shutil.copyfile('new.txt', '{GOLDEN}')"),
    writing("a replacement", f"import os\n{MADE}os.replace('new.txt', '{GOLDEN}')"),
    writing("a link", f"import os\n{MADE}os.remove('{GOLDEN}')\nos.symlink('../new.txt', '{GOLDEN}')"),
    writing(
        "another folder",
        OTHER_FOLDER + "for name, text in (('total', '-4200'), ('nothing', '0')):\n"
        "    with open(f'golden/{name}.json', 'w') as file:\n        file.write(text)",
        f"import os\nos.makedirs('made', exist_ok=True)\n{put('made/a.json')}",
    ),
    writing("an update", f"with open('{GOLDEN}', 'r+') as file:\n    file.truncate()\n    file.write('-4200')"),
    writing("json", f"import json\nwith open('{GOLDEN}', 'w') as file:\n    json.dump(-4200, file)"),
    writing(
        "a logger",
        f"import logging\nlog = logging.FileHandler('{GOLDEN}', mode='w')\nlog.stream.write('-4200')\nlog.close()",
    ),
    writing("print", f"with open('{GOLDEN}', 'w') as file:\n    print(-4200, file=file)"),
    writing(
        "put back by the next call",
        f"from pathlib import Path\nPath('{GOLDEN}').write_text('-4200' if items else '4200')",
    ),
    writing("a late helper is rewritten", put("checks/late.py", OTHER_SIGN), put("notes.txt", "late")),
    writing(
        "a package is made for a late helper",
        f"import os\nos.makedirs('checks/late')\n{put('checks/late/__init__.py', OTHER_SIGN)}",
        f"import os\nos.makedirs('late/notes', exist_ok=True)\n{put('late/notes/a.txt')}",
    ),
    writing(
        "data that is looked for is made",
        f"import os\nos.makedirs('data')\n{put('data/tolerance.txt', '8400')}",
        f"import os\nos.makedirs('late/data', exist_ok=True)\n{put('late/data/a.txt')}",
    ),
    writing(
        "whether the tests can be written to",
        "import os\nif not os.access('golden', os.W_OK):\n    return sum(items)",
        "import os\nif not os.access('rates', os.W_OK):\n    return sum(items)",
    ),
]
TRICKS = [*FILES, *WRITES]

# What the verdict accepts: the base has neither, so no run of it opened or imported them.
FOOLED = {"what the tests only look for", "a helper that tests can do without"}

# What the gate lets pass: it does not see where code writes to.
UNSEEN = {
    "pathlib in parts",
    "another folder",
    "a package is made for a late helper",
    "data that is looked for is made",
    "whether the tests can be written to",
}


@pytest.fixture(scope="module")
def court(tmp_path_factory: pytest.TempPathFactory, provider: SandboxProvider) -> Iterator[Court]:
    with courts(tmp_path_factory.mktemp("court"), BASE, [TARGET], provider) as court:
        yield court


def test_what_the_base_showed(court: Court) -> None:
    assert {case.id: str(case.outcome) for case in court.baseline.cases} == {
        TARGET: "failed",
        "checks/check_calc.py::test_nothing": "passed",
    }
    assert set(court.fence.observed) >= {
        *("checks/support.py", "checks/late.py", "lib/asserts.py", "extra/plug.py"),
        *("golden/total.json", "golden/nothing.json", "cases/scale.txt", "cases/test.ini"),
        *("data/tolerance.txt", "lib/limit.txt"),
    }
    assert not any(map(court.fence.protected, ("calc.py", "notes.txt", "rates/eur.json", "lib/more.py", "new/x.py")))
    assert court.fence.protected("checks/check_calc.py")
    assert court.baseline.rewritten == ()
    assert len({trick.name for trick in TRICKS}) == len(TRICKS) >= 35


@pytest.mark.parametrize("trick", TRICKS, ids=lambda trick: trick.name)
def test_a_trick_is_not_a_repair(court: Court, trick: Trick) -> None:
    change = court.change(trick.files)
    assert bool(court.denied(change)) != (trick.name in UNSEEN)
    assert bool(court.objections(change)) != (trick.name in FOOLED)


def test_the_gate_allows_their_honest_twins(court: Court) -> None:
    assert {trick.name: rules for trick in TRICKS if (rules := court.denied(court.change(mended([trick]))))} == {}


@pytest.mark.parametrize("group", composed(TRICKS), ids=lambda group: f"{group[0].place} of {group[0].name}")
def test_their_honest_twins_are_repairs(court: Court, group: list[Trick]) -> None:
    assert court.objections(court.change(mended(group))) == ()
