"""The page of a session: everything is in it, and nothing in it is active."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from gate import (
    Action,
    ApplyPatch,
    Collect,
    DeleteFile,
    Edit,
    EditFile,
    Finish,
    Phase,
    RunCommand,
    RunTests,
    content_hash,
)
from planners.testing import ScriptedPlanner
from rfsn.compose import run_session
from rfsn.config import Config
from rfsn.reporting.page import render_page
from rfsn.reporting.page.markup import lines, tag
from rfsn.reporting.page.plot import candidates_plot
from rfsn.sessions.events import Observed, Proposed
from rfsn.sessions.journal import read_journal
from rfsn.sessions.session import Session

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
VOID = {"meta", "br"}
SOURCE = "def double(x):\n    return x + 2  # </code><script>alert(2)</script>\n"
TEST = (
    "import pytest\n\nfrom code import double\n\n\n"
    "@pytest.mark.parametrize('x', ['<script>alert(1)</script>', 'a\\u202eb', '\"><img src=http://evil onerror=x>'])\n"
    "def test_hostile(x):\n    assert double(3) == 6, f'\\x1b[31m{x}</pre><script>alert(3)</script>'\n"
)
HOSTILE = "tests/test_code.py::test_hostile[<script>alert(1)</script>]"
FILES = {"src/code.py": SOURCE, "tests/test_code.py": TEST, "pytest.ini": "[pytest]\npythonpath = src\n"}


class Elements(HTMLParser):
    """The elements of a page; checks that each is closed in the right order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def assert_inert(page: str) -> Elements:
    """Nothing runs and nothing is fetched, by any element or style; every character shows."""
    elements = Elements(page)
    assert {"content": POLICY, "http-equiv": "Content-Security-Policy"} in [given for _, given in elements.found]
    assert not {name for name, _ in elements.found} & {"script", "link", "img", "iframe", "object", "form", "base"}
    for _, attributes in elements.found:
        assert not [name for name in attributes if name.startswith("on") or name in {"src", "srcset", "action"}]
        assert (attributes.get("href") or "#").startswith("#")
    assert not re.search(r"url\(|@import", page)
    assert all(one.isprintable() or one in "\n\t" for one in page)
    return elements


@pytest.fixture(scope="module")
def repaired(rfsn: Callable[..., Any], examples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page") / "session"
    assert rfsn("repair", examples / "checkout", "--out", folder).code == 0
    return folder


@pytest.fixture
def denied(project: Callable[..., Path], tmp_path: Path) -> Path:
    at = SOURCE.index("+")
    wrong = EditFile("src/code.py", content_hash(SOURCE.encode()), (Edit(at, at + 1, b"-"),))
    script: list[tuple[Phase, Action]] = [
        (Phase.REPRODUCE, RunTests()),
        (Phase.REPRODUCE, RunTests((HOSTILE,))),
        (Phase.LOCALIZE, RunTests((HOSTILE,), Collect.SPECTRUM)),
        (Phase.PATCH, ApplyPatch((DeleteFile("tests/test_code.py"),))),
        (Phase.PATCH, RunCommand(("sh", "-c", "<script>alert(4)</script>"))),
        (Phase.PATCH, ApplyPatch((wrong,))),
        (Phase.VERIFY, Finish()),
    ]
    session = Session.create(str(project(FILES)), Config(memory=False), tmp_path / "session")
    try:
        assert run_session(session, planner=ScriptedPlanner(script))["status"] == "denied"
    finally:
        session.close()
    return tmp_path / "session"


def test_a_repaired_session_has_every_step_and_the_diff(repaired: Path) -> None:
    page = (repaired / "report.html").read_text()
    shown = assert_inert(page).text
    events = [entry.event for entry in read_journal(repaired / "journal.jsonl")]
    steps = [event.proposal for event in events if isinstance(event, Proposed)]
    assert len(steps) == page.count('<li class="step">') >= 7
    for step in steps:
        assert f"{step.phase} {step.intent} {step.id}" in shown
        assert step.hypothesis in shown
    for line in (repaired / "patch.diff").read_text().splitlines():
        assert line in shown
    report = json.loads((repaired / "report.json").read_text())
    assert report["title"] == "checkout: goods in shop/basket.py"
    assert "<title>checkout: goods in shop/basket.py</title>" in page
    assert "repaired checkout: goods in shop/basket.py" in shown
    facts = [report[name] for name in ("session", "source", "environment", "sandbox")]
    for said in (*facts, f"{report['seconds']:.1f} s"):
        assert said in shown
    for name in report["tests"]["failing"]:
        assert f"<code>{html.escape(name)}</code>" in page
    assert page.count('<td class="good">passes</td>') == len(report["tests"]["fixed"]) == 3
    assert "shop/basket.py:21return sum(discounted(cents * amount, volume_discount(cents))" in shown
    assert f"{report['outcomes']['failed']} failed" in shown


def test_a_denied_step_has_rule_reason_and_hint(denied: Path) -> None:
    page = render_page(denied)
    events = [entry.event for entry in read_journal(denied / "journal.jsonl")]
    denials = json.loads((denied / "report.json").read_text())["denials"]
    assert len(denials) == page.count('<li class="step denied">') == 3
    for denial in denials:
        assert f"<code>{denial['rule']}</code>" in page
        assert html.escape(denial["reason"]) in page
    assert "Hint: change the source that the tests exercise" in page
    assert len([event for event in events if isinstance(event, Observed)]) == page.count('<li class="step')
    assert "a proposed patch: applied, without a verdict" in page
    assert "No patch was verified." in page
    assert "<title>project: denied</title>" in page


def test_hostile_text_is_shown_and_has_no_effect(denied: Path) -> None:
    page = (denied / "report.html").read_text()
    shown = assert_inert(page).text
    assert "<script" not in page
    assert "<img" not in page
    for number in (1, 2, 3, 4):
        assert f"<script>alert({number})</script>" in shown
    assert "a\\u202eb" in shown


def test_control_characters_and_bytes_are_made_visible() -> None:
    assert tag("p", "a\x1b[31m\u202e\n", title='"><b>') == '<p title="&quot;&gt;&lt;b&gt;">a\\x1b[31m\\u202e\\n</p>'
    assert lines("a\tb\n\udcff\x00") == "a\tb\n\\xff\\x00"
    assert len(lines("x" * 1_000_000)) < 10_000


def test_regenerating_gives_the_same_bytes(repaired: Path, rfsn: Callable[..., Any]) -> None:
    names = ("report.html", "report.json", "patch.diff")
    before = {name: (repaired / name).read_bytes() for name in names}
    for name in names:
        (repaired / name).unlink()
    ran = rfsn("report", repaired)
    assert (ran.code, ran.out, ran.err) == (0, f"{repaired / 'report.html'}\n", "")
    assert {name: (repaired / name).read_bytes() for name in names} == before
    assert render_page(repaired).encode() == before["report.html"]


def test_open_shows_the_page_in_the_browser(repaired: Path, rfsn: Callable[..., Any], tmp_path: Path) -> None:
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/shown\n')
    browser.chmod(0o755)
    assert rfsn("report", repaired, "--open", env={"BROWSER": f"{browser} %s"}).code == 0
    assert (tmp_path / "shown").read_text().strip() == (repaired / "report.html").as_uri()


def test_a_session_in_use_can_be_reported(rfsn: Callable[..., Any], tmp_path: Path) -> None:
    session = Session.create("somewhere", Config(env={"TOKEN": "hush"}), tmp_path / "session")
    try:
        assert rfsn("report", tmp_path / "session").code == 0
    finally:
        session.close()
    page = (tmp_path / "session" / "report.html").read_text()
    assert json.loads((tmp_path / "session" / "report.json").read_text())["status"] == "interrupted"
    assert f"rfsn resume {tmp_path}/session" in assert_inert(page).text
    assert "TOKEN" in page
    assert "hush" not in page


def test_damage_is_reported(denied: Path, rfsn: Callable[..., Any]) -> None:
    for blob in (denied / "blobs").iterdir():
        blob.write_bytes(b"")
    page = render_page(denied)
    assert "This section cannot be shown" in page
    assert page.count('<li class="step denied">') == 3
    journal = denied / "journal.jsonl"
    journal.write_text(journal.read_text().replace('"seed":0', '"seed":1'))
    ran = rfsn("report", denied)
    assert ran.code == 2
    assert "altered" in ran.err


@pytest.mark.parametrize("length", [1, 7, 240, 241, 100_000])
def test_the_plot_accounts_for_every_candidate(length: int) -> None:
    outcomes = ("ftxidc" * length)[: length - 1] + "p"
    page = candidates_plot(outcomes)
    legend = {name: int(count) for count, name in re.findall(r"</span>(\d+) (\w+)</li>", page)}
    assert sum(legend.values()) == length
    assert legend["plausible"] == 1
    assert page.count('class="o-p"') == 2
    assert len(Elements(page).found) < 3000
