"""Public names are listed, sorted, and there."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

PACKAGES = ("rfsn", "planners", "gate", "buildpacks", "sandbox")


def modules() -> list[str]:
    found = list(PACKAGES)
    for package in PACKAGES:
        path = importlib.import_module(package).__path__
        found += [module.name for module in pkgutil.walk_packages(path, f"{package}.")]
    return [name for name in found if not name.startswith("buildpacks.python.runner.")]


@pytest.mark.parametrize("name", modules())
def test_exports_are_sorted_and_exist(name: str) -> None:
    module = importlib.import_module(name)
    exported = list(getattr(module, "__all__", []))
    assert len(exported) == len(set(exported))
    assert all(hasattr(module, export) for export in exported)
    assert exported == sorted(exported, key=lambda export: (not export.isupper(), not export[:1].isupper(), export))
