"""What the `danger` rules forbid in Python: code generated at run time, and ways out of the process."""

from __future__ import annotations

import re

from gate.languages.api import Construct, Forbidden, Kind, Tree
from gate.languages.python.capabilities import REACH
from gate.languages.tables import Table
from gate.languages.texts import DESCRIPTORS, is_opaque

__all__ = ["DANGERS"]


class _DynamicCode(Table):
    """The `__self__` of a built-in function leads to all built-ins."""

    def forbids(self, construct: Construct, path: str, modules: frozenset[str], tree: Tree) -> bool:
        if construct.kind is Kind.USE and construct.name.startswith("builtins.") and ".__self__" in construct.name:
            return True
        return super().forbids(construct, path, modules, tree)


class _Obfuscation(Table):
    """Computed names, except `__builtins__` and the like, which `tamper.interpreter` covers; opaque strings."""

    def forbids(self, construct: Construct, path: str, modules: frozenset[str], tree: Tree) -> bool:
        if construct.kind is Kind.COMPUTED:
            return not construct.name.startswith("through __")
        if construct.kind is Kind.TEXT:
            return is_opaque(construct.name)
        return super().forbids(construct, path, modules, tree)


DANGERS: dict[str, Forbidden] = {
    "danger.dynamic-code": _DynamicCode(
        uses=REACH["dynamic-code"],
        attributes=frozenset({
            "__builtins__", "__closure__", "__code__", "__globals__", "__import__", "__loader__", "__subclasses__",
            "__defaults__", "__kwdefaults__", "co_code", "cell_contents", "__reduce_ex__",
            "func_globals", "func_code", "load_module", "exec_module",
        }),
    ),
    "danger.obfuscation": _Obfuscation(uses=REACH["obfuscation"]),
    "danger.processes": Table(
        uses=REACH["processes"],
        harmless=re.compile(r"subprocess|subprocess\.(?:[A-Z]+|\w*Error|TimeoutExpired|CompletedProcess)"),
    ),
    "danger.network": Table(
        uses=REACH["network"],
        harmless=re.compile(
            r"socket|ssl|http\.client|requests|requests\.exceptions(?:\.\w+)?|http\.client\.(?:responses|\w+Exception)"
            r"|(?:_?socket|ssl)\.(?:[A-Z][A-Z0-9_]+|\w*[eE]rror|timeout|has_ipv6|gethostname|inet_\w+|[hn]to[hn][sl]"
            r"|(?:Address|Socket)(?:Family|Kind))(?:\.\w+)?"
        ),
    ),
    "danger.descriptors": Table(uses=REACH["descriptors"], texts=DESCRIPTORS),
    "danger.native-code": Table(uses=REACH["native-code"]),
}  # fmt: skip
"""By rule id."""
