"""Rust, with the tests that stand in product files."""

from gate.languages.rust.packages import RustPackages
from gate.languages.rust.tables import TABLES
from gate.languages.syntax.analyzer import SyntaxAnalyzer

__all__ = ["RUST"]

RUST = SyntaxAnalyzer("rust", (".rs",), "gate.languages.rust.reader", TABLES, RustPackages())
