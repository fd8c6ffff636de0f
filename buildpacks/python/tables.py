"""Untrusted files of declarations: read with bounds, with errors that name the file and the place."""

from __future__ import annotations

import configparser
import tomllib
from collections.abc import Callable, Mapping
from typing import Any

from buildpacks.api import BuildpackError, RepoView

__all__ = [
    "Malformed",
    "checked",
    "content_of",
    "kind_of",
    "parse_toml",
    "read_ini",
    "read_toml",
    "table_at",
    "tables_at",
    "text_of",
    "texts_of",
    "unreadable",
]

_MAX_BYTES = 4 << 20
_MAX_TOML_BYTES = 512 << 10
_MAX_DOTS = 4_000_000
"""The limit on the squared number of dots in a line, summed over all lines: parsing a key takes quadratic time."""

_MAX_REASON = 300
_MAX_INDENT = 300


def unreadable(path: str, why: object) -> BuildpackError:
    """The error for a file that is not what its name says."""
    reason = " ".join(str(why).split())
    return BuildpackError(f"{path} cannot be read: {reason[:_MAX_REASON]}: fix it or remove it")


class Malformed(ValueError):
    """A value in a file has the wrong type."""


def checked[Value](path: str, read: Callable[[Mapping[str, Any]], Value], content: Mapping[str, Any]) -> Value:
    """What `read` finds in a TOML file's content. Raises `BuildpackError`, naming `path`, if it meets a wrong type."""
    try:
        return read(content)
    except (Malformed, RecursionError) as error:
        raise unreadable(path, error) from error


def read_toml(view: RepoView, path: str) -> dict[str, Any]:
    """The content of a TOML file. Raises `BuildpackError` if it cannot be read."""
    return parse_toml(content_of(view, path, _MAX_TOML_BYTES), path)


def parse_toml(content: bytes, path: str) -> dict[str, Any]:
    """An untrusted TOML file. Raises `BuildpackError`, naming `path`, if it is malformed or would take too long."""
    if len(content) > _MAX_TOML_BYTES:
        raise unreadable(path, f"it has more than {_MAX_TOML_BYTES >> 10} KiB")
    if sum(line.count(b".") ** 2 for line in content.split(b"\n")) > _MAX_DOTS:
        raise unreadable(path, "its keys have too many parts")
    try:
        return tomllib.loads(content.decode())
    except RecursionError as error:
        raise unreadable(path, "it is nested too deeply") from error
    except ValueError as error:  # also a wrong encoding, and impossible dates and numbers
        raise unreadable(path, error) from error


def read_ini(view: RepoView, path: str) -> configparser.ConfigParser:
    """The content of an INI file. Raises `BuildpackError` if it cannot be read."""
    parser = configparser.ConfigParser(interpolation=None)
    try:
        lines = content_of(view, path).decode().split("\n")
        parser.read_string("\n".join(map(_squeezed, lines)))
    except (configparser.Error, UnicodeDecodeError) as error:
        raise unreadable(path, error) from error
    return parser


def _squeezed(line: str) -> str:
    """A line with single spaces after its indentation: the time to parse it grows with the square of their number."""
    return line[: len(line) - len(line.lstrip())][:_MAX_INDENT] + " ".join(line.split())


def content_of(view: RepoView, path: str, limit: int = _MAX_BYTES) -> bytes:
    """The content of a file with declarations. Raises `BuildpackError` if it is far too large for that."""
    content = view.read(path)
    if len(content) > limit:
        raise unreadable(path, f"it has {len(content)} bytes, more than any such file needs")
    return content


def table_at(content: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    """The table at the end of a path of names; empty if there is none."""
    table: Any = content
    for number, name in enumerate(names):
        table = table.get(name, {})
        if not isinstance(table, dict):
            raise Malformed(f"{'.'.join(names[: number + 1])} is {kind_of(table)}, not a table")
    return table  # type: ignore[no-any-return]  # a dict, as the loop checked


def tables_at(content: Mapping[str, Any], *names: str) -> Mapping[str, Mapping[str, Any]]:
    """The tables of a table, by their names."""
    return {name: table_at(content, *names, name) for name in table_at(content, *names)}


def texts_of(table: Mapping[str, Any], name: str, *, alone: bool = False) -> list[str]:
    """The texts of a list; empty if it is absent. With `alone`, a single text stands for a list of one."""
    value = table.get(name, [])
    if alone and isinstance(value, str):
        return [value]
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        raise Malformed(f"{name} is {kind_of(value)}, not a list of texts")
    return value


def text_of(table: Mapping[str, Any], name: str, where: str) -> str:
    """The text under a name of the table `where`; empty if it is absent."""
    value = table.get(name, "")
    if not isinstance(value, str):
        raise Malformed(f"{where}.{name} is {kind_of(value)}, not a text")
    return value


def kind_of(value: object) -> str:
    """The type of a value, in the words of TOML, for a message."""
    kinds = {dict: "a table", list: "a list", str: "a text", bool: "true or false", int: "a number", float: "a number"}
    if isinstance(value, list) and value and not all(isinstance(entry, str) for entry in value):
        return "a list of other things"
    return kinds.get(type(value), "a date or a time")
