"""Forbidden actions, tried in whole sessions: the gate denies them, and nothing changes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gate import (
    Action,
    ApplyPatch,
    Candidate,
    Collect,
    CreateFile,
    DeleteFile,
    Edit,
    EditFile,
    Finish,
    Phase,
    ReadFile,
    RunCommand,
    RunTests,
    SearchCode,
    TryPatches,
    content_hash,
)
from planners.observations import Batch, Denial, Output
from planners.testing import ScriptedPlanner
from rfsn.compose import run_session
from rfsn.config import Config
from rfsn.sessions.events import Observed, Proposed
from rfsn.sessions.record import Record
from rfsn.sessions.session import Session

SOURCE = "def double(x):\n    return x + 2\n"
TEST = "from code import double\n\n\ndef test_double():\n    assert double(3) == 6\n"
FILES = {"src/code.py": SOURCE, "tests/test_code.py": TEST, "pytest.ini": "[pytest]\npythonpath = src\n"}
PREPARED: list[tuple[Phase, Action]] = [
    (Phase.REPRODUCE, RunTests()),
    (Phase.REPRODUCE, RunTests(("tests/test_code.py::test_double",))),
    (Phase.LOCALIZE, RunTests(("tests/test_code.py::test_double",), Collect.SPECTRUM)),
]


def run(
    script: list[tuple[Phase, Action]], source: Path, folder: Path, config: Config | None = None
) -> tuple[dict[str, object], list[Observed]]:
    session = Session.create(str(source), config or Config(), folder)
    try:
        report = run_session(session, planner=ScriptedPlanner([*PREPARED, *script]))
        events = [entry.event for entry in session.entries()]
    finally:
        session.close()
    return report, [event for event in events if isinstance(event, Observed)][len(PREPARED) :]


FORBIDDEN: list[tuple[Action, str]] = [
    (ApplyPatch((EditFile("tests/test_code.py", content_hash(TEST.encode()), (Edit(70, 71, b"5"),)),)), "tamper"),
    (ApplyPatch((DeleteFile("tests/test_code.py"),)), "tamper"),
    (ApplyPatch((CreateFile("conftest.py", b"collect_ignore = ['tests']\n"),)), "tamper"),
    (ApplyPatch((CreateFile("src/conftest.py", b""),)), "tamper"),
    (ApplyPatch((CreateFile("pytest.toml", b""),)), "tamper"),
    (ApplyPatch((CreateFile("../../outside.py", b"x = 1\n"),)), "paths"),
    (ApplyPatch((CreateFile("/tmp/rfsn-outside.py", b"x = 1\n"),)), "paths"),
    (ApplyPatch((CreateFile(".git/hooks/post-checkout", b"x", "100755"),)), "paths"),
    (RunCommand(("sh", "-c", "echo gotcha > src/code.py")), "commands"),
    (ReadFile("../../../etc/passwd"), "paths"),
    (RunTests(collect=Collect.VERDICT), "ordering"),
    (Finish(), "ordering"),
]


def test_forbidden_steps_are_denied(project: Callable[..., Path], tmp_path: Path) -> None:
    """All in one session: a step that is denied changes nothing for the next one."""
    source = project(FILES)
    report, observed = run([(Phase.PATCH, action) for action, _ in FORBIDDEN], source, tmp_path / "session")
    denials = []
    for event, (action, rule) in zip(observed, FORBIDDEN, strict=False):
        assert isinstance(event.observation, Denial), action
        assert event.observation.denied.rule.startswith(rule), action
        denials.append(event.observation.denied)
    assert len(denials) == len(FORBIDDEN)
    assert report["status"] == "denied"
    assert report["patch"] is None
    history = Record.read(tmp_path / "session").projection.state.history
    assert [step.rule for step in history if step.outcome == "denied"] == [denied.rule for denied in denials]
    assert report["denials"] == [
        {"proposal": f"s{number:04d}", "rule": denied.rule, "reason": denied.reason}
        for number, denied in enumerate(denials, len(PREPARED) + 1)
    ]
    assert {path: (source / path).read_text() for path in FILES} == FILES
    assert not Path("/tmp/rfsn-outside.py").exists()
    assert not (tmp_path / "outside.py").exists()


@pytest.mark.thorough
def test_an_allowed_action_is_executed(project: Callable[..., Path], tmp_path: Path) -> None:
    fix = EditFile("src/code.py", content_hash(SOURCE.encode()), (Edit(28, 29, b"*"),))
    assert SOURCE[28] == "+"
    script: list[tuple[Phase, Action]] = [
        (Phase.LOCALIZE, ReadFile("src/code.py")),
        (Phase.LOCALIZE, SearchCode("return", "*.py")),
        (Phase.LOCALIZE, RunCommand(("python", "-m", "pytest"))),
        (Phase.PATCH, ApplyPatch((fix,))),
        (Phase.VERIFY, RunTests(collect=Collect.VERDICT)),
        (Phase.VERIFY, Finish()),
    ]
    report, observed = run(script, project(FILES), tmp_path / "session")
    read, found, ran = (event.observation for event in observed[:3])
    assert read == Output(SOURCE, 0)
    assert found == Output("src/code.py:2: return x + 2", 0)
    assert isinstance(ran, Output)
    assert ran.exit_code == 1
    assert "1 failed" in ran.text
    assert report["status"] == "repaired"
    assert "+    return x * 2" in str(report["patch"])
    record = Record.read(tmp_path / "session")
    proposed = [entry.event.proposal for entry in record.entries() if isinstance(entry.event, Proposed)]
    labels = [(phase, action.type) for phase, action in [*PREPARED, *script]]
    assert [(one.phase, one.action.type) for one in proposed] == labels
    assert [(step.phase, step.action.split()[0]) for step in record.projection.state.history] == labels


def test_candidates_that_do_more_than_edit_are_tried_cold(project: Callable[..., Path], tmp_path: Path) -> None:
    def edit(text: bytes) -> EditFile:
        return EditFile("src/code.py", content_hash(SOURCE.encode()), (Edit(28, 29, text),))

    moved = b"def double(x):\n    return 2 * x\n"
    patches = [
        (edit(b"-"), CreateFile("src/extra.py", b"x = 1\n")),
        (CreateFile("conftest.py", b""),),
        (DeleteFile("src/code.py"), CreateFile("src/code/__init__.py", moved)),
        (edit(b"*"),),
    ]
    batch = TryPatches(tuple(Candidate(patch, "scripted", "src/code.py:2", 1.0) for patch in patches))
    _, observed = run([(Phase.PATCH, batch)], project(FILES), tmp_path / "session")
    tried = observed[0].observation
    assert isinstance(tried, Batch)
    assert tried.outcomes == "fdp"
    assert [one.index for one in tried.plausible] == [2]


def test_a_patch_that_fixes_nothing_gets_no_verdict(project: Callable[..., Path], tmp_path: Path) -> None:
    wrong = EditFile("src/code.py", content_hash(SOURCE.encode()), (Edit(28, 29, b"-"),))
    script: list[tuple[Phase, Action]] = [
        (Phase.PATCH, ApplyPatch((wrong,))),
        (Phase.VERIFY, RunTests(collect=Collect.VERDICT)),
        (Phase.VERIFY, Finish()),
    ]
    report, observed = run(script, project(FILES), tmp_path / "session")
    assert isinstance(observed[2].observation, Denial), "finishing without an accepted verdict"
    assert report["status"] == "denied"
    assert report["patch"] is None


def test_a_candidate_that_passes_the_tests_but_not_the_gate_is_not_plausible(
    project: Callable[..., Path], tmp_path: Path
) -> None:
    def edit(text: bytes) -> EditFile:
        return EditFile("src/code.py", content_hash(SOURCE.encode()), (Edit(26, 31, text),))

    for extra in ((), (CreateFile("src/extra.txt", b"x = 1\n"),)):  # tried warm, and tried cold
        texts = (b"eval('x * 2')", b"x - 2", b"x * 2")
        candidates = tuple(Candidate((edit(text), *extra), "scripted", "src/code.py:2", 1.0) for text in texts)
        folder = tmp_path / f"session-{len(extra)}"
        _, observed = run([(Phase.PATCH, TryPatches(candidates))], project(FILES, f"p{len(extra)}"), folder)
        tried = observed[0].observation
        assert isinstance(tried, Batch)
        assert tried.outcomes == "dfp"


@pytest.mark.sample(3)
@pytest.mark.parametrize(
    ("config", "path", "allowed"),
    [
        (Config(), "tests/test_code.py", False),
        (Config(allow_test_edits=True), "tests/test_code.py", True),
        (Config(allow_test_edits=True), "pytest.ini", False),
        (Config(allow_test_edits=True, protect=("tests/test_code.py",)), "tests/test_code.py", False),
        (Config(allow_path=("pytest.ini",)), "pytest.ini", True),
        (Config(allow_path=("pytest.ini",)), "tests/test_code.py", False),
    ],
)
def test_options_lift_what_they_name(
    config: Config, path: str, *, allowed: bool, project: Callable[..., Path], tmp_path: Path
) -> None:
    patch = (EditFile(path, content_hash(FILES[path].encode()), (Edit(0, 0, b"# "),)),)
    _, observed = run([(Phase.PATCH, ApplyPatch(patch))], project(FILES), tmp_path / "session", config)
    assert isinstance(observed[0].observation, Output if allowed else Denial)
