"""The analyzer for JavaScript. That for TypeScript has the same tables and packages."""

from __future__ import annotations

from gate.languages.javascript.packages import NodePackages
from gate.languages.javascript.tables import TABLES
from gate.languages.syntax.analyzer import SyntaxAnalyzer

__all__ = ["JAVASCRIPT"]

JAVASCRIPT = SyntaxAnalyzer(
    "javascript", (".js", ".mjs", ".cjs", ".jsx"), "gate.languages.javascript.reader", TABLES, NodePackages()
)
