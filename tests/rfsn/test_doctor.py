"""`rfsn doctor` says what keeps a repair from working here, and exits with 0 if nothing does."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rfsn.doctor import Check, Level, diagnose

type Rfsn = Callable[..., Any]

CHECKS = [
    "packages",
    "python",
    "git",
    "uv",
    "bubblewrap",
    "user namespaces",
    "prlimit",
    "control groups",
    "system calls",
    "workspaces",
    "docker",
    "docker limits",
    "toolchains",
    "sessions",
    "caches",
    "configuration",
    "variables",
    "terminal",
]


def checks(ran: Any) -> dict[str, Mapping[str, str]]:
    return {check["name"]: check for check in ran.json["checks"]}


def found() -> dict[str, Check]:
    return {check.name: check for check in diagnose()}


def test_a_healthy_machine(rfsn: Rfsn, home: Path) -> None:
    ran = rfsn("doctor", "--json")
    assert (ran.code, ran.err) == (0, "")
    assert ran.json["status"] == "ok"
    assert [check["name"] for check in ran.json["checks"]] == CHECKS
    assert not [check for check in ran.json["checks"] if check["level"] == "problem"]
    assert checks(ran)["git"]["found"].startswith("git version ")
    assert str(home) in checks(ran)["sessions"]["found"]
    assert checks(ran)["bubblewrap"]["found"].startswith("it isolates: bubblewrap ")


def test_lines_say_the_same_where_there_is_no_terminal(rfsn: Rfsn) -> None:
    ran = rfsn("doctor")
    assert ran.code == 0
    said = ran.out.splitlines()
    assert [line[9:26].strip() for line in said[:-1]] == CHECKS
    assert said[-1] == "rfsn can repair here"


def test_a_machine_without_git(rfsn: Rfsn, tmp_path: Path) -> None:
    ran = rfsn("doctor", "--json", env={"PATH": str(tmp_path)})
    assert (ran.code, ran.json["status"]) == (3, "problem")
    assert checks(ran)["git"]["level"] == "problem"
    assert "install the package git" in checks(ran)["git"]["fix"]
    assert checks(ran)["uv"]["level"] == "ok"
    plain = rfsn("doctor", env={"PATH": str(tmp_path)})
    assert plain.code == 3
    assert "problem  git" in plain.out
    assert "rfsn cannot repair here" in plain.out


def test_a_git_that_is_too_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git = tmp_path / "git"
    git.write_text("#!/bin/sh\necho git version 2.20.1\n")
    git.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert found()["git"].level is Level.PROBLEM
    assert "2.31" in found()["git"].fix


def test_a_home_that_cannot_be_written(rfsn: Rfsn, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        ran = rfsn("doctor", "--json", env={"RFSN_HOME": str(place)})
        assert ran.code == 3
        for name in ("sessions", "caches"):
            assert checks(ran)[name]["level"] == "problem"
            assert str(place) in checks(ran)[name]["found"]
            assert "RFSN_HOME" in checks(ran)[name]["fix"]


def test_looking_makes_nothing(rfsn: Rfsn, tmp_path: Path) -> None:
    assert rfsn("doctor", env={"RFSN_HOME": str(tmp_path / "new" / "home")}).code == 0
    assert not list(tmp_path.iterdir())


@pytest.mark.thorough
def test_little_and_no_space(monkeypatch: pytest.MonkeyPatch) -> None:
    for free, level in ((1 << 30, Level.WARNING), (1 << 20, Level.PROBLEM)):
        monkeypatch.setattr(shutil, "disk_usage", lambda _path, free=free: SimpleNamespace(free=free))
        assert {found()["sessions"].level, found()["caches"].level} == {level}


def test_variables_that_nothing_reads(rfsn: Rfsn) -> None:
    ran = rfsn("doctor", "--json", env={"RFSN_TIMELIMIT": "5", "RFSN_SEED": "1"})
    assert ran.code == 0
    assert checks(ran)["variables"]["level"] == "warning"
    assert "RFSN_TIMELIMIT" in checks(ran)["variables"]["found"]
    assert "RFSN_SEED" not in checks(ran)["variables"]["found"]
    assert "RFSN_TIME_LIMIT" in checks(ran)["variables"]["fix"]


@pytest.mark.parametrize(("name", "value"), [("RFSN_WORKERS", "many"), ("RFSN_LOG", "loud")])
def test_settings_that_do_not_read(name: str, value: str, rfsn: Rfsn) -> None:
    ran = rfsn("doctor", "--json", env={name: value})
    assert ran.code == 3
    assert name in checks(ran)["configuration"]["found"]


def test_a_sandbox_that_does_not_work(monkeypatch: pytest.MonkeyPatch) -> None:
    from rfsn import doctor
    from sandbox import SandboxUnavailable

    def probe() -> str:
        raise SandboxUnavailable("bwrap: setting up uid map: Permission denied; start it with --privileged")

    monkeypatch.setattr(doctor, "probe", probe)
    assert found()["bubblewrap"] == Check(
        "bubblewrap", Level.PROBLEM, "bwrap: setting up uid map: Permission denied", "start it with --privileged"
    )
    monkeypatch.setenv("RFSN_SANDBOX", "local")
    assert found()["bubblewrap"].level is Level.WARNING


@pytest.mark.skipif(sys.platform != "linux", reason="a pseudo-terminal")
def test_a_table_on_a_terminal(script: Path, environment: dict[str, str]) -> None:
    import pty
    import subprocess

    reader, writer = pty.openpty()
    process = subprocess.Popen(
        [script, "doctor"], env=environment | {"COLUMNS": "120", "TERM": "xterm"}, stdout=writer, stderr=writer
    )
    os.close(writer)
    shown = b""
    while True:
        try:
            part = os.read(reader, 1 << 16)
        except OSError:
            break
        shown += part
        if not part:
            break
    os.close(reader)
    assert process.wait(timeout=60) == 0
    assert b"result, and what to do" in shown
    assert b"rfsn can repair here" in shown


def test_what_there_is_of_other_languages(rfsn: Rfsn, tmp_path: Path) -> None:
    for tool, said in (("go", "go version go1.24.1 linux/amd64"), ("cargo", "cargo 1.90.0 (8f8d1b5 2026-01-02)")):
        (tmp_path / tool).write_text(f"#!/bin/sh\necho '{said}'\n")
        (tmp_path / tool).chmod(0o755)
    found = checks(rfsn("doctor", "--json", env={"PATH": str(tmp_path)}))["toolchains"]
    assert found["found"].startswith("Go: go 1.24.1; Rust: cargo 1.90.0; nothing for projects in C and C++, Java")
    assert found["level"] == "ok"
    assert "--sandbox docker" in found["fix"]
