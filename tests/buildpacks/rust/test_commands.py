"""The parts of a test command, and of ids."""

from __future__ import annotations

import pytest

from buildpacks import BuildpackError, CaseId
from buildpacks.rust.commands import TestCommand, parse_command
from buildpacks.rust.results import case_id

ALL = ["lib", "bin", "test"]


@pytest.mark.parametrize(
    ("command", "parsed"),
    [
        ("cargo test", TestCommand(kinds=ALL)),
        ("/usr/bin/cargo +nightly t -q --offline --locked", TestCommand(kinds=ALL)),
        (
            "cargo test -p a --package=b --exclude c -Fx,y --release sum",
            TestCommand(
                ["--package=a", "--package=b", "--exclude=c", "--features=x,y", "--release"],
                ALL,
                packages=["a", "b"],
                excluded=["c"],
                filters=["sum"],
            ),
        ),
        (
            "cargo test --all --lib --test it -- --exact --skip b a --nocapture --test-threads 1",
            TestCommand(
                ["--workspace", "--lib", "--test=it"],
                ["lib"],
                ["test it"],
                workspace=True,
                filters=["a"],
                skips=["b"],
                exact=True,
            ),
        ),
        ("cargo test --test it", TestCommand(["--test=it"], [], ["test it"])),
        ("cargo test -- --ignored", TestCommand(kinds=ALL, ignored="only")),
        (
            "cargo nextest run -j 2 --profile ci --cargo-profile fast --retries 2 --run-ignored all --no-fail-fast a",
            TestCommand(["--profile=fast"], ALL, filters=["a"], ignored="all"),
        ),
    ],
)
def test_commands(command: str, parsed: TestCommand) -> None:
    assert parse_command(command.split()) == parsed


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("make test", "runs cargo test, not 'make test'"),
        ("cargo build", "runs cargo test, not 'cargo build'"),
        ("cargo test --doc", "does not run the tests in documentation"),
        ("cargo test --no-run", "does not know the option --no-run"),
        ("cargo test --config x", "does not know the option --config"),
        ("cargo nextest run -E test(a)", "does not know the option -E"),
        ("cargo test -- --bench", "does not know the option --bench of test binaries"),
        ("cargo test -p", "gives no value for -p"),
    ],
)
def test_commands_that_are_refused(command: str, why: str) -> None:
    with pytest.raises(BuildpackError, match=why):
        parse_command(command.split())


@pytest.mark.parametrize(
    ("id", "parts"),
    [
        ("src/lib.rs::a", CaseId("src/lib.rs", (), "a")),
        ("crates/one/tests/it.rs::inner::deep::b", CaseId("crates/one/tests/it.rs", ("inner", "deep"), "b")),
        ("src/bin/free.rs::[build]", CaseId("src/bin/free.rs", (), "[build]")),
        ("src/lib.rs", CaseId("src/lib.rs")),
    ],
)
def test_ids(id: str, parts: CaseId) -> None:
    assert case_id(id) == parts
