"""Java."""

from gate.languages.java.places import JavaPlaces
from gate.languages.java.tables import TABLES
from gate.languages.syntax.analyzer import SyntaxAnalyzer

__all__ = ["JAVA"]

JAVA = SyntaxAnalyzer("java", (".java",), "gate.languages.java.reader", TABLES, places=JavaPlaces())
