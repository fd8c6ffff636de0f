"""A git configuration as text: what it says, without any of it having an effect. Includes are not followed."""

from __future__ import annotations

import re

__all__ = ["parse_config"]

_SECTION = re.compile(r'\s*\[(?P<name>[-.\w]+)(?:\s+"(?P<inner>(?:[^"\\]|\\.)*)")?\]')
_KEY = re.compile(r"\s*(?P<key>[A-Za-z][-A-Za-z0-9]*)\s*(?P<given>=)?")
_ESCAPES = {"n": "\n", "t": "\t", "b": "\b"}


def parse_config(content: bytes) -> dict[str, list[str]]:
    """Every value by `section.key` or `section.inner.key`, names in lower case; invalid lines are left out."""
    text = content.decode("utf-8", "surrogateescape").removeprefix("\ufeff").replace("\r\n", "\n")
    lines = re.sub(r"(?<!\\)((?:\\\\)*)\\\n", r"\1", text).split("\n")
    values: dict[str, list[str]] = {}
    section = ""
    for line in lines:
        rest = line
        if header := _SECTION.match(rest):
            inner = header["inner"]
            section = header["name"].lower() + ("" if inner is None else "." + re.sub(r"\\(.)", r"\1", inner))
            rest = rest[header.end() :]
        if section and (setting := _KEY.match(rest)):
            value = _value(rest[setting.end() :]) if setting["given"] else "true"
            values.setdefault(f"{section}.{setting['key'].lower()}", []).append(value)
    return values


def _value(text: str) -> str:
    """A value without its quotes, escapes and comment."""
    made: list[str] = []
    quoted, kept, at = False, 0, 0
    text = text.strip()
    while at < len(text):
        character = text[at]
        if character == '"':
            quoted = not quoted
            kept = len(made)
        elif character in "#;" and not quoted:
            break
        else:
            if character == "\\" and at + 1 < len(text):
                at += 1
                character = _ESCAPES.get(text[at], text[at])
            made.append(character)
            if quoted or not character.isspace():
                kept = len(made)
        at += 1
    return "".join(made[:kept])
