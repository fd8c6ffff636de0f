"""Sums of floating-point numbers are rarely equal to the last digit: compare them with a tolerance."""

import ast
from collections.abc import Iterator

from planners.search.language import Replacement
from planners.search.python.operators.base import PythonOperator, Site
from planners.search.python.scope import Scope

TOLERANCE = "1e-9"


def close(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Numbers compared with a tolerance: `a == b` -> `abs(a - b) < 1e-9`."""
    node = site.node
    if len(node.ops) != 1 or not isinstance(node.ops[0], ast.Eq | ast.NotEq):
        return
    left, right = node.left, node.comparators[0]
    if any(isinstance(side, ast.Constant) and not isinstance(side.value, float) for side in (left, right)):
        return
    sign = "<" if isinstance(node.ops[0], ast.Eq) else ">="
    yield from site.put(f"abs({site.atom(left)} - {site.atom(right)}) {sign} {TOLERANCE}")


CLOSE_FLOATS = PythonOperator("close-floats", frequency=0.5, sites=2, options=1, nodes=(ast.Compare,), expand=close)
