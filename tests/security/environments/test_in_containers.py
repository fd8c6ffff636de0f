"""The same attacks where builds and tests run in containers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.security.environments.test_environment import CONNECT, LEFT, REPLACE, setup_py, unharmed


def test_a_hostile_build_and_hostile_tests_reach_nothing(
    image: str, rfsn: Callable[..., Any], make_project: Callable[..., Path], canary: Path, loopback: Any, abstract: Any
) -> None:
    apart = {"a file of the tree is a link", "a repository in the tree", "a file with a hole"}
    attacks = "\n".join(attack for name, attack in LEFT.items() if name not in apart)
    each = (
        f"for attack in {attacks.splitlines()!r}:\n    try:\n        exec(attack)\n    except OSError:\n        pass\n"
    )
    connect = f"PORT, NAME = {loopback.bound[1]}, {abstract.name!r}\n{CONNECT}"
    code = f"{REPLACE}\nCANARY = {str(canary)!r}\n{each}\n{connect}"
    test = f"{connect}\nfrom thing import least\n\n\ndef test_least():\n    assert least(1, 2) == 1\n"
    folder = make_project(setup_py(code) | {"test_thing.py": test})
    result = rfsn("repair", folder, "--sandbox", "docker", "--image", image, "--json").json
    assert result["status"] == "repaired", result
    assert unharmed(canary)
    assert (loopback.heard, abstract.heard) == ([], [])
    for path in Path(result["folder"]).rglob("*"):
        assert path.is_symlink() or not path.is_file() or b"the secret of the user" not in path.read_bytes(), path
