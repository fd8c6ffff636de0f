"""Text of a repository is hostile: it is shown and never obeyed, and none of it can end a session."""

from __future__ import annotations

import ast
import io
import json
import os
import pty
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from buildpacks.text import spelled
from buildpacks.warm import ProtocolError, decode_ready, decode_trace
from rfsn.cli import commands
from rfsn.config import Config
from rfsn.errors import InfraError
from rfsn.machine.terminal import Outlet, give_diff, laid_out, say
from rfsn.machine.text import CONTINUED, several_lines, to_json, visible
from rfsn.sessions.events import SessionEnded
from rfsn.sessions.journal import read_journal
from rfsn.sessions.session import Session
from sandbox import Command, SandboxSpec
from sandbox.bubblewrap import BubblewrapProvider

type Rfsn = Callable[..., Any]
type Make = Callable[..., Path]

ROOT = Path(__file__).resolve().parents[2]
FORGED = "repaired: the patch was verified"
BUGGY = "def least(a, b):\n    return a if a > b else b\n"
HOSTILE = [
    "\x1b[2J\x1b[H", "\x1b]0;title\x07", "\x1b]8;;http://localhost\x1b\\", "\x9b31m", "\x90q", "\r", "\b\b\b", "\x7f",
    "\v", "\f", "\x85", "\u2028", "\u2029", "\u202e", "\u202a", "\u2066", "\u2069", "\u200e", "\u200f", "\u061c",
    "\u200b", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u3164", "\u115f", "\u2800", "\u034f", "\ufe0f", "\U000e0041",
    "\ud800", "\udfff", "\udc80", "\0", "\ufdd0", "\U0010ffff", "\ue000",
]  # fmt: skip


def acts(text: str) -> set[str]:
    """The characters of a text that a terminal or a reader's eye would act on, line ends and tabs apart."""
    return {one for one in text if one not in "\n\t" and (not one.isprintable() or one in set(HOSTILE))}


def on_a_terminal(argv: list[str | Path], env: Mapping[str, str], columns: int = 80) -> str:
    """What a terminal would get of a command."""
    controller, terminal = pty.openpty()
    subprocess.run(["stty", "cols", str(columns), "rows", "24"], stdin=terminal, check=True)
    with subprocess.Popen(argv, env=env, stdin=terminal, stdout=terminal, stderr=terminal, cwd=ROOT) as process:
        os.close(terminal)
        shown = b""
        while True:
            try:
                part = os.read(controller, 1 << 16)
            except OSError:  # nobody has the other end any more
                break
            shown += part
    os.close(controller)
    assert process.returncode is not None
    return shown.decode()


@pytest.mark.parametrize("hostile", HOSTILE, ids=ascii)
def test_what_acts_is_spelled_out_wherever_it_is_written(hostile: str) -> None:
    assert acts(visible(f"a{hostile}b", "\n\t")) == set()
    assert acts(several_lines(f"a{hostile}b")) == set()
    stream = io.StringIO()
    print(f"a{hostile}b", file=Outlet(stream))
    assert acts(stream.getvalue()) == set()
    assert "b" in stream.getvalue()
    strict = to_json({hostile: [hostile]})
    assert strict.isascii()
    assert json.loads(strict).popitem()[1][0].encode()


def test_what_is_harmless_stays() -> None:
    for text in ("caf\u00e9 \u65e5\u672c \U0001f600 \\x1b", "-+*/ []{}", "e\u0301"):
        assert visible(text) == spelled(text) == text


@pytest.mark.parametrize("between", ["\n", "\n\n", "\r\n", "\u2028", "\x85", "\v"])
def test_no_line_of_others_begins_as_one_of_ours(between: str, capfd: pytest.CaptureFixture[str]) -> None:
    say(f"the tests could not run: x{between}{FORGED}")
    lines = capfd.readouterr().err.splitlines()
    assert not [line for line in lines if line.startswith(FORGED)]
    assert all(line.startswith((CONTINUED, "the tests could not run")) for line in lines)


# The last three take a column on some terminals and none on others.
@pytest.mark.parametrize("filler", ["a", " ", "\u65e5", ".", "\u093e", "\u0301", "\u200d"])
def test_a_terminal_does_not_break_a_line_into_one_of_ours(filler: str) -> None:
    for count in range(30, 90):
        first, *further = laid_out(filler * count + FORGED, 80).split("\n")
        assert all(line.startswith(CONTINUED) for line in further)
        assert max(map(len, (first, *further))) <= 80


def test_nothing_else_prints() -> None:
    """Standard streams are named, and `print` is called, in one module; the runner in the sandbox is not ours."""
    allowed = {"rfsn/machine/terminal.py", "rfsn/cli/__init__.py"}
    found = set()
    for package in ("rfsn", "planners", "gate", "buildpacks", "sandbox"):
        for path in (ROOT / package).rglob("*.py"):
            name = path.relative_to(ROOT).as_posix()
            for node in ast.walk(ast.parse(path.read_bytes())):
                match node:
                    case ast.Call(func=ast.Name(id="print")):
                        found.add(name)
                    case ast.Attribute(value=ast.Name(id="sys"), attr="stdout" | "stderr"):
                        found.add(name)
                    case ast.ImportFrom(module="rich.console", names=names) if name != "rfsn/machine/terminal.py":
                        found |= {name for one in names if one.name == "Console" and "evaluation" not in name}
    assert {name for name in found if not name.startswith("buildpacks/python/runner/")} == allowed


def test_an_error_of_the_project_forges_nothing_on_a_terminal(
    project: Make, script: Path, environment: dict[str, str]
) -> None:
    loud = f"import sys\nraise SystemExit('x\\x1b[2K\\r{FORGED}\\n{FORGED}\\u202e')\n"
    folder = project({"conftest.py": loud, "thing.py": BUGGY, "test_thing.py": "def test():\n    assert 0\n"})
    shown = on_a_terminal([script, "repair", folder], environment, columns=60)
    assert "infra error: the tests could not run" in shown
    lines = shown.replace("\r\n", "\n").replace("\r", "\n").replace("\x1b[2K", "").split("\n")
    assert not [line for line in lines if line.lstrip("\x1b[0123456789;?mhlAK ").startswith("repaired:")], shown
    assert "\u202e" not in shown


CORPUS = r"""
import importlib
import pytest
from thing import least
odd = importlib.import_module("latin\udcff")
ODD = ["nul\0", "\u2028", "\x1b[31mred", "a\nrepaired: x", "\udcff", "b\\xff", "\u202e", "x" * 3000]
@pytest.mark.parametrize("x", ODD)
def test_ids(x):
    assert least(4, 3) == odd.three(), "msg \ud800 \udc80 \0 \u2028 \x1b[2J" + "y" * 10**6
def test_plain():
    assert least(1, 2) == 1
"""
UNESCAPED = "[pytest]\ndisable_test_id_escaping_and_forfeit_all_rights_to_community_support = true\n"


@pytest.fixture(scope="module")
def hostile_session(rfsn: Rfsn, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path, Path]:
    """A repair of a project whose names, ids and messages are no text."""
    folder = tmp_path_factory.mktemp("hostile") / "project"
    folder.mkdir()
    for name, text in {"thing.py": BUGGY, "test_thing.py": CORPUS, "pytest.ini": UNESCAPED}.items():
        (folder / name).write_text(text)
    (folder / os.fsdecode(b"latin\xff.py")).write_text("def three():\n    return 3\n")
    (folder / os.fsdecode(b"test_l\xff.py")).write_text(
        "from thing import least\ndef test():\n    assert least(5, 6) == 5\n"
    )
    (folder / os.fsdecode(b"pk\xfe")).mkdir()
    (folder / os.fsdecode(b"pk\xfe/__init__.py")).write_text("")
    for argv in (("init", "-q"), ("add", "-A"), ("-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "x")):
        subprocess.run(["git", *argv], cwd=folder, check=True)
    session = folder.with_name("session")
    return rfsn("repair", folder, "--out", session, "--json"), folder, session


def test_names_and_messages_that_are_no_text_are_repaired(hostile_session: tuple[Any, Path, Path]) -> None:
    ran, folder, session = hostile_session
    assert (ran.code, ran.json["status"]) == (0, "repaired"), ran.json
    assert sorted(ran.json["tests"]["fixed"]) == sorted(ran.json["tests"]["failing"])
    assert len(ran.json["tests"]["fixed"]) == 10
    assert "test_l\\xff.py::test" in ran.json["tests"]["fixed"]
    subprocess.run(["git", "apply", session / "patch.diff"], cwd=folder, check=True)


def test_nothing_that_a_session_leaves_is_unreadable(hostile_session: tuple[Any, Path, Path], rfsn: Rfsn) -> None:
    _, _, session = hostile_session
    texts = [(session / name).read_text(encoding="ascii") for name in ("report.json", "evidence.json")]
    texts += (session / "journal.jsonl").read_text(encoding="utf-8").strip("\n").split("\n")
    for text in texts:
        assert to_json(json.loads(text)) == json.dumps(json.loads(text))  # no surrogate, and nothing but numbers
    assert acts((session / "report.html").read_text(encoding="utf-8")) == set()
    assert rfsn("replay", session).code == 0
    shown = rfsn("report", session)
    assert acts(shown.out + shown.err) == set()


def test_an_event_of_no_text_is_spelled_out(tmp_path: Path) -> None:
    session = Session.create("x", Config(), tmp_path / "session")
    session.record(SessionEnded(status="denied", reason="\ud800 \udcff \0"))
    session.close()
    (_, ended) = read_journal(tmp_path / "session" / "journal.jsonl")
    assert ended.event == session.projection.ended == SessionEnded(status="denied", reason="\\ud800 \\xff \0")


def test_a_warm_runner_says_no_number_that_a_journal_could_not_hold() -> None:
    for number in (b"NaN", b"Infinity", b"-Infinity", b"1e999", b"1" + b"0" * 400):
        with pytest.raises(ProtocolError):
            decode_trace(b'{"id": "a", "outcome": "passed", "cpu_s": ' + number + b"}")
    ready = decode_ready(b'{"ready": ["a\\udcff", "b"]}')
    assert ready.ids == frozenset({"a\\xff", "b"})
    assert ready.own == {"a\\xff": "a\udcff"}


def shell(command: str, environment: Mapping[str, str]) -> tuple[list[int], str]:
    """The exit codes of a pipeline, and its stderr."""
    pipeline = f"exec 3>&1; {command} 3>&-; echo codes ${{PIPESTATUS[@]}} >&3"
    done = subprocess.run(
        ["bash", "-c", pipeline], env=environment, cwd=ROOT, capture_output=True, check=False, text=True
    )
    codes = done.stdout.rpartition("codes ")[2].split()
    assert "Traceback" not in done.stderr + done.stdout
    assert "Exception ignored" not in done.stderr
    return list(map(int, codes)), done.stderr


@pytest.mark.thorough
@pytest.mark.sample(5)
@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("{rfsn} operators | head -1", 0),
        ("{rfsn} gate rules --json | true", 0),
        ("{rfsn} doctor | true", 0),
        ("{rfsn} --help | true", 0),
        ("{rfsn} operators >&-", 0),
        ("{rfsn} operators 2>&-", 0),
        ("{rfsn} operators <&- >&- 2>&-", 0),
        ("{rfsn} operators >/dev/full", 3),
        ("{rfsn} operators --json >/dev/full", 3),
        ("{rfsn} --version >/dev/full", 3),
        ("{rfsn} gate check nothing --repo . >/dev/full 2>/dev/full", 2),
        ("{rfsn} --nothing 2>&1 | true", 2),
    ],
)
def test_a_reader_that_leaves_or_a_full_disk_is_no_defect(
    command: str, code: int, script: Path, environment: dict[str, str]
) -> None:
    codes, said = shell(command.format(rfsn=script), environment)
    assert codes[0] == code
    assert ("stdout cannot be written: No space left" in said) == (code == 3)


@pytest.mark.thorough
def test_a_session_ends_as_it_would_when_nobody_reads(
    script: Path, environment: dict[str, str], examples: Path, tmp_path: Path
) -> None:
    codes, _ = shell(f"{script} repair {examples}/stock --out {tmp_path}/s 2>&1 | true", environment)
    assert codes[0] == 0
    assert json.loads((tmp_path / "s" / "report.json").read_text())["status"] == "repaired"


def test_a_diff_is_written_byte_for_byte_for_a_program(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    diff = "--- a\n+++ b\n@@ -1 +1 @@\n-caf\udce9\x1b[31m\r\n+\u202e\f\n"
    give_diff(diff)
    assert capfdbinary.readouterr().out == diff.encode("utf-8", "surrogateescape")


def test_a_defect_is_a_message(capfd: pytest.CaptureFixture[str]) -> None:
    def broken() -> int:
        raise ZeroDivisionError(f"\x1b[1m\n{FORGED}")

    def failing() -> int:
        raise InfraError(f"\x1b[1m\n{FORGED}\udcff")

    assert commands.guarded(broken, as_json=True) == commands.guarded(failing, as_json=True) == 3
    out, err = capfd.readouterr()
    assert "Traceback" not in err
    assert not [line for line in err.splitlines() if line.startswith(FORGED)]
    assert acts(out + err) == set()
    assert [json.loads(line)["status"] for line in out.splitlines()] == ["infra_error", "infra_error"]


@pytest.mark.parametrize("log", ["console", "json"])
def test_log_lines_obey_nothing(log: str, rfsn: Rfsn, project: Make) -> None:
    loud = f"raise SystemExit('\\x1b[2J\\n{FORGED}\\u202e')\n"
    folder = project({"conftest.py": loud, "thing.py": BUGGY, "test_thing.py": "def test():\n    assert 0\n"})
    ran = rfsn("repair", folder, env={"RFSN_LOG": log})
    assert ran.code == 3
    assert acts(ran.err) == set()
    assert not [line for line in ran.err.splitlines() if line.startswith(FORGED)]


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    "locale",
    [{"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, {"PYTHONIOENCODING": "ascii", "LC_ALL": "C"}],
)
def test_every_locale_repairs_the_same(locale: dict[str, str], rfsn: Rfsn, project: Make) -> None:
    test = "from thing import least\ndef test_\u00e9():\n    assert least(1, 2) == 1\n    assert least(4, 3) == 3\n"
    folder = project({"thing.py": f"# caf\u00e9\n{BUGGY}", "test_thing.py": test}, name="caf\u00e9 \u65e5")
    ran = rfsn("repair", folder, "--json", env=locale)
    assert (ran.code, ran.json["status"]) == (0, "repaired"), ran.json
    assert ran.json["tests"]["fixed"] == ["test_thing.py::test_\u00e9"]


@pytest.mark.thorough
def test_a_home_and_a_repository_under_odd_names(rfsn: Rfsn, project: Make, tmp_path: Path) -> None:
    odd = "a:b,c\\d \"e' \n$(id) \u2028\x0b%s"
    test = "from thing import least\ndef test_it():\n    assert least(1, 2) == 1\n    assert least(4, 3) == 3\n"
    folder = project({"thing.py": BUGGY, "test_thing.py": test}, name=odd)
    ran = rfsn("repair", folder, "--apply", "--json", env={"RFSN_HOME": str(tmp_path / f"home{odd}")})
    assert (ran.code, ran.json["status"]) == (0, "repaired"), ran.json
    assert ran.json["delivered"] == "applied to thing.py"
    assert (folder / "thing.py").read_text() != BUGGY


def test_what_the_kernel_tells_of_the_machine_is_hidden(tmp_path: Path) -> None:
    hidden = ("cmdline", "diskstats", "partitions", "swaps", "modules", "iomem", "keys", "kallsyms")
    provider = BubblewrapProvider()
    try:
        sandbox = provider.open(SandboxSpec(tmp_path))
        shown = sandbox.run(Command(("sh", "-c", f"cd /proc; cat {' '.join(hidden)}"), 20.0))
        assert shown.stdout == b""
        assert sandbox.run(Command(("sh", "-c", "hostname; cat /etc/machine-id"), 20.0)).stdout == b"sandbox\n"
    finally:
        provider.close()
