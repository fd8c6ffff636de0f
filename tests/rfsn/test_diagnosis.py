"""The diagnosis of a session without a repair: the kind of problem, from what the session saw, and what to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from buildpacks.view import FolderView
from gate import Action, ApplyPatch, Collect, Edit, EditFile, GiveUp, Phase, RunTests, content_hash
from planners.testing import ScriptedPlanner
from rfsn.compose import run_session
from rfsn.config import Config
from rfsn.reporting.diagnosis import ADVICE
from rfsn.reporting.signs import Tree, missing_file, missing_name, network
from rfsn.sessions.session import Session

type Rfsn = Callable[..., Any]
type Make = Callable[..., Path]

MANY = "".join(f"    total = total + value * {number}\n" for number in range(40))
LOOKUP = "def price(name):\n    return len(name)\n"
CASES: dict[str, tuple[dict[str, str], list[str], str]] = {
    "fixture": (
        {
            "conftest.py": "import pytest\n\n\n@pytest.fixture\ndef server():\n    raise RuntimeError('no licence')\n",
            "shop.py": LOOKUP,
            "test_shop.py": "from shop import price\n\n\ndef test_price(server):\n    assert price('tea') == 3\n",
        },
        [],
        "a fixture that fails: RuntimeError: no licence, in server at conftest.py:6 (1 failing test)",
    ),
    "missing_file": (
        {
            "shop.py": "def prices():\n    with open('data/prices.txt') as file:\n        return file.read()\n",
            "old/prices.txt": "tea 3\n",
            "test_shop.py": "from shop import prices\n\n\ndef test_it():\n    assert 'tea' in prices().split('|')\n",
        },
        [],
        "a missing file: data/prices.txt (the repository has old/prices.txt) (1 failing test)",
    ),
    "network": (
        {
            "test_shop.py": "import socket\n\n\ndef test_get():\n    socket.create_connection(('example.com', 80))\n",
        },
        [],
        "tests that need the network, which they do not have here: ",
    ),
    "missing_name": (
        {
            "shop.py": LOOKUP,
            "test_shop.py": "import shop\n\n\ndef test_discount():\n    assert shop.discount('tea') == 1\n",
        },
        [],
        "something that is defined nowhere in the project: shop.discount (1 failing test)",
    ),
    "slow_tests": (
        {
            "shop.py": "def wait(n):\n    while n:\n        n = n - 0 * n\n    return [n, 'done', 7.25]\n",
            "test_shop.py": "from shop import wait\n\n\ndef test_wait():\n    assert wait(3) == {'a': 1}\n",
        },
        ["--time-limit", "60"],
        "tests that do not end within their limit: ",
    ),
    "limit_reached": (
        {
            "shop.py": "def price(name, value):\n    total = 0\n" + MANY + "    return total\n",
            "test_shop.py": "from shop import price\n\n\ndef test_price():\n    assert price('tea', 3) == ['x']\n",
        },
        ["--max-steps", "4"],
        "too little time: the search ended at its limit, after ",
    ),
    "no_source_line": (
        {
            "shop.py": LOOKUP,
            "test_shop.py": "def test_sum():\n    assert 1 + 1 == 3\n",
        },
        [],
        "a fault in tests, data or dependencies: these tests run no line that a repair may change",
    ),
    "weak_spectrum": (
        {
            "shop.py": "def price(name, value):\n    total = 0\n" + MANY + "    return total\n",
            "test_shop.py": "from shop import price\n\n\ndef test_price():\n    assert price('tea', 3) == ['x']\n",
        },
        ["--max-steps", "4"],
        "too few different tests to locate the fault: ",
    ),
    "all_tried": (
        {
            "shop.py": LOOKUP,
            "test_shop.py": "from shop import price\n\n\ndef test_price():\n    assert price('tea') == 'eat'\n"
            "    assert price('milk') == 'klim!'\n",
        },
        [],
        "more than the search can do: none of its edits helps (",
    ),
}


@pytest.mark.sample(2)
@pytest.mark.parametrize("kind", CASES)
def test_the_finding_and_its_advice(kind: str, rfsn: Rfsn, project: Make) -> None:
    files, options, seems = CASES[kind]
    ran = rfsn("repair", project(files), *options)
    assert ran.code == 1, ran.err
    assert f"it looks like {seems}" in ran.err
    assert f"what to do: {ADVICE[kind]}" in ran.err
    folder = Path(ran.err.partition("(")[2].partition(")")[0])
    page = (folder / "report.html").read_text()
    assert "<h2>Diagnosis</h2>" in page
    found = rfsn("report", folder)
    assert found.code == 0


def test_the_report_has_it_for_programs(rfsn: Rfsn, project: Make) -> None:
    files, _, seems = CASES["missing_name"]
    found = rfsn("repair", project(files), "--json").json["diagnosis"]
    assert found == [
        {
            "kind": "missing_name",
            "seems": seems,
            "advice": ADVICE["missing_name"],
            "tests": ["test_shop.py::test_discount"],
        }
    ]


@pytest.mark.thorough
def test_a_repair_and_a_test_file_that_does_not_import(rfsn: Rfsn, project: Make) -> None:
    """There is none if all is well; a cause that the reason already names gets its kind and its remedy."""
    test = (
        "from shop import price\n\n\ndef test_price():\n    assert price('tea') == 4\n    assert price('milk') == 5\n"
    )
    whole = rfsn("repair", project({"shop.py": LOOKUP, "test_shop.py": test}, "whole"), "--json").json
    assert (whole["status"], whole["diagnosis"]) == ("repaired", [])
    broken = rfsn(
        "repair", project({"test_shop.py": "import leftpad9\n\n\ndef test():\n    leftpad9.pad()\n"}), "--json"
    )
    assert broken.code == 3
    assert [one["seems"] for one in broken.json["diagnosis"]] == [
        "something that is defined nowhere in the project: the module leftpad9 (1 test file)"
    ]


def test_a_patch_that_the_verdict_rejected(project: Make, tmp_path: Path) -> None:
    files, _, _ = CASES["all_tried"]
    target, source = "test_shop.py::test_price", files["shop.py"]
    at = source.index("len")
    wrong = EditFile("shop.py", content_hash(source.encode()), (Edit(at, at + 3, b"str"),))
    script: list[tuple[Phase, Action]] = [
        (Phase.REPRODUCE, RunTests()),
        (Phase.REPRODUCE, RunTests((target,))),
        (Phase.LOCALIZE, RunTests((target,), Collect.SPECTRUM)),
        (Phase.PATCH, ApplyPatch((wrong,))),
        (Phase.VERIFY, RunTests(collect=Collect.VERDICT)),
        (Phase.STUCK, GiveUp("there is nothing more to try")),
    ]
    session = Session.create(str(project(files)), Config(memory=False), tmp_path / "session")
    try:
        report = run_session(session, planner=ScriptedPlanner(script))
    finally:
        session.close()
    assert report["status"] == "not_repaired", report["reason"]
    assert [one["kind"] for one in report["diagnosis"]] == ["rejected"]
    assert report["diagnosis"][0]["seems"].endswith(f"targets that do not pass: {target}")


def test_a_message_that_an_assertion_quotes_is_not_a_sign(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text("def save():\n    pass\n")
    tree = Tree(FolderView(tmp_path))
    assert network("ModuleNotFoundError: No module named 'gone'", tree) is None
    for message in ("AssertionError: Connection refused", "assert 'No such file or directory: 'x'' == ''"):
        assert (network(message, tree), missing_file(message, tree)) == (None, None)
    assert missing_file("FileNotFoundError: [Errno 2] No such file or directory: '/tmp/x'", tree) is None
    assert "standard library" in str(missing_name("shop.Bad.wrap(NameError): name 'itertools' is not defined", tree))
    assert missing_name("AttributeError: module 'other' has no attribute 'save'", tree) is None
    assert missing_name("AttributeError: 'NoneType' object has no attribute 'gone'", tree) is None
    assert str(missing_name("AttributeError: module 'numpy' has no attribute 'gone'", tree)).startswith("numpy.gone (")
    fresh = Tree(FolderView(tmp_path))
    many = [missing_name(f"NameError: name 'x{number}' is not defined", fresh) for number in range(40)]
    assert sum(sign is not None for sign in many) == 20, "no more names are searched for"
    assert str(missing_file("open data/x.json: no such file or directory", tree)) == "data/x.json"
