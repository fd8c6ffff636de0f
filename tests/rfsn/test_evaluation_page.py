"""The page of an evaluation: all rows are in it, its table works without a network, and nothing hostile is active."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import tracemalloc
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from rfsn.config import Config
from rfsn.evaluation import Selection, run_evaluation
from rfsn.evaluation.page import write_page
from rfsn.evaluation.page.plots import progress_plot, spread_plot
from tests.browser import Tab, browsing

HOSTILE = '</script><script>alert(1)</script><!--<script>"><img src=http://evil onerror=alert(2)>\u202e\x1b[31m\u2028'
STATUSES = ("repaired", "not_repaired", "infra_error", "denied")


def row(number: int, **more: Any) -> dict[str, Any]:
    status = STATUSES[number % len(STATUSES)]
    reasons = {"repaired": "the patch was verified", "infra_error": HOSTILE, "denied": "'a' is at /etc/x"}
    return {
        "instance_id": f"row-{number}",
        "status": status,
        "seconds": number * 1.5,
        "cpu_seconds": 1.0,
        "candidates": number % 7,
        "patch": "x" * 1000,
        "reason": reasons.get(status, f"none of {number} candidates passes the tests"),
        **more,
    }


def write(folder: Path, rows: Iterator[dict[str, Any]]) -> str:
    folder.mkdir(exist_ok=True)
    with (folder / "results.jsonl").open("w") as file:
        file.writelines(f"{json.dumps(row)}\n" for row in rows)
    return write_page(folder).read_text()


class Elements(HTMLParser):
    """The elements of a page, and the text of its scripts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self.scripts += [""] if tag == "script" else []

    def handle_endtag(self, tag: str) -> None:
        self.found.append((f"/{tag}", {}))

    def handle_data(self, data: str) -> None:
        if self.found and self.found[-1][0] == "script":
            self.scripts[-1] += data


def embedded(page: str) -> list[list[Any]]:
    found = json.loads(Elements(page).scripts[0])
    assert isinstance(found, list)
    return found


def test_only_our_script_can_run_and_nothing_is_fetched(tmp_path: Path) -> None:
    page = write(tmp_path / "an <b>evaluation", map(row, range(40)))
    elements = Elements(page)
    (policy,) = [
        given["content"] for _, given in elements.found if given.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy is not None
    assert policy.startswith("default-src 'none'; ")
    scripts = [given.get("type") for name, given in elements.found if name == "script"]
    assert scripts == ["application/json", "application/json", None]
    digest = base64.b64encode(hashlib.sha256(elements.scripts[2].encode()).digest()).decode()
    assert re.findall(r"script-src ([^;]+)", policy) == [f"'sha256-{digest}'"]
    assert not {name for name, _ in elements.found} & {"link", "img", "iframe", "object", "form", "base", "b"}
    for _, attributes in elements.found:
        assert not [name for name in attributes if name.startswith("on") or name in {"src", "srcset", "style"}]
    assert all(one.isprintable() or one == "\n" for one in page)
    assert "innerHTML" not in page
    assert [one[6] for one in embedded(page)][2].startswith("</script><script>alert(1)</script><!--")


def test_totals_and_reasons_are_those_of_the_rows(tmp_path: Path) -> None:
    rows = [row(number) for number in range(40)]
    page = write(tmp_path / "out", iter([rows[1] | {"status": "flaky"}, *rows]))
    assert [one[0] for one in embedded(page)] == [one["instance_id"] for one in rows]
    assert "10 (25.0%; 95 % interval 14.2% to 40.2%)" in page
    assert "none of … candidates passes the tests" in page
    assert "… is at …" in page
    assert re.findall(r'<td class="number">(\d+)</td><td class="plain">([\w ]+)</td>', page) == [
        ("10", "not repaired"), ("10", "infra error"), ("10", "denied"),
    ]  # fmt: skip
    assert "USD" not in page.partition("<header>")[2].partition("<script")[0]
    priced = write(tmp_path / "priced", (one | {"cost_usd": 0.25, "models": ["m"], "resolved": False} for one in rows))
    assert "10.0000 USD; median 0.2500" in priced
    assert "0 (0.0%; 95 % interval 0.0% to 8.8%)" in priced


def test_every_instance_is_in_every_plot() -> None:
    statuses = [number % 9 for number in range(1000)]
    spread = spread_plot([number / 7 for number in range(1000)], statuses, 1.0, str)
    assert sum(int(count) for count in re.findall(r'<rect[^>]* width="(\d+)"', spread)) == 1000
    progress = progress_plot([0.0] * 1000, statuses)
    assert progress.count("<polygon") == 9
    assert 'points="0.0,1000 ' in progress
    assert " 1000.0,0 " in progress, "the last band does not reach the number of instances"


@pytest.mark.thorough
def test_memory_does_not_grow_with_the_reasons_and_patches(tmp_path: Path) -> None:
    write(tmp_path / "out", (row(number, reason=f"{number:x}" * 80, patch="x" * 5000) for number in range(10_000)))
    assert (tmp_path / "out" / "results.jsonl").stat().st_size > 50 << 20
    tracemalloc.start()
    try:
        write_page(tmp_path / "out")
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


def test_an_interrupted_evaluation_has_a_page(tmp_path: Path) -> None:
    rows = [{"instance_id": id, "files": {"a.py": ""}, "test_command": ["python", "-m", "pytest"]} for id in "ab"]
    (tmp_path / "rows.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))

    def interrupt(_folder: Path) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_evaluation(
            str(tmp_path / "rows.jsonl"), Config(), tmp_path / "out", Selection(), ended=interrupt, quiet=True
        )
    page = (tmp_path / "out" / "report.html").read_text()
    assert len(embedded(page)) == 1, "not the one instance that had ended"


def test_an_evaluation_says_where_its_page_is_and_links_to_sessions(rfsn: Callable[..., Any], tmp_path: Path) -> None:
    files = {"a.py": "VALUE = 1\n", "test_a.py": "import a\n\n\ndef test():\n    assert a.VALUE == 1\n"}
    rows = [{"instance_id": "fine", "files": files, "test_command": ["python", "-m", "pytest"]}]
    (tmp_path / "rows.jsonl").write_text(f"{json.dumps(rows[0])}\n")
    ran = rfsn("eval", tmp_path / "rows.jsonl", "--out", tmp_path / "out")
    assert f"report: {tmp_path / 'out' / 'report.html'}\n" in ran.err
    ((id, *_, linked),) = embedded((tmp_path / "out" / "report.html").read_text())
    assert (id, linked) == ("fine", 1)
    assert rfsn("eval", "show", "fine", "--out", tmp_path / "out", "--json").json["report"]


@pytest.fixture
def tab(tmp_path: Path) -> Iterator[Tab]:
    with browsing(tmp_path / "profile") as found:
        yield found


def shown(tab: Tab) -> list[list[str]]:
    cells = "[...document.querySelectorAll('#body tr')].map(r => [...r.cells].map(c => c.textContent))"
    found = tab.run(cells)
    assert isinstance(found, list)
    return found


def test_the_table_pages_filters_and_sorts_in_a_browser(tab: Tab, tmp_path: Path) -> None:
    session = tmp_path / "out" / "sessions" / "row-3"
    session.mkdir(parents=True)
    (session / "report.html").write_text("the session")
    write(tmp_path / "out", map(row, range(120)))
    tab.open((tmp_path / "out" / "report.html").as_uri())
    assert [one[0] for one in shown(tab)] == [f"row-{number}" for number in range(50)]
    assert tab.run("shown.textContent") == "1 to 50 of 120"
    tab.click("#later")
    tab.click("#later")
    assert [one[0] for one in shown(tab)] == [f"row-{number}" for number in range(100, 120)]
    assert tab.run("later.disabled")
    tab.click("[data-sort='2']")
    tab.click("[data-sort='2']")
    assert [one[2] for one in shown(tab)][:3] == ["178.5", "177.0", "175.5"]
    assert tab.run("document.querySelector('[data-sort=\"2\"]').closest('th').ariaSort") == "descending"
    tab.type("#text", "ROW-11")
    assert [one[0] for one in shown(tab)] == [f"row-{number}" for number in (*range(119, 109, -1), 11)]
    tab.run("(s => (s.value = 'denied', s.dispatchEvent(new Event('input'))))(document.querySelector('#status'))")
    assert [one[:2] for one in shown(tab)] == [[f"row-{number}", "denied"] for number in (119, 115, 111, 11)]
    assert tab.run("location.hash") == "#text=ROW-11&status=denied&sort=-2"
    tab.click("[data-group]")
    assert {one[1] for one in shown(tab)} == {"not repaired"}
    assert tab.run("shown.textContent") == "1 to 30 of 30 (of 120)"
    assert tab.run("document.querySelector('#table a') === null")
    tab.run("location.hash = '#text=row-3&page=99&sort=77'")
    tab.run("new Promise(done => setTimeout(done))")
    assert tab.run("document.querySelector('#table a').href") == (session / "report.html").as_uri()
    tab.click("#table a")
    assert (tab.problems, [one for one in tab.requests if not one.startswith("file:")]) == ([], [])


def test_hostile_reasons_are_text_in_a_browser(tab: Tab, tmp_path: Path) -> None:
    write(tmp_path / "out", map(row, range(8)))
    tab.open((tmp_path / "out" / "report.html").as_uri() + "#text=<img src=x onerror=alert(3)>&group=<b>")
    assert shown(tab) == []
    tab.open("about:blank")
    tab.open((tmp_path / "out" / "report.html").as_uri() + "#status=infra_error")
    reason = shown(tab)[0][-1]
    assert reason.startswith('</script><script>alert(1)</script><!--<script>"><img src=http://evil')
    assert "\\u202e\\x1b[31m\\u2028" in reason
    assert tab.run("document.querySelectorAll('img, #body script').length") == 0
    injected = "(s => (s.textContent = 'window.ran = 1', document.body.append(s)))(document.createElement('script'))"
    tab.call("Runtime.evaluate", expression=injected)
    assert tab.run("window.ran === undefined"), "the policy lets another script run"
    assert not [one for one in tab.requests if "evil" in one]
