"""The list of all edit operators of Python."""

from __future__ import annotations

from planners.search.python.operators import (
    attributes,
    branches,
    calls,
    comparisons,
    conditions,
    constants,
    copies,
    elements,
    everywhere,
    exceptions,
    expressions,
    guards,
    known_guards,
    lambdas,
    members,
    missing_returns,
    names,
    operands,
    parallels,
    parameters,
    returns,
    statements,
    subscripts,
    tables,
    twice,
    unread,
    updates,
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
    *missing_returns.OPERATORS,
    *guards.OPERATORS,
    *known_guards.OPERATORS,
    *branches.OPERATORS,
    *tables.OPERATORS,
    *members.OPERATORS,
    *updates.OPERATORS,
    *parallels.OPERATORS,
    *statements.OPERATORS,
    *lambdas.OPERATORS,
    *parameters.OPERATORS,
    *exceptions.OPERATORS,
    *everywhere.OPERATORS,
    *copies.OPERATORS,
    *twice.OPERATORS,
    *unread.OPERATORS,
    *expressions.OPERATORS,
)
"""The order decides only between candidates of equal score."""
