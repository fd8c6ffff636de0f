from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import sandbox
from sandbox import SandboxUnavailable, choose, probe


@pytest.mark.usefixtures("bubblewrap")
def test_auto_isolates() -> None:
    provider = choose("auto")
    assert provider.name == "bubblewrap"
    provider.close()


def test_auto_never_falls_back_to_local(monkeypatch: pytest.MonkeyPatch) -> None:
    probe.probe.cache_clear()
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(SandboxUnavailable):
        choose("auto")


def test_local_only_by_name() -> None:
    provider = choose("local")
    assert provider.name == "local"
    provider.close()


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(SandboxUnavailable, match=r"'magic'.*auto, bubblewrap, docker, local"):
        choose("magic")


def test_exported_names_are_sorted_and_exist() -> None:
    assert all(hasattr(sandbox, name) for name in sandbox.__all__)
    assert len(set(sandbox.__all__)) == len(sandbox.__all__)


def test_the_import_is_light() -> None:
    code = "import sandbox, sys; print(*{name.split('.')[0] for name in sys.modules} & {'pydantic', 'docker', 'rich'})"
    root = Path(sandbox.__file__).parent.parent
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, check=True)
    assert done.stdout.strip() == b""
