"""Trees and tests that misbehave: each ends with a clear message and the right exit code."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rfsn.machine.files import is_short_of_room

type Rfsn = Callable[..., Any]
type Make = Callable[..., Path]

FIXABLE = "def least(a, b):\n    return a if a > b else b\n"
TEST = "from thing import least\n\n\ndef test_least():\n    assert least(1, 2) == 1\n    assert least(4, 3) == 3\n"


def project_of(make: Make, files: dict[str, bytes]) -> Path:
    folder = make({"test_thing.py": TEST})
    for path, content in files.items():
        (folder / path).write_bytes(content)
    return folder


@pytest.mark.parametrize(
    ("body", "limit", "status", "said"),
    [
        (
            "import thing\nwhile True: pass\n",
            20,
            "infra_error",
            "did not finish (timeout) after 6 s; the verdict takes",
        ),
        pytest.param(
            "print('x' * 10**9)\n\n\ndef test():\n    assert 0\n",
            200,
            "not_repaired",
            "nothing was found to try",
            marks=pytest.mark.thorough,
        ),
        ("import thing\n\n\ndef test(:\n", 20, "infra_error", "SyntaxError"),
    ],
)
def test_test_files_that_misbehave(body: str, limit: int, status: str, said: str, rfsn: Rfsn, project: Make) -> None:
    folder = project({"thing.py": FIXABLE, "test_thing.py": body})
    ran = rfsn("repair", folder, "--time-limit", str(limit), "--json")
    assert ran.json["status"] == status, ran.json
    assert said in ran.json["reason"]
    assert ran.code == {"infra_error": 3, "not_repaired": 1}[status]


@pytest.mark.thorough
@pytest.mark.slow
def test_megabytes_of_output_in_every_run_do_no_harm(rfsn: Rfsn, project: Make) -> None:
    noisy = TEST.replace(
        "def test_least():\n", "def test_least():\n    for _ in range(40):\n        print('x' * 10**6)\n"
    )
    result = rfsn("repair", project({"thing.py": FIXABLE, "test_thing.py": noisy}), "--json").json
    assert result["status"] == "repaired", result


@pytest.mark.parametrize(
    "how",
    [
        "os._exit(0)",
        *(pytest.param(how, marks=pytest.mark.thorough) for how in ("os.kill(os.getpid(), 11)", "os.abort()")),
    ],
)
def test_a_source_that_ends_the_interpreter_is_blamed_and_repaired(how: str, rfsn: Rfsn, project: Make) -> None:
    source = f"import os\n\n\ndef least(a, b):\n    if a <= b:\n        {how}\n    return min(a, b)\n"
    others = "\n\ndef test_large():\n    assert least(5, 4) == 4\n"
    result = rfsn("repair", project({"thing.py": source, "test_thing.py": TEST + others}), "--json").json
    assert result["status"] == "repaired", result
    assert result["tests"]["failing"] == ["test_thing.py::test_least"]
    assert (result["tests"]["total"], result["tests"]["passed"]) == (2, 1)


def test_a_syntax_error_in_the_source_is_named(rfsn: Rfsn, project: Make) -> None:
    ran = rfsn("repair", project({"thing.py": "def least(a, b:\n", "test_thing.py": TEST}), "--json")
    assert (ran.code, ran.json["status"]) == (1, "not_repaired")
    assert "test_thing.py could not be collected: thing.py, line 1: SyntaxError" in ran.json["reason"]


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("source", "fixed"),
    [
        (b"# caf\xe9\n", None),
        (b"# -*- coding: latin-1 -*-\n# caf\xe9\n", b"# -*- coding: latin-1 -*-\n# caf\xe9\n"),
        (b"\xef\xbb\xbf# bom\n", b"\xef\xbb\xbf# bom\n"),
        ("# \u65e5\u672c\n".encode(), "# \u65e5\u672c\n".encode()),
    ],
)
def test_encodings_are_kept(
    source: bytes, fixed: bytes | None, rfsn: Rfsn, project: Make, git: Callable[..., str]
) -> None:
    folder = project_of(project, {"thing.py": source + FIXABLE.encode()})
    ran = rfsn("repair", folder, "--json")
    if fixed is None:  # it declares no encoding: Python may run it, but it cannot be parsed
        assert ran.json["status"] in {"not_repaired", "infra_error"}
        return
    assert ran.json["status"] == "repaired", ran.json
    git("apply", str(Path(ran.json["folder"]) / "patch.diff"), cwd=folder)
    after = (folder / "thing.py").read_bytes()
    assert after.startswith(fixed)
    assert len(after.splitlines()) == len((fixed + FIXABLE.encode()).splitlines())


@pytest.mark.sample(1)
@pytest.mark.parametrize(("old", "new"), [(b"\n", b"\r\n"), (b"    ", b"\t")])
def test_line_ends_and_tabs_are_kept(
    old: bytes, new: bytes, rfsn: Rfsn, project: Make, git: Callable[..., str]
) -> None:
    source = FIXABLE.encode().replace(old, new)
    folder = project_of(project, {"thing.py": source})
    result = rfsn("repair", folder, "--json").json
    assert result["status"] == "repaired", result
    git("apply", str(Path(result["folder"]) / "patch.diff"), cwd=folder)
    after = (folder / "thing.py").read_bytes()
    assert after.count(new) == source.count(new)
    assert after != source


@pytest.mark.thorough
def test_links_pipes_and_read_only_files_do_no_harm(rfsn: Rfsn, project: Make) -> None:
    settings = "[pytest]\ntestpaths = test_thing.py\n"
    folder = project({"thing.py": FIXABLE, "test_thing.py": TEST, "data/file.txt": "x", "pytest.ini": settings})
    (folder / "loop").symlink_to("loop")
    (folder / "data" / "up").symlink_to("..")
    (folder / "host").symlink_to("/etc/passwd")
    os.mkfifo(folder / "pipe")
    (folder / "thing.py").chmod(0o444)
    (folder / "data").chmod(0o555)
    result = rfsn("repair", folder, "--json").json
    (folder / "data").chmod(0o755)
    assert result["status"] == "repaired", result
    assert (folder / "thing.py").read_text() == FIXABLE


@pytest.mark.thorough
def test_a_repository_of_twenty_thousand_files(rfsn: Rfsn, project: Make) -> None:
    folder = project({"thing.py": FIXABLE, "test_thing.py": TEST})
    for number in range(200):
        (folder / f"data{number}").mkdir()
        for other in range(100):
            (folder / f"data{number}" / f"file{other}.txt").write_text(f"{number} {other}\n")
    result = rfsn("repair", folder, "--json").json
    assert result["status"] == "repaired", result


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")
def test_a_full_disk_is_reported_and_nothing_is_lost(rfsn: Rfsn, project: Make, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    if os.system(f"mount -t tmpfs -o size=300k tmpfs {small}") != 0:
        pytest.skip("this machine does not let us mount")
    try:
        folder = project({"thing.py": FIXABLE, "test_thing.py": TEST, "big.txt": "x" * 200_000})
        ran = rfsn("repair", folder, "--out", small / "session")
        assert ran.code in {2, 3}
        assert "No space left on device" in ran.err
    finally:
        os.system(f"umount {small}")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("time_limit = 'soon'\n", "time_limit: 'soon' is invalid; allowed: a number more than 0\n"),
        ("workers = 65\n", "workers: 65 is invalid; allowed: a whole number at least 1 and at most 64\n"),
        ("workers = '2'\n", "workers: '2' is invalid; allowed: a whole number at least 1 and at most 64\n"),
        ("time_limit = true\n", "time_limit: True is invalid; allowed: a number more than 0\n"),
        ("apply = 'yes'\n", "apply: 'yes' is invalid; allowed: true or false\n"),
        ("sandbox = 'cellar'\n", "sandbox: 'cellar' is invalid; allowed: auto, docker, bubblewrap, local\n"),
        ("protect = [3]\n", "protect.0: 3 is invalid; allowed: a string\n"),
        ("tme_limit = 3\n", "tme_limit: no such setting; did you mean time_limit?\n"),
        ("[services.db]\nport = 3\nimage = 'x'\n", "services.db.port: no such setting; allowed: command, env, image, "),
        ("[services.db]\n", "services.db.image: missing; allowed: a string\n"),
        ("[services.DB]\nimage = 'x'\n", "services.DB: not a host name; allowed: lower-case letters, "),
        ("time_limit = \n", "line 1"),
        ("\xff", "rfsn.toml"),
    ],
)
def test_a_broken_configuration_names_file_and_key(
    text: str, said: str, rfsn: Rfsn, project: Make, tmp_path: Path
) -> None:
    path = tmp_path / "rfsn.toml"
    path.write_bytes(text.encode("latin-1"))
    ran = rfsn("repair", project({"thing.py": FIXABLE, "test_thing.py": TEST}), "--config", path)
    assert ran.code == 2
    assert str(path) in ran.err
    assert said in ran.err


def test_a_variable_of_the_environment_is_named(rfsn: Rfsn, project: Make) -> None:
    folder = project({"thing.py": FIXABLE, "test_thing.py": TEST})
    ran = rfsn("repair", folder, env={"RFSN_WORKERS": "many"})
    assert ran.code == 2
    wanted = "'many' is invalid; allowed: a whole number at least 1 and at most 64\n"
    assert ran.err == f"rfsn: the environment variable RFSN_WORKERS: {wanted}"
    ran = rfsn("repair", folder, "--workers", "0")
    assert ran.err.startswith("rfsn: --workers: 0 is invalid; allowed: a whole number at least 1")
    ran = rfsn("eval", folder, "--instance-timeout", "0")
    assert ran.err == "rfsn: --instance-timeout: 0.0 is invalid; allowed: a number more than 0\n"


def test_a_folder_that_cannot_be_made_is_a_usage_error(rfsn: Rfsn, project: Make, tmp_path: Path) -> None:
    folder, rows = project({"thing.py": FIXABLE, "test_thing.py": TEST}), tmp_path / "rows.jsonl"
    row = {"instance_id": "one", "files": {"test_thing.py": TEST}, "test_command": ["python", "-m", "pytest"]}
    rows.write_text(json.dumps(row) + "\n")
    (tmp_path / "file").touch()
    for out in (Path("/proc/x"), tmp_path / "file" / "x", tmp_path / ("x" * 300)):
        for command in (["repair", folder], ["eval", rows]):
            ran = rfsn(*command, "--out", out)
            assert (ran.code, "choose another --out" in ran.err, "disk is full" in ran.err) == (2, True, False), ran.err


def test_only_a_full_disk_is_one(tmp_path: Path) -> None:
    for number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        assert is_short_of_room(OSError(number, os.strerror(number)), tmp_path)
    for number in (errno.ENOENT, errno.EROFS, errno.EACCES):
        assert not is_short_of_room(OSError(number, os.strerror(number)), Path("/proc"))
