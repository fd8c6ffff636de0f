"""Go."""

from gate.languages.go.packages import GoPackages
from gate.languages.go.tables import TABLES
from gate.languages.syntax.analyzer import SyntaxAnalyzer

__all__ = ["GO"]

GO = SyntaxAnalyzer("go", (".go",), "gate.languages.go.reader", TABLES, GoPackages())
