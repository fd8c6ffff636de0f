"""What each rule must deny, beside what it must allow."""

from dataclasses import replace
from typing import Any

import pytest

from gate import (
    Allowed,
    ApplyPatch,
    BasePaths,
    Change,
    Context,
    CreateFile,
    DeleteFile,
    DenialKind,
    Denied,
    Edit,
    EditFile,
    Gate,
    Operation,
    Patch,
    Phase,
    Proposal,
    ReadFile,
    RenameFile,
    RunCommand,
    RunTests,
    SetMode,
    SizeLimits,
    TryPatches,
    apply,
    content_hash,
)
from gate.vocabulary import Action

FILES = {
    "src/core.py": b"def f(x):\n    return x\n",
    "src/Straße.py": b"",
    "src/tool.py": b"size = 1\n",
    "tests/test_core.py": b"def test(): assert False\n",
    "pytest.ini": b"",
}
PROTECTED = {"tests/test_core.py", "pytest.ini", "conftest.py", "src/conftest.py"}
TEST = ("python", "-m", "pytest")


def read(path: str) -> bytes:
    if path not in FILES:
        raise FileNotFoundError(path)
    return FILES[path]


CONTEXT = Context(
    base=BasePaths(FILES, links=["link", "src/alias.py"], executables=["src/tool.py"]),
    read=read,
    protected=PROTECTED.__contains__,
    commands=(TEST,),
    reproduced=True,
)


def propose(action: Action) -> Proposal:
    return Proposal("p1", Phase.PATCH, "an intent", "a hypothesis", action, "an effect")


def edit(path: str, text: bytes = b"y", start: int = 6) -> EditFile:
    return EditFile(path, content_hash(FILES[path]), (Edit(start, start + 1, text),))


def decide(action: Action, context: Context = CONTEXT) -> Allowed | Denied:
    return Gate().decide(propose(action), context)


def denied_by(action: Action, context: Context = CONTEXT) -> str:
    decision = decide(action, context)
    assert isinstance(decision, Denied), action
    assert decision.reason
    assert decision.hint
    return decision.rule


@pytest.mark.parametrize(
    "patch",
    [
        (edit("src/core.py"),),
        (CreateFile("src/helper.py", b"x = 1\n"),),
        (RenameFile("src/core.py", "src/kernel.py"),),
        (SetMode("src/core.py", "100644"),),
        (SetMode("src/tool.py", "100755"), edit("src/tool.py")),
        (edit("src/core.py"), CreateFile("src/.gitignore", b"*.pyc\n")),
    ],
)
def test_a_plain_change_of_sources_is_allowed(patch: Patch) -> None:
    assert decide(ApplyPatch(patch)) == Allowed()


@pytest.mark.parametrize(
    "path",
    [
        "../outside.py",
        "src/../../outside.py",
        "/etc/passwd",
        "src//core2.py",
        "./new.py",
        "",
        "C:new.py",
        "src\\new.py",
        "new\0.py",
        "new\n.py",
        "a\u200bb.py",
        "a\u202eb.py",
        ".git/config",
        "sub/.GIT/hooks/pre-commit",
        ".g\u200cit/config",
        "GIT~1/config",
        ".gitattributes",
        "src/.GitModules",
        "new.py ",
        "new.",
        "x" * 300,
        "/".join(["deep"] * 400),
        "link",
        "link/new.py",
        "src/alias.py",
        "src/core.py/new.py",
        "SRC/new.py",
        "src/CORE.py",
        "src/Strasse.py",
        "src/\uff43ore.py",
    ],
)
def test_no_path_escapes_hides_or_collides(path: str) -> None:
    assert denied_by(ApplyPatch((CreateFile(path, b"x = 1\n"),))) == "paths.plain"


@pytest.mark.parametrize("path", ["../../etc/passwd", "/etc/passwd", "link", ".git/config"])
def test_reads_have_plain_paths_too(path: str) -> None:
    assert denied_by(ReadFile(path)) == "paths.plain-read"
    assert decide(ReadFile("src/core.py")) == Allowed()


@pytest.mark.parametrize(
    "patch",
    [
        (edit("tests/test_core.py"),),
        (DeleteFile("tests/test_core.py"),),
        (RenameFile("tests/test_core.py", "tests/core.py"),),
        (SetMode("tests/test_core.py", "100644"),),
        (CreateFile("conftest.py", b"x"),),
        (CreateFile("src/conftest.py", b"x"),),
        (edit("src/core.py"), DeleteFile("pytest.ini")),
        (RenameFile("src/core.py", "conftest.py"),),
    ],
)
def test_tests_and_their_configuration_stay_as_they_are(patch: Patch) -> None:
    decision = decide(ApplyPatch(patch))
    assert isinstance(decision, Denied)
    assert (decision.rule, decision.rejection_type) == ("tamper.protected", DenialKind.TAMPER)


def test_patches_stay_small() -> None:
    small = replace(CONTEXT, limits=SizeLimits(files=1, lines=3, bytes=100))
    assert decide(ApplyPatch((CreateFile("a.py", b"1\n2\n"),)), small) == Allowed()
    assert (
        denied_by(ApplyPatch((CreateFile("a.py", b"x = 1\n"), CreateFile("b.py", b"x = 1\n"))), small) == "bounds.size"
    )
    assert denied_by(ApplyPatch((CreateFile("a.py", b"\n" * 5),)), small) == "bounds.size"
    assert denied_by(ApplyPatch((CreateFile("a.py", b"x" * 200),)), small) == "bounds.size"
    assert denied_by(ApplyPatch(())) == "bounds.size"
    assert denied_by(ApplyPatch((edit("src/core.py", FILES["src/core.py"][6:7]),))) == "bounds.size"


def test_a_patch_must_fit_its_base() -> None:
    stale = EditFile("src/core.py", content_hash(b"something else"), (Edit(0, 1, b""),))
    outside = EditFile("src/core.py", content_hash(FILES["src/core.py"]), (Edit(0, 10_000, b""),))
    crossed = EditFile("src/core.py", content_hash(FILES["src/core.py"]), (Edit(0, 5, b""), Edit(3, 6, b"")))
    for operation in (stale, outside, crossed, DeleteFile("gone.py"), CreateFile("src/core.py", b"")):
        assert denied_by(ApplyPatch((operation,))) == "schema.applies"


@pytest.mark.parametrize(
    "argv",
    [
        ("sh", "-c", "python -m pytest"),
        ("python", "-m", "pytest; rm -rf /"),
        ("python", "-m", "pytest", "--co"),
        ("python", "-m"),
        ("python -m pytest",),
        (),
    ],
)
def test_commands_are_those_of_the_plan(argv: tuple[str, ...]) -> None:
    assert denied_by(RunCommand(argv)) == "commands.from-plan"
    assert decide(RunCommand(TEST)) == Allowed()


def test_texts_are_complete_and_bounded() -> None:
    for name in ("id", "intent", "hypothesis", "expected_effect"):
        for text in ("", "  ", "x" * 5000):
            changed: dict[str, Any] = {name: text}
            proposal = replace(propose(RunTests()), **changed)
            assert isinstance(Gate().decide(proposal, CONTEXT), Denied), name


def test_a_batch_has_candidates() -> None:
    assert denied_by(TryPatches(()), CONTEXT) == "schema.well-formed"


class Confused:
    id = "confused"
    incremental = True

    def check(self, subject: object, context: Context) -> None:
        del subject, context
        raise RuntimeError("a bug in the rule")


def changed(*operations: Operation) -> Change:
    return apply(operations, CONTEXT.read)


def test_a_rule_that_raises_denies() -> None:
    decision = Gate(proposal_rules=[Confused()]).decide(propose(RunTests()), CONTEXT)
    assert isinstance(decision, Denied)
    assert "a bug in the rule" in decision.reason
    assert isinstance(Gate(change_rules=[Confused()]).screen(changed(edit("src/core.py")), CONTEXT), Denied)


def test_every_path_of_a_batch_is_screened_like_an_applied_patch() -> None:
    gate = Gate()
    for operation in (CreateFile("../x.py", b"x"), edit("tests/test_core.py")):
        assert isinstance(gate.screen(changed(operation), CONTEXT), Denied)
    assert gate.screen(changed(edit("src/core.py")), CONTEXT) == Allowed()
