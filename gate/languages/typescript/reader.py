"""How TypeScript is read: as JavaScript, with grammars of its own."""

from __future__ import annotations

from gate.languages.javascript.modules import KNOWN_GLOBALS
from gate.languages.javascript.reader import JavaScriptWalk
from gate.languages.javascript.shape import DECLARED, IMPORTS
from gate.languages.syntax.compare import Dialect
from gate.languages.syntax.parsing import Grammar

__all__ = ["DIALECT"]

_TYPESCRIPT = Grammar("tree_sitter_typescript", "language_typescript")
_TSX = Grammar("tree_sitter_typescript", "language_tsx")
_PARAMETERS = "(required_parameter pattern: (identifier) @n) (optional_parameter pattern: (identifier) @n)"

DIALECT = Dialect(
    grammars=(_TYPESCRIPT, _TSX),
    walk=JavaScriptWalk,
    imports=IMPORTS,
    declared=DECLARED + _PARAMETERS,
    usual=KNOWN_GLOBALS,
    closed=True,
)
