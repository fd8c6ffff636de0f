"""C."""

from gate.languages.c.places import HeaderPlaces
from gate.languages.c.tables import TABLES
from gate.languages.syntax.analyzer import SyntaxAnalyzer

__all__ = ["C"]

C = SyntaxAnalyzer("c", (".c",), "gate.languages.c.reader", TABLES, places=HeaderPlaces())
