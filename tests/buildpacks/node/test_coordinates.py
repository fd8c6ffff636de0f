"""What of package.json and its lock may reach npm."""

from __future__ import annotations

import json
from typing import Any

import pytest

from buildpacks import BuildpackError
from buildpacks.node.coordinates import exact, neutral_project
from tests.buildpacks.test_requirements import Tree

HASH = "sha512-" + "A" * 86 + "=="
NO_COORDINATES = [
    "git+https://code.example/x.git",
    "git@code.example:x/y.git",
    "owner/name",
    "github:owner/name",
    "https://code.example/x.tgz",
    "file:../x",
    "link:../x",
    "./x",
    "/etc/x",
    "npm:x@git+https://code.example/x",
    "catalog:",
    "workspace:*",
    "1.0.0\n2",
    "latest;rm",
]


@pytest.mark.parametrize("spec", NO_COORDINATES)
def test_only_coordinates_of_a_registry_are_fetched(spec: str) -> None:
    manifest = {"dependencies": {"x": spec, "good": "^1.2.0 || >=3 <4"}, "scripts": {"postinstall": "curl"}}
    found = neutral_project(Tree({"package.json": json.dumps(manifest)}))
    assert found.files["package.json"]["dependencies"] == {"good": "^1.2.0 || >=3 <4"}
    assert found.left_out == [f"x ({spec.strip().partition(':')[0]})"]
    assert "scripts" not in found.files["package.json"]


@pytest.mark.parametrize("name", ["../x", "a/b", "-g", "@x", "x y", "http://x", ""])
def test_a_name_is_a_name(name: str) -> None:
    found = neutral_project(Tree({"package.json": json.dumps({"dependencies": {name: "1.0.0"}})}))
    assert found.requirements == ()
    with pytest.raises(BuildpackError, match="is not a package of a registry"):
        exact([name or "/"])


def test_a_lock_loses_its_addresses_and_what_comes_from_elsewhere() -> None:
    packages: dict[str, Any] = {
        "": {"name": "evil", "scripts": {"install": "curl"}, "dependencies": {"a": "^1"}},
        "node_modules/a": {
            "version": "1.2.3",
            "resolved": "https://code.example/a/-/a-1.2.3.tgz",
            "integrity": HASH,
            "dependencies": {"b": "^2", "c": "git+https://code.example/c"},
            "bin": {"a": "bin/a.js", "../b": "x", "b": "../../x"},
            "hasInstallScript": True,
            "funding": "x",
        },
        "node_modules/c": {"version": "1.0.0", "resolved": "git+ssh://git@code.example/c.git#1234"},
        "node_modules/d": {"version": "1.0.0", "resolved": "https://code.example/d.tgz", "integrity": HASH},
        "node_modules/../../etc": {"version": "1.0.0"},
        "node_modules/e": {"resolved": "../elsewhere", "link": True},
    }
    lock = {"lockfileVersion": 3, "packages": packages}
    tree = Tree({"package.json": '{"dependencies": {"a": "^1"}}', "package-lock.json": json.dumps(lock)})
    found = neutral_project(tree).files["package-lock.json"]["packages"]
    assert found["node_modules/a"] == {
        "version": "1.2.3",
        "integrity": HASH,
        "hasInstallScript": True,
        "dependencies": {"b": "^2"},
        "bin": {"a": "bin/a.js"},
    }
    assert sorted(found) == ["", "node_modules/a"]
    assert "code.example" not in json.dumps(found)
    assert "scripts" not in found[""]


def test_a_workspace_has_all_its_packages() -> None:
    files = {
        "package.json": '{"name": "all", "workspaces": ["packages/*"], "devDependencies": {"one": "^1.0.0"}}',
        "packages/one/package.json": '{"name": "one", "version": "1.0.0", "dependencies": {"left": "1.x"}}',
        "packages/two/package.json": '{"name": "two", "dependencies": {"one": "workspace:^"}}',
        "packages/two/inner/package.json": '{"name": "no-part-of-it"}',
        "docs/package.json": '{"name": "neither"}',
    }
    found = neutral_project(Tree(files))
    assert found.files["package.json"]["workspaces"] == ["packages/one", "packages/two"]
    assert found.files["packages/two/package.json"]["dependencies"] == {"one": "*"}
    assert sorted(found.files) == ["package.json", "packages/one/package.json", "packages/two/package.json"]
    assert found.left_out == []
