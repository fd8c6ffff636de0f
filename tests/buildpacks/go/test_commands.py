"""The parts of a command of `go test`, and of ids."""

from __future__ import annotations

import pytest

from buildpacks import CaseId
from buildpacks.go.commands import TestCommand, parse_command
from buildpacks.go.results import case_id


@pytest.mark.parametrize(
    ("command", "parsed"),
    [
        ("go test", TestCommand((), (".",), "", "", (), ())),
        ("/usr/bin/go test -v -count=1 -timeout 30s ./...", TestCommand((), ("./...",), "", "", (), ())),
        (
            "go test -race --tags=a,b -mod vendor -short -parallel 2 ./a ./b",
            TestCommand(("-race", "-tags=a,b", "-mod=vendor"), ("./a", "./b"), "", "",
                        ("-test.short=true", "-test.parallel=2"), ()),
        ),
        (
            "go test -run ^TestA$/b -skip=TestC -cover ./... -args -update x",
            TestCommand((), ("./...",), "^TestA$/b", "TestC", (), ("-update", "x")),
        ),
    ],
)  # fmt: skip
def test_commands(command: str, parsed: TestCommand) -> None:
    assert parse_command(command.split()) == parsed


@pytest.mark.parametrize(
    ("id", "parts"),
    [
        ("TestA", CaseId("", (), "TestA")),
        ("TestA/one/two", CaseId("", (), "TestA", "/one/two")),
        ("shop/basket/TestA/Test_b", CaseId("", ("shop/basket",), "TestA", "/Test_b")),
        ("shop/Test", CaseId("", ("shop",), "Test")),
        ("shop/Testing/TestA", CaseId("", ("shop/Testing",), "TestA")),
        (r"shop/\TestUtils/FuzzA/seed#0", CaseId("", (r"shop/\TestUtils",), "FuzzA", "/seed#0")),
        ("shop/ExampleTotal", CaseId("", ("shop",), "ExampleTotal")),
        ("cmd/free/[build]", CaseId("", ("cmd/free",), "[build]")),
        ("cmd/free", CaseId("", ("cmd/free",))),
    ],
)
def test_ids(id: str, parts: CaseId) -> None:
    assert case_id(id) == parts
