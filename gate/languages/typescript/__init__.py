"""TypeScript, with JSX."""

from gate.languages.javascript.packages import NodePackages
from gate.languages.javascript.tables import TABLES
from gate.languages.syntax.analyzer import SyntaxAnalyzer

__all__ = ["TYPESCRIPT"]

TYPESCRIPT = SyntaxAnalyzer(
    "typescript", (".ts", ".mts", ".cts", ".tsx"), "gate.languages.typescript.reader", TABLES, NodePackages()
)
