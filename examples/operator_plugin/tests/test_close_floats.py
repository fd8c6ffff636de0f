import ast

from planners.search.python.operators.base import Site
from planners.search.python.scope import Scope
from planners.search.python.source import load
from rfsn_close_floats import CLOSE_FLOATS


def made(expression: str) -> list[str]:
    source = load("code.py", f"{expression}\n".encode())
    scope = Scope(source, source.tree, None)
    sites = [Site(source, node) for node in source.parents if isinstance(node, CLOSE_FLOATS.nodes)]
    edits = [replacement.edits[0] for site in sites for replacement in CLOSE_FLOATS.expand(site, scope)]
    texts = [source.text[: edit.start] + edit.text for edit in edits]
    assert all(ast.parse(text) for text in texts)
    return texts


def test_equality_gets_a_tolerance():
    assert made("sum(a) == sum(b)") == ["abs(sum(a) - sum(b)) < 1e-9"]
    assert made("a + b != 0.3") == ["abs((a + b) - 0.3) >= 1e-9"]


def test_other_comparisons_stay():
    assert made("a < b") == made("a == 'text'") == made("a == b == c") == []
