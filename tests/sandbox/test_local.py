from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sandbox import Command, LocalProvider, Mount, SandboxSpec

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sandbox.local import LocalSandbox


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[LocalSandbox]:
    provider = LocalProvider()
    for name in ("w", "e", "results"):
        (tmp_path / name).mkdir()
    yield provider.open(
        SandboxSpec(tmp_path / "w", tmp_path / "e", (Mount(tmp_path / "results", "/results", writable=True),))
    )
    provider.close()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/repo", "{}/w"),
        ("/repo/a b", "{}/w/a b"),
        ("/env/bin/python", "{}/e/bin/python"),
        ("--junitxml=/results/x.xml", "--junitxml={}/results/x.xml"),
        ("/repo/src:/env/lib:/repo", "{0}/w/src:{0}/e/lib:{0}/w"),
        ("/repository", "/repository"),
        ("/environment/x", "/environment/x"),
        ("x/repo/y", "x/repo/y"),
        ("open('/repo/x')", "open('/repo/x')"),
        ("", ""),
    ],
)
def test_paths_are_translated(sandbox: LocalSandbox, tmp_path: Path, text: str, expected: str) -> None:
    assert sandbox.translate(text) == expected.format(tmp_path)


def test_a_command_runs_in_the_workspace_with_the_small_environment(
    sandbox: LocalSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RFSN_SECRET", "leak")
    script = "pwd; echo $EXTRA; echo $RFSN_SECRET$HOME; echo x > $1"
    result = sandbox.run(Command(("sh", "-c", script, "sh", "/results/x"), 5, env={"EXTRA": "/repo/y"}))
    assert result.stdout.decode().split() == [f"{tmp_path}/w", f"{tmp_path}/w/y", "/tmp"]
    assert (tmp_path / "results" / "x").read_text() == "x\n"
