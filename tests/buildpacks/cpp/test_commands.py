"""What a tree of C and C++ is recognised by, and what becomes of test commands."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from buildpacks import BuildpackError
from buildpacks.cpp.commands import default_command, parse_command
from buildpacks.cpp.detection import detect, fetched
from buildpacks.cpp.results import case_id
from buildpacks.view import FolderView
from rfsn.project.parts import find_parts

type Tree = Callable[[dict[str, str]], FolderView]
TESTED = "enable_testing()\nadd_test(NAME a COMMAND a)\n"
COMPILING = "a: a.o\n\t$(CC) -o $@ $^\n"


@pytest.mark.parametrize(
    ("files", "confidence", "roots"),
    [
        ({"CMakeLists.txt": TESTED, "a.c": ""}, 0.9, ("",)),
        ({"CMakeLists.txt": "add_subdirectory(t)\n", "t/CMakeLists.txt": TESTED, "a.cpp": ""}, 0.9, ("",)),
        ({"native/CMakeLists.txt": TESTED, "native/a.c": "", "setup.py": ""}, 0.9, ("native",)),
        ({"Makefile": f"{COMPILING}.PHONY: test\ntest: a\n\t./a\n", "a.c": ""}, 0.9, ("",)),
        ({"Makefile": f"{COMPILING}check test:: a\n\t./a\n", "a.c": ""}, 0.9, ("",)),
        ({"Makefile": f"{COMPILING}test: a\n\t./a\n", "a.c": "", "setup.py": ""}, 0.4, ("",)),
        ({"Makefile": "test:\n\tpytest\n", "a.c": ""}, 0.3, ("",)),
        ({"Makefile": f"{COMPILING}testing: a\ntest := a\n", "a.c": ""}, 0.3, ("",)),
        ({"CMakeLists.txt": "# enable_testing()\n", "a.c": "", "conanfile.py": "import conan\n"}, 0.6, ("",)),
        ({"CMakeLists.txt": "# enable_testing()\n", "a.c": "", "setup.py": ""}, 0.3, ("",)),
        ({"meson.build": "# test('a', b)\n", "a.c": ""}, 0.6, ("",)),
        (
            {"meson.build": "subdir('t')\n", "t/meson.build": "foreach a : b\n  test(a, b)\nendforeach\n", "a.c": ""},
            0.9,
            ("",),
        ),
        ({"CMakeLists.txt": TESTED}, 0.0, ("",)),
        ({"vendor/x/CMakeLists.txt": TESTED, "vendor/x/a.c": ""}, 0.3, ("",)),
    ],
)
def test_detection(files: dict[str, str], confidence: float, roots: tuple[str, ...], tree: Tree) -> None:
    found = detect(tree(files))
    assert (found.confidence, found.roots) == (confidence, roots)


def test_what_is_run_without_a_command(tree: Tree) -> None:
    with pytest.raises(BuildpackError, match="say --test"):
        default_command(tree({"a.c": ""}))
    assert default_command(tree({"Makefile": f"{COMPILING}check: a\n"})) == ("make", "check")
    assert default_command(tree({"meson.build": "test('a', a)\n", "Makefile": ""})) == ("meson", "test")
    assert default_command(tree({"CMakeLists.txt": TESTED})) == ("ctest",)


def test_a_recipe_makes_no_project_of_python(tree: Tree) -> None:
    view = tree({"CMakeLists.txt": "project(a)\n", "a.cpp": "", "conanfile.py": "import conan\n"})
    assert [(part.root, part.pack.name) for part in find_parts(view)] == [("", "cpp")]
    with pytest.raises(BuildpackError, match=r"no CMakeLists.txt declares any \(enable_testing, add_test\)"):
        default_command(view)


def test_commands_of_meson(tree: Tree) -> None:
    view = tree({"meson.build": "test('a', a)\n"})
    found = parse_command(
        view, ("meson", "test", "-C", "build", "-v", "--suite", "quick", "thing:a", "--no-suite=slow")
    )
    assert (found.kind, found.choice) == ("meson", ("--suite=quick", "thing:a", "--no-suite=slow"))
    script = "meson setup build -Dfast=true && meson compile -C build && meson test -C build b"
    found = parse_command(view, ("sh", "-c", script))
    assert (found.kind, found.settings, found.choice) == ("meson", ("-Dfast=true",), ("b",))
    assert parse_command(view, ("ninja", "-C", "build", "test")).kind == "meson"
    with pytest.raises(BuildpackError, match="does not know the option --wrapper"):
        parse_command(view, ("meson", "test", "--wrapper", "valgrind"))


def test_commands_of_ctest(tree: Tree) -> None:
    view = tree({"CMakeLists.txt": TESTED})
    found = parse_command(view, ("ctest", "--test-dir", "build", "-V", "-j4", "-R", "unit.*", "--output-on-failure"))
    assert (found.kind, found.choice) == ("ctest", ("-R", "unit.*"))
    script = "cmake -S . -B build -DFAST=ON && cmake --build build; cd build && ctest -L quick"
    found = parse_command(view, ("sh", "-c", script))
    assert (found.kind, found.settings, found.choice) == ("ctest", ("-DFAST=ON",), ("-L", "quick"))
    assert parse_command(view, ("make", "test")).kind == "ctest"
    assert parse_command(view, ("cmake", "--build", "build", "--target", "test")).kind == "ctest"
    with pytest.raises(BuildpackError, match="does not know the option --shiny"):
        parse_command(view, ("ctest", "--shiny"))


def test_other_commands(tree: Tree) -> None:
    view = tree({"Makefile": COMPILING, "CMakeLists.txt": TESTED})
    found = parse_command(view, ("make", "-s", "CC=clang", "test"))
    assert (found.kind, found.argv, found.label) == ("command", ("make", "-s", "CC=clang", "test"), "make test")
    assert parse_command(view, ("sh", "-c", "g++ a.cpp && ./a.out")).label == "tests"
    with pytest.raises(BuildpackError, match="runs ctest, meson test, make, a shell or a"):
        parse_command(view, ("pytest", "-q"))


def test_what_would_be_downloaded_is_found(tree: Tree) -> None:
    text = 'FetchContent_Declare(json URL x)\n# FetchContent_Declare(no)\nCPMAddPackage("gh:a/b@1")\n'
    assert fetched(tree({"CMakeLists.txt": text, "conanfile.txt": ""})) == ("json", "gh:a/b@1", "conanfile.txt")
    wraps = {"subprojects/a.wrap": "", "subprojects/b.wrap": "", "subprojects/b/meson.build": ""}
    assert "a" in fetched(tree(wraps))
    assert "b" not in fetched(tree(wraps))


@pytest.mark.parametrize(
    ("id", "name", "inner"),
    [
        ("unit", "unit", ""),
        ("unit::Suite.Case/0", "unit", "::Suite.Case/0"),
        ("make test::build/a one", "make test", "::build/a one"),
    ],
)
def test_ids_have_parts(id: str, name: str, inner: str) -> None:
    found = case_id(id)
    assert (found.scope, found.name, found.parameters) == ((), name, inner)
