"""The list of all edit operators of Python."""

from __future__ import annotations

from planners.search.python.operators import (
    attributes,
    calls,
    comparisons,
    conditions,
    constants,
    elements,
    everywhere,
    exceptions,
    expressions,
    guards,
    lambdas,
    names,
    operands,
    parameters,
    returns,
    statements,
    subscripts,
    wrapping,
)
from planners.search.python.operators.base import PythonOperator

__all__ = ["OPERATORS"]

OPERATORS: tuple[PythonOperator, ...] = (
    *comparisons.OPERATORS,
    *constants.OPERATORS,
    *names.OPERATORS,
    *attributes.OPERATORS,
    *calls.OPERATORS,
    *operands.OPERATORS,
    *conditions.OPERATORS,
    *subscripts.OPERATORS,
    *wrapping.OPERATORS,
    *elements.OPERATORS,
    *returns.OPERATORS,
    *guards.OPERATORS,
    *statements.OPERATORS,
    *lambdas.OPERATORS,
    *parameters.OPERATORS,
    *exceptions.OPERATORS,
    *everywhere.OPERATORS,
    *expressions.OPERATORS,
)
"""The order decides only between candidates of equal score."""
