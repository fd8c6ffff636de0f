"""How C and C++ are read: the node types of their grammars, the preprocessor, and functions that need no import."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import ClassVar

from tree_sitter import Node

from gate.languages.api import Kind
from gate.languages.syntax.compare import Dialect
from gate.languages.syntax.parsing import Grammar, text_of
from gate.languages.syntax.shapes import Shape
from gate.languages.syntax.walk import Visit, Walk

__all__ = ["DECLARED", "DIALECT", "SHAPE", "CWalk"]

SHAPE = Shape(
    names=frozenset({"identifier"}),
    members={"field_expression": ("argument", "field"), "qualified_identifier": ("scope", "name")},
    indexes={"subscript_expression": ("argument", "index")},
    calls={"call_expression": ("function", "arguments"), "new_expression": ("type", "arguments")},
    strings=frozenset({"string_literal", "concatenated_string", "raw_string_literal"}),
    numbers=frozenset({"number_literal"}),
    constants=frozenset({"true", "false", "null", "nullptr", "char_literal"}),
    containers=frozenset({
        "initializer_list", "compound_literal_expression", "unary_expression", "pointer_expression", "cast_expression",
    }),
    wrappers=frozenset({"parenthesized_expression", "condition_clause"}),
    functions={"function_definition": "declarator", "lambda_expression": ""},
    assignments={"assignment_expression": ("left", "right"), "init_declarator": ("declarator", "value")},
    declares={
        "init_declarator": "declarator", "declaration": "declarator", "function_declarator": "declarator",
        "parameter_declaration": "declarator", "optional_parameter_declaration": "declarator",
        "pointer_declarator": "declarator", "array_declarator": "declarator", "reference_declarator": "*",
        "parenthesized_declarator": "*", "preproc_def": "name", "preproc_function_def": "name", "preproc_params": "*",
        "enumerator": "name", "for_range_loop": "declarator", "field_declaration": "declarator",
        "namespace_definition": "name",
    },
    branches=frozenset({"if_statement", "conditional_expression"}),
    cases={"case_statement": "value"},
    blocks=frozenset({"compound_statement", "expression_statement", "else_clause"}),
    returns=frozenset({"return_statement"}),
    stores=frozenset({"declaration"}),
    imports=frozenset({"preproc_include", "using_declaration"}),
    raw=frozenset({"ERROR", "preproc_arg"}),
    nothing=frozenset({"break_statement"}),
    regions=frozenset({
        "preproc_ifdef", "preproc_if", "preproc_else", "preproc_elif", "linkage_specification", "declaration_list",
        "namespace_definition", "class_specifier", "struct_specifier", "field_declaration_list", "template_declaration",
    }),
)  # fmt: skip

DECLARED = """
[(function_definition declarator: (function_declarator declarator: (identifier) @n))
 (init_declarator declarator: (identifier) @n) (declaration declarator: (identifier) @n)
 (parameter_declaration declarator: (identifier) @n) (pointer_declarator declarator: (identifier) @n)
 (function_declarator declarator: (field_identifier) @n)]
"""
_TEMPLATE = re.compile(r"<[^<>]*>|\s")


_READ = re.compile(r"\.(?:[ch]|[ch]h|[ch]pp|[ch]xx|[ch]\+\+|cc|inl|ipp|tpp)$", re.IGNORECASE)
"""The names of files that are read as C or C++."""


class CWalk(Walk):
    """A name is a function of a library unless the file declares it; `std::x` is `x`."""

    shape = SHAPE
    soft_exits = frozenset({"exit"})
    comparisons: ClassVar = {
        **dict.fromkeys(("operator==", "equals", "operator<=", "operator>="), True),
        **dict.fromkeys(("operator!=", "operator<", "operator>"), False),
    }

    @classmethod
    def modules_of(cls, node: Node) -> Iterator[str]:
        path = node.child_by_field_name("path")
        if path is not None:
            yield text_of(path).strip('<>"')

    @classmethod
    def bindings_of(cls, node: Node) -> Iterator[tuple[str, str]]:
        if node.type == "using_declaration" and node.named_children:
            target = _dotted(text_of(node.named_children[-1]))
            yield target.rpartition(".")[2], target

    def resolve(self, node: Node, depth: int = 0) -> frozenset[str]:
        if node.type != "qualified_identifier":
            return super().resolve(node, depth)
        return frozenset({_dotted(text_of(node))})

    def member_name(self, base: str, name: str) -> str:
        return name if base == "std" else f"{base}.{name}"

    def function_name(self, node: Node) -> str:
        inner = node.child_by_field_name("declarator")
        while inner is not None and (inner.child_by_field_name("declarator") or inner.type == "reference_declarator"):
            inner = inner.child_by_field_name("declarator") or inner.named_children[-1]
        while inner is not None and inner.type == "qualified_identifier" and inner.child_by_field_name("name"):
            inner = inner.child_by_field_name("name")
        return "".join(text_of(inner).split()) if inner is not None else ""

    def _include(self, node: Node, main: bool) -> None:
        self._import(node, main)
        path = node.child_by_field_name("path")
        text = text_of(path).strip('"<>') if path is not None else ""
        if "." in text.rpartition("/")[2] and not _READ.search(text):
            self.add(Kind.COMPUTED, f"code from the file {text}")

    def _define(self, node: Node, main: bool) -> None:
        name = node.child_by_field_name("name")
        self.add(Kind.DEFINE, f"#{text_of(name)}" if name is not None else "#")
        self.push(node, main, name)

    def _directive(self, node: Node, main: bool) -> None:
        directive, argument = node.child_by_field_name("directive"), node.child_by_field_name("argument")
        text = text_of(argument).strip() if argument is not None else ""
        if directive is not None and text_of(directive).endswith("undef"):
            self.add(Kind.DEFINE, f"#{text}")
        elif directive is not None and text_of(directive).endswith("pragma"):
            self.add(Kind.USE, f"#pragma {text}")
        else:
            self.push(node, main)

    def _condition(self, node: Node, main: bool) -> None:
        test = node.child_by_field_name("name") or node.child_by_field_name("condition")
        for word in re.findall(r"[A-Za-z_]\w*", text_of(test)) if test is not None else ():
            self.add(Kind.USE, f"#if {word}")
        self.push(node, main, test)

    def _attribute(self, node: Node, main: bool) -> None:
        del main
        for word in re.findall(r"[A-Za-z_]\w*", text_of(node)):
            self.add(Kind.USE, f"__attribute__.{word}")

    def _assembly(self, node: Node, main: bool) -> None:
        del main
        self.add(Kind.USE, "asm")
        self.words(text_of(node), main=False)

    own_visits: ClassVar[Mapping[str, Visit]] = {
        "preproc_include": _include,
        "preproc_def": _define,
        "preproc_function_def": _define,
        "preproc_call": _directive,
        "preproc_ifdef": _condition,
        "preproc_if": _condition,
        "preproc_elif": _condition,
        "preproc_elifdef": _condition,
        "attribute_specifier": _attribute,
        "attribute_declaration": _attribute,
        "gnu_asm_expression": _assembly,
    }


def _dotted(text: str) -> str:
    """The dotted name of a qualified one, without the arguments of templates and without `std`."""
    while (plain := _TEMPLATE.sub("", text)) != text:
        text = plain
    return plain.replace("::", ".").removeprefix(".").removeprefix("std.")


DIALECT = Dialect(
    grammars=(Grammar("tree_sitter_c"),),
    walk=CWalk,
    imports="(preproc_include) @import",
    declared=DECLARED,
    macros=True,
    used="(call_expression function: (identifier) @n)",
)
