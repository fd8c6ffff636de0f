"""Checks changes of small trees against every rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pathspec
import pytest

from buildpacks.python import PythonBuildpack
from gate import BasePaths, Change, Context, FileChange, FileMode, Gate

TREE = {
    "pyproject.toml": '[project]\nname = "shop"\ndependencies = ["attrs", "python-dateutil", "requests>=2"]\n',
    "src/shop/__init__.py": "",
    "src/shop/core.py": (
        "import json\nimport re\n\nLIMIT = 10\n\n\ndef total(items, tax):\n"
        "    amount = sum(items)\n    return amount + tax\n\n\n"
        "class Basket:\n    def __init__(self, items):\n        self.items = items\n\n"
        "    def __eq__(self, other):\n        return self.items == other.items\n"
    ),
    "src/shop/tool.py": (
        "import subprocess\nimport sys\n\n\ndef main():\n    if not subprocess.run(['true']):\n        sys.exit(1)\n"
    ),
    "tests/test_core.py": (
        "import yaml\nfrom shop.core import total\n\n\ndef test_total():\n"
        "    assert total([17.25, 4011], 'reduced rate') == 4028.25\n"
    ),
}


class Shop:
    """A small project; `rules` returns the ids of the rules that deny a change of it."""

    tree: Mapping[str, str] = TREE

    def context(self, *lifted: str, tree: Mapping[str, str] | None = None) -> Context:
        files = {path: text.encode() for path, text in {**self.tree, **(tree or {})}.items()}

        class View:
            def files(self) -> list[str]:
                return sorted(files)

            def exists(self, path: str) -> bool:
                return path in files

            def read(self, path: str) -> bytes:
                if path not in files:
                    raise FileNotFoundError(path)
                return files[path]

        spec = pathspec.GitIgnoreSpec.from_lines(PythonBuildpack().protected(View()))
        return Context(
            BasePaths(files, executables=["src/shop/tool.py"]), View().read, spec.match_file, lifted.__contains__
        )

    def rules(
        self,
        changes: Mapping[str, str | bytes | None],
        *lifted: str,
        tree: Mapping[str, str] | None = None,
        mode: FileMode | None = None,
    ) -> set[str]:
        context = self.context(*lifted, tree=tree)
        files = {}
        for path, after in changes.items():
            before = context.read(path) if path in context.base.files else None
            files[path] = FileChange(before, after.encode() if isinstance(after, str) else after, mode)
        return {denied.rule for denied in Gate().denials(Change(files), context)}

    def core(self, *, top: str = "", inside: str = "", end: str = "") -> str:
        """The main module with lines added at the top, in the function `total`, and at the end."""
        text = TREE["src/shop/core.py"].replace("import re\n", f"import re\n{top}", 1)
        added = "".join(f"    {line}\n" for line in inside.splitlines())
        return text.replace("    amount = sum(items)\n", f"{added}    amount = sum(items)\n", 1) + end


@pytest.fixture(scope="session")
def shop() -> Shop:
    return Shop()


type Check = Callable[..., set[str]]


@pytest.fixture(scope="session")
def inside(shop: Shop) -> Check:
    """The ids of the rules that deny new code: imports at the top, lines in a function, lines at the end."""

    def check(inside: str = "", *, top: str = "", end: str = "") -> set[str]:
        return shop.rules({"src/shop/core.py": shop.core(top=top, inside=inside, end=end)})

    return check
