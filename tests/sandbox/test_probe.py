from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sandbox import SandboxUnavailable, probe

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    probe.probe.cache_clear()
    yield
    probe.probe.cache_clear()


def fake_bwrap(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> str:
    path = folder / "bwrap"
    path.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo bubblewrap 0.9.0 && exit 0\n{script}\n')
    path.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    return str(path)


def test_a_bwrap_that_fails_is_quoted_with_a_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_bwrap(tmp_path, monkeypatch, "echo 'bwrap: setting up uid map: Permission denied' >&2; exit 1")
    with pytest.raises(
        SandboxUnavailable, match=r"setting up uid map: Permission denied; .*(Docker|--privileged|sysctl)"
    ):
        probe.probe()


def test_a_sandbox_with_nested_namespaces_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_bwrap(tmp_path, monkeypatch, "echo open")
    with pytest.raises(SandboxUnavailable, match="lets a sandbox create user namespaces"):
        probe.probe()


def test_a_bwrap_that_runs_nothing_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_bwrap(tmp_path, monkeypatch, "exit 0")
    with pytest.raises(SandboxUnavailable, match="exited with 0"):
        probe.probe()


def test_an_old_bwrap_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = fake_bwrap(tmp_path, monkeypatch, "exit 1")
    assert probe._find() == path
    Path(path).write_text("#!/bin/sh\necho bubblewrap 0.4.1\n")
    assert probe._find() != path


@pytest.mark.parametrize(
    ("sysctls", "remedy"),
    [
        ({"kernel/apparmor_restrict_unprivileged_userns": "1"}, "bwrap-userns-restrict"),
        ({"kernel/unprivileged_userns_clone": "0"}, "sysctl -w kernel.unprivileged_userns_clone=1"),
        ({"user/max_user_namespaces": "0"}, "sysctl -w user.max_user_namespaces"),
    ],
)
def test_the_remedy_names_what_the_kernel_says(
    monkeypatch: pytest.MonkeyPatch, sysctls: dict[str, str], remedy: str
) -> None:
    monkeypatch.setattr(probe, "_sysctl", sysctls.get)
    assert remedy in probe._remedy()


def test_elsewhere_than_linux_docker_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(SandboxUnavailable, match=r"needs Linux.*Docker"):
        probe.probe()
