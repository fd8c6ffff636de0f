"""What a project declares is hostile: it is read, or it is the project's own error with the file's name."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buildpacks import BuildpackError
from buildpacks.python.requirements import Needs, read_needs
from rfsn.config import load_config
from rfsn.errors import UsageError

DEEP = 200_000


class Tree:
    """A tree of a few files, as a view."""

    def __init__(self, contents: Mapping[str, bytes]) -> None:
        self._contents = dict(contents)

    def files(self) -> list[str]:
        return sorted(self._contents)

    def exists(self, path: str) -> bool:
        return path in self._contents

    def read(self, path: str) -> bytes:
        return self._contents[path]


def read(path: str, content: str | bytes, **others: str) -> Needs:
    more = {name: text.encode() for name, text in others.items()}
    return read_needs(Tree({path: content.encode() if isinstance(content, str) else content, **more}))


WRONG: dict[str, tuple[str, str | bytes]] = {
    "project is a number": ("pyproject.toml", "project = 3"),
    "dependencies are a table": ("pyproject.toml", "project.dependencies = {}"),
    "dependencies are a text": ("pyproject.toml", "project.dependencies = 'pytest'"),
    "dependencies are numbers": ("pyproject.toml", "project.dependencies = [1, 2]"),
    "optional dependencies are a list": ("pyproject.toml", "project.optional-dependencies = []"),
    "an extra is a text": ("pyproject.toml", "project.optional-dependencies.test = 'x'"),
    "the name is a list": ("pyproject.toml", "project.name = ['x']"),
    "the versions of Python are a number": ("pyproject.toml", "project.requires-python = 3.9"),
    "the versions of Python are nonsense": ("pyproject.toml", "project.requires-python = 'three'"),
    "the build is a list": ("pyproject.toml", "build-system = []"),
    "the build asks for a text": ("pyproject.toml", "build-system.requires = 'x'"),
    "the build asks for an option": ("pyproject.toml", "build-system.requires = ['--index-url=http://localhost:1/']"),
    "the tools are a text": ("pyproject.toml", "tool = 'x'"),
    "a tool is a number": ("pyproject.toml", "tool.poetry = 1"),
    "dynamic is a list": ("pyproject.toml", "tool.setuptools.dynamic = []"),
    "a dynamic file is a number": ("pyproject.toml", "tool.setuptools.dynamic.dependencies.file = 7"),
    "a group is a text": ("pyproject.toml", "dependency-groups.test = 'x'"),
    "a group includes a number": ("pyproject.toml", "dependency-groups.test = [{include-group = 3}]"),
    "a group includes a list": ("pyproject.toml", "dependency-groups.test = [{include-group = ['a']}]"),
    "poetry has a number": ("pyproject.toml", "tool.poetry.dependencies.x = 3"),
    "poetry has nonsense": ("pyproject.toml", "tool.poetry.dependencies.x = '>>>'"),
    "poetry has dates": ("pyproject.toml", "tool.poetry.dependencies.x = 2020-01-01"),
    "poetry's markers are nonsense": ("pyproject.toml", "tool.poetry.dependencies.x = {version='1', markers='('}"),
    "poetry's Python is nonsense": ("pyproject.toml", "tool.poetry.dependencies.python = '<>'"),
    "hatch's environments are a list": ("pyproject.toml", "tool.hatch.envs = [1]"),
    "an environment is a number": ("pyproject.toml", "tool.hatch.envs.x = 1"),
    "pdm's groups are a text": ("pyproject.toml", "tool.pdm.dev-dependencies = 'x'"),
    "uv's are a table": ("pyproject.toml", "tool.uv.dev-dependencies = {}"),
    "no TOML": ("pyproject.toml", "= ="),
    "a NUL": ("pyproject.toml", "project.name = 'a\0'"),
    "a mark of UTF-8": ("pyproject.toml", codecs.BOM_UTF8 + b"project.name = 'x'"),
    "UTF-16": ("pyproject.toml", "project.name = 'x'".encode("utf-16")),
    "a month that there is not": ("pyproject.toml", "a = 2020-13-01"),
    "a number of a million digits": ("pyproject.toml", "a = " + "9" * 1_000_000),
    "nested lists": ("pyproject.toml", "a = " + "[" * DEEP),
    "nested tables": ("pyproject.toml", "a = " + "{a=" * DEEP),
    "nested keys": ("pyproject.toml", "project.dependencies" + ".a" * DEEP + " = 1"),
    "ten megabytes of brackets": ("pyproject.toml", "[" * 10_000_000),
    "setup.cfg without a section": ("setup.cfg", "a = 1"),
    "setup.cfg twice": ("setup.cfg", "[options]\na = 1\na = 2\n"),
    "setup.cfg of bytes": ("setup.cfg", b"[options]\ninstall_requires = \xff\n"),
    "setup.cfg for no Python": ("setup.cfg", "[options]\npython_requires = x.y\n"),
    "setup.cfg of spaces": ("setup.cfg", "[options]\na" + " " * 1_000_000 + "b\n"),
    "a header of a million parts": ("pyproject.toml", "[a" + ".a" * 200_000 + "]\n"),
    "tox.ini of brackets": ("tox.ini", "[" * 100_000),
    "Pipfile of numbers": ("Pipfile", "packages = 3"),
    "a package of a list": ("Pipfile", "packages.x = []"),
    "extras of numbers": ("Pipfile", "packages.x = {extras = [1]}"),
    "a version of a table": ("Pipfile", "packages.x.version = {}"),
    "a huge requirement file": ("requirements.txt", "a\n" * 3_000_000),
    "very many requirements": ("requirements.txt", "a\n" * 20_000),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_written_wrongly_is_an_error_that_names_the_file(name: str) -> None:
    path, content = WRONG[name]
    with pytest.raises(BuildpackError) as caught:
        read(path, content)
    assert str(caught.value).startswith(path)
    assert len(str(caught.value)) < 500
    assert "\n" not in str(caught.value)


ODD: dict[str, tuple[str, str | bytes, set[str]]] = {
    "groups in a circle": (
        "pyproject.toml",
        "[dependency-groups]\ntest = ['six', {include-group='b'}]\nb = ['attrs', {include-group='test'}]\n",
        {"six", "attrs"},
    ),
    "a bomb of groups": (
        "pyproject.toml",
        "[dependency-groups]\ntest = [{include-group='g0'}]\n"
        + "".join(f"g{n} = [{', '.join([f'{{include-group={chr(39)}g{n + 1}{chr(39)}}}'] * 50)}]\n" for n in range(30))
        + "g30 = ['six']\n",
        {"six"},
    ),
    "a bomb of lists": (
        "setup.py",
        "a0 = ['six']\n" + "".join(f"a{n + 1} = a{n} + a{n}\n" for n in range(60)) + "setup(install_requires=a60)\n",
        set(),
    ),
    "a setup.py of brackets": ("setup.py", "(" * DEEP, set()),
    "a setup.py of signs": ("setup.py", "x = " + "-" * DEEP + "1", set()),
    "a setup.py of attributes": ("setup.py", "a" + ".a" * 100_000 + "()", set()),
    "a setup.py of a sum": ("setup.py", "x = " + "+".join(["[1]"] * 20_000), set()),
    "a setup.py with a NUL": ("setup.py", "setup(install_requires=['six'])\0", set()),
    "markers of brackets": ("requirements.txt", "six\nattrs; " + "(" * DEEP + "\n", {"six"}),
    "a requirement file of UTF-16": ("requirements.txt", "six\n".encode("utf-16"), {"six"}),
    "a requirement file with a mark": ("requirements.txt", codecs.BOM_UTF8 + b"six\n", {"six"}),
    "a requirement file of bytes": ("requirements.txt", b"six\n\xff\xfeattrs\n\0\n", {"six"}),
    "a file that includes itself": ("requirements.txt", "-r requirements.txt\nsix\n", {"six"}),
    "a loose star": ("setup.cfg", "[options]\npython_requires = >=3.6.*\ninstall_requires = six\n", {"six"}),
    "a plain project": ("pyproject.toml", "[project]\nname = 'x'\ndependencies = ['six']\n", {"six"}),
}


@pytest.mark.parametrize("name", ODD)
def test_what_is_only_odd_is_read(name: str) -> None:
    path, content, wanted = ODD[name]
    assert set(read(path, content).requirements) == wanted


def test_files_that_include_one_another_without_end() -> None:
    chain = {f"r{n}.txt": f"-r r{n + 1}.txt\n".encode() for n in range(5_000)}
    with pytest.raises(BuildpackError, match="more than 100 requirement files"):
        read_needs(Tree({"requirements.txt": b"-r r0.txt\n", **chain}))


LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8), st.floats(allow_nan=False))
KEYS = st.sampled_from(
    ("project", "name", "dependencies", "optional-dependencies", "requires-python", "build-system", "requires", "tool",
     "poetry", "group", "dev-dependencies", "python", "version", "markers", "extras", "hatch", "envs", "pdm", "uv",
     "setuptools", "dynamic", "file", "dependency-groups", "test", "include-group", "packages", "x")
)  # fmt: skip
TABLES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=20
)


def toml(value: object) -> str:
    """A value as TOML spells it in a line; what TOML does not have is a text."""
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return repr(value) if abs(value) < 1e15 else "1"
        case dict():
            return "{" + ", ".join(f"{key} = {toml(one)}" for key, one in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(toml, value)) + "]"
    return '"' + "".join(f"\\U{ord(one):08x}" for one in str(value) if not 0xD800 <= ord(one) < 0xE000) + '"'


@given(st.dictionaries(KEYS, TABLES, max_size=5), st.sampled_from(("pyproject.toml", "Pipfile")))
@settings(max_examples=150, deadline=None)
def test_any_tables_are_read_or_refused(content: dict[str, Any], path: str) -> None:
    text = "".join(f"{key} = {toml(value)}\n" for key, value in content.items())
    try:
        read(path, text)
    except BuildpackError as error:
        assert str(error).startswith(path)  # noqa: PT017  # both ways are fine


@given(
    st.binary(max_size=200) | st.text(alphabet="[]=:\n \t;#-r.{}'\"()a1,>\\\0\ufeff", max_size=200).map(str.encode),
    st.sampled_from(("pyproject.toml", "setup.cfg", "tox.ini", "Pipfile", "setup.py", "requirements.txt")),
)
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_read_or_refused(content: bytes, path: str) -> None:
    try:
        read(path, content)
    except BuildpackError as error:
        assert str(error).startswith(path)  # noqa: PT017  # both ways are fine


def test_the_user_is_told_what_is_wrong(rfsn: Callable[..., Any], project: Callable[..., Path]) -> None:
    folder = project({"pyproject.toml": "[project]\nname = 'x'\ndependencies = {}\n", "test_x.py": "def test(): 0\n"})
    ran = rfsn("repair", folder, "--json")
    assert (ran.code, ran.json["status"]) == (2, "usage_error")
    assert "pyproject.toml cannot be read: dependencies is a table, not a list of texts" in ran.json["reason"]
    assert "defect" not in ran.json["reason"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--env", b"A=\xff"), r"--env: \xff is not UTF-8"),
        (("--env", "novalue"), "NAME=VALUE"),
        (("--test", "python 'x"), "No closing quotation"),
    ],
)
def test_options_that_no_program_could_be_given(
    options: tuple[str, ...], said: str, rfsn: Callable[..., Any], examples: Path
) -> None:
    ran = rfsn("repair", examples / "stock", *options)
    assert ran.code == 2
    assert said in ran.err


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("RFSN_TEST", "python 'x", "RFSN_TEST"),
        ("RFSN_TARGET", "a\udcff", r"RFSN_TARGET: a\xff is not UTF-8"),
        ("RFSN_SERVICES", "[[[", "RFSN_SERVICES"),
        ("RFSN_TIME_LIMIT", "nan", "RFSN_TIME_LIMIT"),
        ("RFSN_TIME_LIMIT", "inf", "RFSN_TIME_LIMIT"),
        ("RFSN_SEED", "9" * 5000, "RFSN_SEED"),
    ],
)
def test_variables_of_nonsense_are_named(name: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(UsageError) as caught:
        load_config({})
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["a = " + "[" * DEEP, "time_limit = nan", 'env = { A = "a\\u0000" }', "services = 3", "\ufefftime_limit = 3"],
)
def test_a_configuration_of_nonsense_is_named(text: str, tmp_path: Path) -> None:
    path = tmp_path / "rfsn.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=re.escape(f"{path}: ")):
        load_config({}, path)
