"""C++, and headers, which C and C++ share."""

from gate.languages.c.places import HeaderPlaces
from gate.languages.c.tables import TABLES
from gate.languages.syntax.analyzer import SyntaxAnalyzer

__all__ = ["CPP"]

_SUFFIXES = (
    ".cc", ".cpp", ".cxx", ".c++", ".C", ".h", ".hh", ".hpp", ".hxx", ".h++", ".inl", ".ipp", ".tpp",
)  # fmt: skip
CPP = SyntaxAnalyzer("cpp", _SUFFIXES, "gate.languages.cpp.reader", TABLES, places=HeaderPlaces())
