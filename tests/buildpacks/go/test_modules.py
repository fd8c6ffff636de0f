"""What a Go project declares, and what is fetched of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from buildpacks import BuildpackError, PlanOptions
from buildpacks.go import GoBuildpack
from buildpacks.go.modules import neutral_files, read_workspace
from buildpacks.go.toolchains import find, version_of
from buildpacks.view import FolderView
from rfsn.source.snapshot import take_files

TREE = {
    "go.mod": """module example.com/top // the project

go 1.21

toolchain go1.99.0

require github.com/one/one v1.2.3
require (
\tgithub.com/two/two/v2 v2.0.0-20200101000000-abcdef123456 // indirect
\t"example.com/inner" v0.0.0
\tgithub.com/bad/bad latest; echo
)

replace example.com/inner => ./inner

replace github.com/one/one v1.2.3 => github.com/fork/one v1.2.4

replace github.com/two/two/v2 => ../outside

exclude github.com/three/three v1.0.0

retract v0.9.0
""",
    "go.sum": "github.com/one/one v1.2.3/go.mod h1:abc=\nnot a line of it\ngithub.com/one/one v1.2.3 h1:def=\n",
    "inner/go.mod": "module example.com/inner\nrequire github.com/four/four v4.0.0+incompatible\n",
    "top_test.go": "package top\n",
}


@pytest.fixture
def view(tmp_path: Path) -> Callable[[Mapping[str, str]], FolderView]:
    def make(files: Mapping[str, str]) -> FolderView:
        take_files(files, "a test", tmp_path / "base")
        return FolderView(tmp_path / "base")

    return make


def test_nothing_but_coordinates_gets_into_the_neutral_files(view: Callable[..., FolderView]) -> None:
    workspace = read_workspace(view(TREE), None)
    assert (workspace.release, workspace.mode) == ("1.21", "mod")
    assert workspace.left_out == ("github.com/two/two/v2",)
    (files,) = neutral_files(workspace.requirements)
    assert files["go.mod"].decode().splitlines() == [
        "module example.com/top",
        "go 1.21",
        "require github.com/one/one v1.2.3",
        "require github.com/four/four v4.0.0+incompatible",
        "replace github.com/one/one v1.2.3 => github.com/fork/one v1.2.4",
        "exclude github.com/three/three v1.0.0",
    ]
    assert files["go.sum"] == b"github.com/one/one v1.2.3/go.mod h1:abc=\ngithub.com/one/one v1.2.3 h1:def=\n"


def test_vendored_modules_are_not_fetched(view: Callable[..., FolderView]) -> None:
    workspace = read_workspace(view(TREE | {"vendor/modules.txt": "# github.com/one/one v1.2.3\n"}), None)
    assert (workspace.requirements, workspace.mode) == ((), "vendor")


def test_a_workspace_has_the_requirements_of_its_modules(view: Callable[..., FolderView]) -> None:
    files = {
        "go.work": "go 1.22.1\n\nuse (\n\t./a\n\tb // another\n)\n",
        "a/go.mod": "module example.com/a\nrequire (\n\texample.com/b v1.0.0\n\tgithub.com/one/one v1.0.0\n)\n",
        "b/go.mod": "module example.com/b\n\ngo 1.20\n",
        "b/go.sum": "github.com/one/one v1.0.0 h1:abc=\n",
        "c/go.mod": "module example.com/c\nrequire github.com/not/used v1.0.0\n",
        "a/a_test.go": "package a\n",
    }
    tree = view(files)
    workspace = read_workspace(tree, None)
    assert (workspace.release, workspace.mode) == ("1.22.1", "")
    (neutral,) = neutral_files(workspace.requirements)
    assert b"require github.com/one/one v1.0.0" in neutral["go.mod"]
    assert b"example.com/b" not in neutral["go.mod"]
    assert b"one v1.0.0 h1:abc=" in neutral["go.sum"]
    assert GoBuildpack().detect(tree).roots == ("",)
    plan = GoBuildpack().plan(tree, PlanOptions())
    assert (plan.test, "GOWORK" in plan.env) == (("go", "test", "./a/...", "./b/..."), False)


def test_each_module_with_tests_is_a_root(view: Callable[..., FolderView]) -> None:
    files = {
        f"{name}/go.mod": f"module example.com/{name}\n" for name in ("a", "a/tools", "b", "vendor/v", "x/testdata/y")
    }
    files |= {f"{name}/some_test.go": "package some\n" for name in ("a", "a/tools", "vendor/v", "x/testdata/y")}
    found = GoBuildpack().detect(view(files | {"b/b.go": "package b\n"}))
    assert (found.confidence, found.roots) == (0.9, ("a", "a/tools"))


@pytest.mark.parametrize(
    ("files", "confidence"),
    [
        ({"a.go": "package a\n", "go.mod": "module a\n"}, 0.6),
        ({"a_test.go": "package a\n"}, 0.3),
        ({"docs/main.go": "package main\n", "pyproject.toml": ""}, 0.0),
    ],
)
def test_less_is_less_sure(files: Mapping[str, str], confidence: float, view: Callable[..., FolderView]) -> None:
    assert GoBuildpack().detect(view(files)).confidence == confidence


@pytest.mark.parametrize(
    ("files", "options", "why"),
    [
        ({"a_test.go": "package a\n"}, PlanOptions(), "there is no go.mod"),
        ({"go.mod": "go 1.21\n"}, PlanOptions(), "go.mod names no module"),
        ({"go.mod": "module a\n\ngo 1.999\n"}, PlanOptions(), "no Go here is 1.999 or later"),
        ({"go.mod": "module a\n"}, PlanOptions(packages=("a b",)), "is not module@version"),
        ({"go.mod": "module a\n"}, PlanOptions(("make", "test")), "runs go test, not 'make test'"),
        ({"go.mod": "module a\n"}, PlanOptions(("go", "test", "-exec", "sudo")), "does not know the option -exec"),
    ],
)
def test_why_there_is_no_plan(
    files: Mapping[str, str], options: PlanOptions, why: str, view: Callable[..., FolderView]
) -> None:
    with pytest.raises(BuildpackError, match=why):
        GoBuildpack().plan(view(files), options)


def test_releases_of_go() -> None:
    assert version_of("go1.22.3\ntime 2026") == (1, 22, 3)
    assert version_of("1.23rc1") == (1, 23)
    assert version_of("devel") == ()
    assert find("1.999") is None
