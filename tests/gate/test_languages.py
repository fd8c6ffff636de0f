"""A second, made-up language: the gate checks it, and says which rules it could not apply."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from gate import (
    ANALYZERS,
    Allowed,
    Analyzer,
    Change,
    Construct,
    Context,
    CreateFile,
    Denied,
    FileChange,
    Gate,
    Kind,
    LanguageRule,
    NotApplied,
    Patch,
    apply,
)
from gate.languages.api import Compared
from gate.languages.tables import DottedNames, Table
from gate.rules import CHANGE_RULES
from gate.rules.source import SourceRule


class Toy:
    """Each line of a `.toy` file is `use NAME`."""

    name = "toy"
    suffixes = (".toy",)
    tables: Mapping[str, Table] = {"tamper.exits": Table(DottedNames("process.stop"))}
    packages = None
    places = None

    def compare(self, file: FileChange) -> Compared | None:
        before, after = ((content or b"").decode().splitlines() for content in (file.before, file.after))
        if not all(line.startswith("use ") for line in after):
            return None
        return Compared(self.constructs(before), self.constructs(after), frozenset())

    def constructs(self, lines: list[str]) -> Counter[Construct]:
        return Counter(Construct(Kind.USE, line.removeprefix("use ")) for line in lines)

    def forget(self) -> None:
        pass


LANGUAGE_RULES = [rule.id for rule in CHANGE_RULES if isinstance(rule, LanguageRule)]
UNKNOWN_TO_TOY = tuple(
    id for id in LANGUAGE_RULES if id not in {"schema.parses", "tamper.exits", "tamper.inline-tests"}
)


@pytest.fixture
def context(shop: Any) -> Context:
    tree = {"src/main.toy": "use screen\nuse process.stop\n", "tests/test_main.toy": ""}
    base: Context = shop.context("src/vouched.rb", tree=tree)
    return replace(base, analyzers=(*ANALYZERS, Toy()))


def checked(context: Context, **files: str) -> Allowed | Denied:
    """The gate's decision on new files; `_toy` in a name stands for the suffix."""
    patch: Patch = tuple(CreateFile(f"src/{name.replace('_', '.')}", text.encode()) for name, text in files.items())
    return Gate().check(apply(patch, context.read), context)


def change_of(context: Context, files: Mapping[str, str | None]) -> Change:
    changes = {}
    for path, text in files.items():
        before = context.read(path) if path in context.base.files else None
        changes[path] = FileChange(before, text.encode() if text is not None else None)
    return Change(changes)


def test_an_existing_rule_denies_a_construct_of_a_second_language(context: Context) -> None:
    denied = checked(context, fresh_toy="use screen\nuse process.stop\n")
    assert isinstance(denied, Denied)
    assert (denied.rule, denied.reason) == ("tamper.exits", "src/fresh.toy newly uses process.stop")


def test_rules_that_could_not_be_applied_are_named(context: Context) -> None:
    assert checked(context, fresh_toy="use network.connect\n") == Allowed(
        (NotApplied(UNKNOWN_TO_TOY, ("src/fresh.toy",)),)
    )
    assert {"danger.network", "dependencies.declared", "tamper.shadow"} <= set(UNKNOWN_TO_TOY)


@pytest.mark.parametrize(
    ("files", "rules"),
    [
        ({"src/main.toy": "use process.stop\nuse screen\n"}, []),
        ({"src/main.toy": "use process.stop\nuse process.stop\n"}, ["tamper.exits"]),
        ({"src/main.toy": None, "src/moved.toy": "use process.stop\n"}, []),
        ({"src/main.toy": "stop\n"}, ["schema.parses"]),
        ({"src/main.toy": None, "src/shop/core.py": "import os\nos._exit(0)\n"}, ["tamper.exits"]),
        ({"src/new.toy": "use screen\n", "src/shop/core.py": "import os\nos._exit(0)\n"}, ["tamper.exits"]),
    ],
)
def test_languages_are_compared_separately(files: Mapping[str, str | None], rules: list[str], context: Context) -> None:
    assert [denied.rule for denied in Gate().denials(change_of(context, files), context)] == rules


def test_every_rule_reads_python(context: Context) -> None:
    assert checked(context, fresh_py="LIMIT = 1\n") == Allowed()


def test_every_language_rule_is_named_for_an_unknown_language(context: Context) -> None:
    answer = checked(context, main_rb="exit\n", fresh_py="LIMIT = 1\n", TOOL_PY="import os\n", data_toy="use x\n")
    assert answer == Allowed(
        (
            NotApplied(tuple(LANGUAGE_RULES), ("src/TOOL.PY", "src/main.rb")),
            NotApplied(UNKNOWN_TO_TOY, ("src/data.toy",)),
        )
    )


@pytest.mark.parametrize("name", ["data.json", "README.md", "notes.txt", "table.csv", "page.html", "LICENSE"])
def test_data_and_prose_are_not_source(name: str, context: Context) -> None:
    assert Gate().check(apply((CreateFile(f"src/{name}", b"x\n"),), context.read), context) == Allowed()


def test_only_new_content_that_rules_check_is_named(context: Context, shop: Any) -> None:
    context = replace(context, base=shop.context(tree={"src/old.rb": "", "src/same.rb": ""}).base)
    files = {
        "src/old.rb": FileChange(b"x", None),
        "src/same.rb": FileChange(b"x", b"x", "100755"),
        "src/vouched.rb": FileChange(None, b"x"),
        "tests/helper.rb": FileChange(None, b"x"),
    }
    protected = replace(context, protected=lambda path: path.startswith("tests/"))
    assert Gate().not_applied(Change(files), protected) == ()


def test_a_bounded_number_of_files_is_named(context: Context) -> None:
    files = {f"src/f{number:02}.rb": FileChange(None, b"x") for number in range(30)}
    (entry,) = Gate().not_applied(Change(files), context)
    assert (entry.files, entry.more) == (tuple(sorted(files)[:20]), 10)


class Lone:
    """A plugin's rule for some languages."""

    id = "example.lone"
    incremental = False

    def __init__(self, *languages: str, error: Exception | None = None) -> None:
        self.languages, self.error = languages, error

    def reads(self, analyzer: Analyzer) -> bool:
        if self.error:
            raise self.error
        return analyzer.name in self.languages

    def check(self, change: Change, context: Context) -> None:
        """Allow everything."""


@pytest.mark.parametrize(
    ("rule", "named"),
    [
        (Lone("python", "toy"), ()),
        (Lone("python"), ("example.lone",)),
        (Lone("python", "toy", error=RuntimeError("no")), ("example.lone",)),
    ],
)
def test_a_plugin_rule_says_what_it_reads(rule: Lone, named: tuple[str, ...], context: Context) -> None:
    change = change_of(context, {"src/new.toy": "use screen\n"})
    (entry,) = Gate(further=(rule,)).not_applied(change, context)
    assert entry.rules == (*UNKNOWN_TO_TOY, *named)


class Broken(Toy):
    def compare(self, file: FileChange) -> Compared | None:
        raise LookupError(file)


def test_an_analyzer_that_raises_denies(context: Context) -> None:
    denied = checked(replace(context, analyzers=(*ANALYZERS, Broken())), fresh_toy="use screen\n")
    assert isinstance(denied, Denied)
    assert "the rule failed: LookupError" in denied.reason


@pytest.mark.parametrize("analyzer", ANALYZERS, ids=lambda analyzer: analyzer.name)
def test_each_table_belongs_to_a_rule(analyzer: Analyzer) -> None:
    assert analyzer.tables.keys() <= {rule.id for rule in CHANGE_RULES if isinstance(rule, SourceRule)}
    assert all(suffix.startswith(".") for suffix in analyzer.suffixes)


def test_language_names_are_unique_and_python_has_every_table() -> None:
    assert len({analyzer.name for analyzer in ANALYZERS}) == len(ANALYZERS)
    python = next(analyzer for analyzer in ANALYZERS if analyzer.name == "python")
    assert all(rule.reads(python) for rule in CHANGE_RULES if isinstance(rule, LanguageRule))


PLACES = {"tamper.startup", "tamper.shadow"}
IMPORTS = {"dependencies.declared", "dependencies.typosquat"}
BASE = {"danger.capability"}
SILENT = {
    "page.mjs": PLACES | BASE,
    "page.tsx": PLACES | BASE,
    "main.go": PLACES | BASE,
    "lib.rs": PLACES | BASE | {"danger.dynamic-code"},
    "A.java": IMPORTS | BASE,
    "A.cs": PLACES | IMPORTS | BASE,
    "a.c": IMPORTS | BASE | {"danger.dynamic-code"},
    "a.hpp": IMPORTS | BASE | {"danger.dynamic-code"},
}


@pytest.mark.parametrize("name", SILENT)
def test_what_a_language_has_no_construct_for_is_named(name: str, context: Context) -> None:
    change = Change({f"src/{name}": FileChange(None, b"\n")})
    (entry,) = Gate().not_applied(change, context)
    assert set(entry.rules) == SILENT[name]


def test_grammars_are_imported_when_a_file_is_judged() -> None:
    code = "import sys, gate; gate.forget(); sys.exit(any(name.startswith('tree_sitter') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-P", "-c", code], check=False).returncode == 0
