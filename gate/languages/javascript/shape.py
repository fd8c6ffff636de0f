"""The node types of the grammars of JavaScript and TypeScript, and queries for what a file imports and declares."""

from __future__ import annotations

from gate.languages.syntax.shapes import Shape

__all__ = ["DECLARED", "IMPORTS", "PARAMETERS", "SHAPE"]

SHAPE = Shape(
    names=frozenset({"identifier", "shorthand_property_identifier"}),
    members={"member_expression": ("object", "property")},
    indexes={"subscript_expression": ("object", "index")},
    calls={"call_expression": ("function", "arguments"), "new_expression": ("constructor", "arguments")},
    strings=frozenset({"string", "template_string"}),
    numbers=frozenset({"number"}),
    constants=frozenset({"true", "false", "null", "undefined"}),
    containers=frozenset({"array", "object", "pair", "unary_expression", "computed_property_name"}),
    wrappers=frozenset({
        "parenthesized_expression", "await_expression", "as_expression", "satisfies_expression", "non_null_expression",
    }),
    functions={
        "function_declaration": "name", "function_expression": "name", "method_definition": "name",
        "generator_function_declaration": "name", "generator_function": "name", "arrow_function": "",
    },
    assignments={
        "assignment_expression": ("left", "right"), "augmented_assignment_expression": ("left", "right"),
        "variable_declarator": ("name", "value"),
    },
    declares={
        "variable_declarator": "name", "formal_parameters": "*", "object_pattern": "*", "array_pattern": "*",
        "rest_pattern": "*", "assignment_pattern": "left", "function_declaration": "name", "class_declaration": "name",
        "function_expression": "name", "arrow_function": "parameter", "catch_clause": "parameter",
        "for_in_statement": "left", "required_parameter": "pattern", "optional_parameter": "pattern",
        "pair_pattern": "value", "generator_function_declaration": "name",
    },
    branches=frozenset({"if_statement", "ternary_expression"}),
    cases={"switch_case": "value"},
    blocks=frozenset({"statement_block", "else_clause", "expression_statement"}),
    returns=frozenset({"return_statement", "yield_expression"}),
    stores=frozenset({"lexical_declaration", "variable_declaration"}),
    nothing=frozenset({"break_statement", "empty_statement"}),
    imports=frozenset({"import_statement"}),
    regions=frozenset({
        "export_statement", "class_declaration", "abstract_class_declaration", "class_body", "internal_module",
        "module",
        "statement_block",
    }),
)  # fmt: skip

IMPORTS = "[(import_statement) (variable_declarator value: (_))] @import"
DECLARED = """
[(variable_declarator name: (identifier) @n) (function_declaration name: (identifier) @n)
 (class_declaration name: (_) @n) (arrow_function parameter: (identifier) @n) (catch_clause parameter: (identifier) @n)
 (for_in_statement left: (identifier) @n) (shorthand_property_identifier_pattern) @n
 (pair_pattern value: (identifier) @n) (array_pattern (identifier) @n)]
"""
PARAMETERS = "(formal_parameters (identifier) @n) (assignment_pattern left: (identifier) @n)"
