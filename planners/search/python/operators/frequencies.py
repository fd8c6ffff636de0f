"""How often single-statement fixes of Python are of each kind, in percent.

TSSB-3M, 1.44 million fixes (Richter and Wehrheim, "TSSB-3M: Mining single statement bugs at massive scale", MSR 2022).
Operators that are a part of a kind take a fraction of its figure. STATEMENT and RARE are estimates: adding, moving and
deleting statements is outside of that study, and what it does not list is taken to be rare.
RAISE_EXPECTED is the estimated share of missing checks among the fixes of tests that expect an exception in vain; its
operator has no candidates for others.
"""

from __future__ import annotations

__all__ = [
    "ADD_ATTRIBUTE",
    "ADD_ELEMENT",
    "ADD_METHOD_CALL",
    "ARGUMENT_SWAP",
    "ATTRIBUTE",
    "BINARY_OPERAND",
    "BINARY_OPERATOR",
    "BOOLEAN",
    "FEWER_ARGUMENTS",
    "FUNCTION_NAME",
    "IDENTIFIER",
    "LOOSER_IF",
    "MORE_ARGUMENTS",
    "NUMERAL",
    "RAISE_EXPECTED",
    "RARE",
    "STATEMENT",
    "STRICTER_IF",
    "WRAP_IN_CALL",
]

IDENTIFIER = 16.4
BINARY_OPERAND = 12.1
MORE_ARGUMENTS = 10.4
FUNCTION_NAME = 9.3
WRAP_IN_CALL = 8.1
ATTRIBUTE = 7.2
NUMERAL = 6.7
STRICTER_IF = 4.7
ADD_METHOD_CALL = 4.2
ADD_ELEMENT = 4.0
FEWER_ARGUMENTS = 3.5
BOOLEAN = 2.6
ADD_ATTRIBUTE = 2.2
BINARY_OPERATOR = 2.0
LOOSER_IF = 1.5
ARGUMENT_SWAP = 0.6
STATEMENT = 2.0
RAISE_EXPECTED = 20.0
RARE = 0.5
