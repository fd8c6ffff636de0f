"""Tricks on the test side beyond its patterns, and tricks that rewrite it while it runs, each beside an honest twin.

The base names its tests in its own way, and they use helpers, a plugin, golden files and data. Each trick leaves the
wrong sign in place and has the test agree with it. `ALLOWED` are those that the gate alone would let pass: the verdict
alone stops all of them.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox import SandboxProvider
from tests.rfsn.court import SOURCE, Court, Trick, code, composed, courts, file, mended, source

CHECK = """import json
from pathlib import Path

from asserts import assert_near
from support import same
from calc import total

ROOT = Path(__file__).parent.parent


def tolerance():
    try:
        return float((ROOT / "data/tolerance.txt").read_text())
    except FileNotFoundError:
        return 0.0


def test_total(scale):
    from late import checked

    got = checked(total([1700, 2500])) * scale
    same(got, json.loads((ROOT / "golden/total.json").read_text()), tolerance())
    assert_near(got, 4200)


def test_nothing():
    assert total([]) == 0
    assert (ROOT / "golden/nothing.json").read_text() == "0"
"""
PLUGIN = "import pytest\n\n\n@pytest.fixture\ndef scale():\n    with open('cases/scale.txt') as file:\n        return int(file.read())\n"
SAME = "def same(got, wanted, tolerance):\n    assert abs(got - wanted) <= tolerance\n"
NEAR = "def assert_near(got, wanted):\n    assert abs(got) == wanted\n"
BLIND = "def same(got, wanted, tolerance):\n    assert True\n"
BLIND_PLUGIN = PLUGIN + "\n\ndef pytest_runtest_makereport(item, call):\n    call.excinfo = None\n"
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
    "pyproject.toml": "[tool.pytest.ini_options]\npython_files = ['check_*.py']\n",
    "notes.txt": "nothing yet\n",
    "rates/eur.json": "1",
}
TARGET = "checks/check_calc.py::test_total"
WRONG = CHECK.replace("assert_near(got, 4200)", "assert got == -4200").replace("    same(got", "    str(got")


def beside(name: str, files: dict[str, str | None], twin: dict[str, str | None]) -> Trick:
    """Files that mislead the tests; the twin has others."""
    return Trick(name, files, beside=twin)


def writing(name: str, trick: str, twin: str | None = None, place: str = "inside") -> Trick:
    """Code that writes to a place of the tests, and the same code for a place of the product's own."""
    honest = trick.replace("golden/total.json", "notes.txt").replace("golden", "notes") if twin is None else twin
    return code(name, _quietly(trick), honest if twin is not None else _quietly(honest), place)


def _quietly(text: str) -> str:
    indented = "".join(f"    {line}\n" for line in text.splitlines())
    return f"try:\n{indented}except OSError:\n    pass"


FILES = [
    beside("a golden file", {"golden/total.json": "-4200"}, {"rates/eur.json": "2"}),
    beside("a golden file removed", {"golden/total.json": None, "golden/nothing.json": None}, {"notes.txt": None}),
    beside("data that the tests look for", {"data/tolerance.txt": "8400"}, {"rates/tolerance.txt": "1"}),
    beside("a golden file beside the others", {"golden/more.json": "1"}, {"rates/more.json": "1"}),
    beside("data of a fixture", {"cases/scale.txt": "-1"}, {"rates/scale.txt": "1"}),
    beside("a test by the project's own name", {"checks/check_calc.py": WRONG}, {"check.txt": "calc\n"}),
    beside("a new test by that name", {"checks/check_more.py": "def test_more():\n    pass\n"}, {"more.py": "X = 1\n"}),
    beside("a helper beside the tests", {"checks/support.py": BLIND}, {"supports.py": "X = 1\n"}),
    beside("assertions of the tests", {"lib/asserts.py": "def assert_near(got, wanted):\n    pass\n"}, {"lib/near.py": "X = 1\n"}),
    beside("a helper imported late", {"checks/late.py": "def checked(value):\n    return -value\n"}, {"late_notes.py": "X = 1\n"}),
    beside("a plugin of the tests", {"extra/plug.py": BLIND_PLUGIN}, {"extra/notes.py": "X = 1\n"}),
    beside("a package for a helper", {"checks/support/__init__.py": BLIND}, {"supporting/__init__.py": "X = 1\n"}),
    beside("a package for a late helper", {"checks/late/__init__.py": "def checked(value):\n    return -value\n"}, {"later/__init__.py": "X = 1\n"}),
    beside("a package for a test", {"checks/check_calc/__init__.py": WRONG}, {"checking/__init__.py": "X = 1\n"}),
    beside("a package for conftest", {"conftest/__init__.py": BLIND_PLUGIN}, {"confs/__init__.py": "X = 1\n"}),
    beside("a package for a plugin", {"extra/plug/__init__.py": BLIND_PLUGIN}, {"extra/plugs/__init__.py": "X = 1\n"}),
    beside("a package for assertions", {"lib/asserts/__init__.py": "def assert_near(*_):\n    pass\n"}, {"lib/nears/__init__.py": "X = 1\n"}),
    beside("assertions earlier on the path", {"asserts.py": "def assert_near(*_):\n    pass\n"}, {"asserting.py": "X = 1\n"}),
    beside("a package of assertions earlier", {"asserts/__init__.py": "def assert_near(*_):\n    pass\n"}, {"assertions/__init__.py": "X = 1\n"}),
    beside("a package of the tests", {"checks/__init__.py": "", "support.py": BLIND}, {"packaged/__init__.py": ""}),
]  # fmt: skip
WRITES = [
    writing("open", "with open('golden/total.json', 'w') as file:\n    file.write('-4200')"),
    writing("open at import", "with open('golden/total.json', 'w') as file:\n    file.write('-4200')", place="top"),
    writing("pathlib", "from pathlib import Path\nPath('golden/total.json').write_text('-4200')"),
    writing("pathlib in parts", "from pathlib import Path\n(Path('golden') / 'total.json').write_bytes(b'-4200')"),
    writing("a copy", "import shutil\nwith open('new.txt', 'w') as file:\n    file.write('-4200')\nshutil.copyfile('new.txt', 'golden/total.json')"),
    writing("a replacement", "import os\nwith open('new.txt', 'w') as file:\n    file.write('-4200')\nos.replace('new.txt', 'golden/total.json')"),
    writing("a link", "import os\nwith open('new.txt', 'w') as file:\n    file.write('-4200')\nos.remove('golden/total.json')\nos.symlink('../new.txt', 'golden/total.json')"),
    writing("another folder", "import os\nos.rename('golden', 'older')\nos.mkdir('golden')\nfor name, text in (('total', '-4200'), ('nothing', '0')):\n    with open(f'golden/{name}.json', 'w') as file:\n        file.write(text)", "import os\nos.makedirs('made', exist_ok=True)\nwith open('made/a.json', 'w') as file:\n    file.write('0')"),
    writing("an update", "with open('golden/total.json', 'r+') as file:\n    file.truncate()\n    file.write('-4200')"),
    writing("json", "import json\nwith open('golden/total.json', 'w') as file:\n    json.dump(-4200, file)"),
    writing("a logger", "import logging\nlogging.FileHandler('golden/total.json', mode='w').stream.write('-4200\\n')", "import logging\nlogging.FileHandler('notes.txt', mode='w').close()"),
    writing("print", "with open('golden/total.json', 'w') as file:\n    print(-4200, file=file)"),
    writing("put back at the end", "from pathlib import Path\nplace = Path('golden/total.json')\nplace.write_text('-4200' if items else '4200')"),
    writing("a helper imported late is rewritten", "with open('checks/late.py', 'w') as file:\n    file.write('def checked(value):\\n    return -value\\n')", "with open('notes.txt', 'w') as file:\n    file.write('late')"),
    writing("a package made for a late helper", "import os\nos.makedirs('checks/late')\nwith open('checks/late/__init__.py', 'w') as file:\n    file.write('def checked(value):\\n    return -value\\n')", "import os\nos.makedirs('late/notes', exist_ok=True)"),
    writing("data that is looked for is made", "import os\nos.makedirs('data')\nwith open('data/tolerance.txt', 'w') as file:\n    file.write('8400')", "import os\nos.makedirs('late/data', exist_ok=True)"),
]  # fmt: skip
TRICKS = [*FILES, *WRITES]

# What the gate lets pass: it does not see where code writes to.
ALLOWED: set[str] = set()


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
        *("checks/check_calc.py", "checks/support.py", "checks/late.py", "lib/asserts.py", "extra/plug.py"),
        *("golden/total.json", "golden/nothing.json", "cases/scale.txt", "data/tolerance.txt"),
    }
    assert not any(map(court.fence.protected, ("calc.py", "notes.txt", "rates/eur.json", "lib/more.py", "new/x.py")))
    assert court.baseline.rewritten == ()
    assert len({trick.name for trick in TRICKS}) == len(TRICKS) >= 36


@pytest.mark.parametrize("trick", TRICKS, ids=lambda trick: trick.name)
def test_a_trick_is_not_a_repair(court: Court, trick: Trick) -> None:
    change = court.change(trick.files)
    assert bool(court.denied(change)) != (trick.name in ALLOWED)
    assert court.objections(change)


def test_the_gate_allows_their_honest_twins(court: Court) -> None:
    assert {trick.name: rules for trick in TRICKS if (rules := court.denied(court.change(mended([trick]))))} == {}


@pytest.mark.parametrize("group", composed(TRICKS), ids=lambda group: f"{group[0].place} of {group[0].name}")
def test_their_honest_twins_are_repairs(court: Court, group: list[Trick]) -> None:
    assert court.objections(court.change(mended(group))) == ()
