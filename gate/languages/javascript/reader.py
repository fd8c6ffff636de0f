"""How JavaScript is read: the node types of its grammar, modules, the global object, computed members."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from tree_sitter import Node

from gate.languages.api import Kind
from gate.languages.mains import is_main
from gate.languages.syntax.compare import Dialect
from gate.languages.syntax.folding import fold_text
from gate.languages.syntax.parsing import Grammar, text_of
from gate.languages.syntax.shapes import Shape
from gate.languages.syntax.truths import always
from gate.languages.syntax.walk import Visit, Walk

__all__ = ["DECLARED", "DIALECT", "IMPORTS", "SHAPE", "JavaScriptWalk"]

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
_PARAMETERS = "(formal_parameters (identifier) @n) (assignment_pattern left: (identifier) @n)"

_GLOBAL = frozenset({"globalThis", "global", "window", "self"})
_SENSITIVE = frozenset({
    "process", "globalThis", "global", "child_process", "vm", "worker_threads", "cluster", "module", "require",
    "Module",
})  # fmt: skip
_TESTS = ("test", "spec", "jest", "mocha", "vitest", "ava", "jasmine")
_GLOBALS_OF_TESTS = frozenset({"it", "test", "describe", "expect", "jest", "vi", "suite", "before", "beforeEach"})
_READERS = frozenset({"Reflect.get", "Object.getOwnPropertyDescriptor", "Reflect.getOwnPropertyDescriptor"})
_WRITERS = frozenset({"Reflect.set", "Object.defineProperty", "Reflect.defineProperty"})
_WHOLE_WRITERS = frozenset(
    {
        "Object.assign",
        "Object.defineProperties",
        "Object.setPrototypeOf",
        "Reflect.setPrototypeOf",
    }
)


class JavaScriptWalk(Walk):
    """Modules are known by `import`, `require` and dynamic import; `globalThis.x` is `x`."""

    shape = SHAPE
    soft_exits = frozenset({"process.exit", "process.exitCode"})
    comparisons: ClassVar = {
        **dict.fromkeys(("equals", "isEqual", "equal", "eq", "asymmetricMatch", "deepEqual", "isEqualTo"), True),
        **dict.fromkeys(("notEquals", "notEqual"), False),
        "compareTo": frozenset({"0"}),
    }

    @classmethod
    def modules_of(cls, node: Node) -> Iterator[str]:
        source = node.child_by_field_name("source")
        text = fold_text(source, cls.shape) if source is not None else None
        if text is not None and not text.startswith((".", "/", "#")):
            yield _module(text)

    @classmethod
    def bindings_of(cls, node: Node) -> Iterator[tuple[str, str]]:
        if node.type == "variable_declarator":
            yield from _declared(node)
            return
        source = node.child_by_field_name("source")
        if source is None:
            return
        text = fold_text(source, cls.shape) or ""
        module = "." if text.startswith((".", "/", "#")) else _module(text)
        for clause in node.named_children:
            for part in clause.named_children if clause.type == "import_clause" else ():
                if part.type == "identifier":
                    yield text_of(part), module
                elif part.type == "namespace_import":
                    yield text_of(part.named_children[-1]), module
                for specifier in part.named_children if part.type == "named_imports" else ():
                    name = specifier.child_by_field_name("name")
                    alias = specifier.child_by_field_name("alias") or name
                    if name is not None and alias is not None:
                        imported = text_of(name).strip("'\"")
                        yield text_of(alias), module if imported == "default" else f"{module}.{imported}"

    def member_name(self, base: str, name: str) -> str:
        if base in _GLOBAL or name == "default":
            return name if base in _GLOBAL else base
        return f"{base}.{name}"

    def resolve_call(self, node: Node, depth: int) -> frozenset[str]:
        function = node.child_by_field_name("function")
        if function is not None and (function.type == "import" or self.resolve(function, depth + 1) & _REQUIRES):
            text = self._first_text(node)
            known = text is not None and not text.startswith((".", "/", "#"))
            return frozenset({_module(text)} if known and text is not None else ())
        if node.type == "new_expression":
            constructor = node.child_by_field_name("constructor")
            return self.resolve(constructor, depth + 1) if constructor is not None else frozenset()
        targets = super().resolve_call(node, depth)
        if targets & _READERS and (given := self._given(node)) and len(given) > 1:
            text = fold_text(given[1], SHAPE)
            return frozenset(self.member_name(base, text) for base in self.resolve(given[0], depth + 1) if text)
        return targets

    def read_name(self, target: str, node: Node) -> None:
        """A module that is passed around can be used unseen; to rename it, or to look whether it is there, is fine."""
        parent = node.parent
        if target not in _SENSITIVE or parent is None:
            return
        if parent.type in {"variable_declarator", "binary_expression", "import_specifier", "namespace_import"}:
            return
        if parent.type == "unary_expression" or parent.type in SHAPE.members:
            return
        self.add(Kind.COMPUTED, f"with the module {target} as a value")

    def computed_member(self, base: str) -> None:
        if base.partition(".")[0] in _SENSITIVE and base.count(".") == 0:
            self.add(Kind.COMPUTED, f"the name of an attribute of {base}")

    def called(self, node: Node, targets: frozenset[str], given: Sequence[Node], main: bool) -> bool:
        del targets, main
        function = node.child_by_field_name("function") or node.child_by_field_name("constructor")
        if function is None:
            return False
        functions = self.resolve(function)
        if function.type == "import" or functions & _REQUIRES:
            return self._required(given)
        if functions & (_READERS | _WRITERS) and len(given) > 1:
            self._by_name(functions, given)
        if functions & _WHOLE_WRITERS and given:
            for base in self.resolve(given[0]):
                self.add(Kind.STORE, f"{base}.*")
        name = text_of(function.child_by_field_name("property") or function)
        if name == "constructor":
            self.add(Kind.USE, "Function")
        if functions & {"setTimeout", "setInterval", "setImmediate"} and given and given[0].type in SHAPE.strings:
            self.add(Kind.USE, "eval")
        if name in {"includes", "match", "search", "split", "indexOf", "test"} and _asks_the_stack(function, given):
            self.add(Kind.USE, "Error.stack")
        return False

    def _required(self, given: Sequence[Node]) -> bool:
        text = fold_text(given[0], SHAPE) if given else None
        if text is None:
            self.add(Kind.COMPUTED, "the name of a module to import")
            return False
        if given[0].type not in SHAPE.strings:
            self.add(Kind.COMPUTED, f"the name {text} from pieces")
        if not text.startswith((".", "/", "#")):
            self.add(Kind.IMPORT, _module(text))
        return True

    def _by_name(self, functions: frozenset[str], given: Sequence[Node]) -> None:
        """`Reflect.get` and the like: a member whose name is a string."""
        text = fold_text(given[1], SHAPE)
        for base in self.resolve(given[0]):
            if text is None:
                self.computed_member(base)
            else:
                self.add(Kind.STORE if functions & _WRITERS else Kind.USE, self.member_name(base, text))

    def _given(self, node: Node) -> list[Node]:
        arguments = node.child_by_field_name("arguments")
        return arguments.named_children if arguments is not None else []

    def _first_text(self, node: Node) -> str | None:
        given = self._given(node)
        return fold_text(given[0], SHAPE) if given else None

    def is_guard(self, node: Node) -> bool:
        test = node.child_by_field_name("condition")
        return test is not None and "require.main" in text_of(test)

    # Visits of its own

    def _declarator(self, node: Node, main: bool) -> None:
        """Destructuring reads members; a function that is stored has the name of the variable."""
        name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        if name is not None and value is not None and name.type == "object_pattern":
            for base in self.resolve(value):
                for key, _ in _taken(name):
                    self.use(self.member_name(base, key), main)
        if value is not None and name is not None and value.type in SHAPE.functions:
            self._valued(node, name, value, main)
        else:
            self.push(node, main)

    def _pair(self, node: Node, main: bool) -> None:
        key = (
            node.child_by_field_name("key")
            or node.child_by_field_name("property")
            or node.child_by_field_name(
                "left",
            )
        )
        value = node.child_by_field_name("value") or node.child_by_field_name("right")
        if key is not None and value is not None and value.type in SHAPE.functions:
            self._valued(node, key, value, main)
        else:
            self.push(node, main)

    def _assigned(self, node: Node, main: bool) -> None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is not None and right is not None and right.type in SHAPE.functions:
            self._valued(node, left.child_by_field_name("property") or left, right, main)
            for target in self.resolve(left) if left.type in SHAPE.members or left.type in SHAPE.indexes else ():
                self.add(Kind.STORE, target)
            return
        self._assign(node, main)

    def _valued(self, node: Node, key: Node, function: Node, main: bool) -> None:
        name = text_of(key)
        wanted, body = self.comparisons.get(name), function.child_by_field_name("body")
        if wanted is not None and body is not None and always(body, wanted, SHAPE):
            self.add(Kind.ALWAYS, name)
        self.push(node, main or is_main(name))

    def _unary(self, node: Node, main: bool) -> None:
        operator, argument = node.child_by_field_name("operator"), node.child_by_field_name("argument")
        if operator is not None and argument is not None:
            if operator.type == "delete":
                for target in self.resolve(argument):
                    self.add(Kind.STORE, target)
            if operator.type == "typeof" and text_of(argument).rpartition(".")[2] in _GLOBALS_OF_TESTS:
                for target in self.resolve(argument):
                    self.add(Kind.COMPUTED, f"through __typeof {target}")
        self.push(node, main)

    own_visits: ClassVar[Mapping[str, Visit]] = {
        "variable_declarator": _declarator,
        "pair": _pair,
        "field_definition": _pair,
        "public_field_definition": _pair,
        "assignment_expression": _assigned,
        "unary_expression": _unary,
    }


_REQUIRES = frozenset({"require", "module.require", "process.mainModule.require", "require.main.require"})


def _module(name: str) -> str:
    return name.removeprefix("node:")


def _taken(pattern: Node) -> Iterator[tuple[str, str]]:
    """The members that a pattern takes, each with the variable."""
    for part in pattern.named_children:
        if part.type == "shorthand_property_identifier_pattern":
            yield text_of(part), text_of(part)
        elif part.type == "pair_pattern":
            key, value = part.child_by_field_name("key"), part.child_by_field_name("value")
            if key is not None and value is not None:
                yield text_of(key).strip("'\"[]"), text_of(value)
        elif part.type == "object_assignment_pattern" and part.named_children:
            yield text_of(part.named_children[0]), text_of(part.named_children[0])


def _declared(node: Node) -> Iterator[tuple[str, str]]:
    """`const x = require("y").z`, `const {x} = require("y")`, and another name of a module: `const p = process`."""
    name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
    target = _static(value) if value is not None else None
    if name is None or target is None:
        return
    if name.type == "identifier":
        yield text_of(name), target
    elif name.type == "object_pattern":
        for key, variable in _taken(name):
            yield variable, target if target == "." else f"{target}.{key}"


def _static(node: Node) -> str | None:
    """The module, or the part of one, that an expression names outright."""
    if node.type in {"await_expression", "parenthesized_expression"} and node.named_child_count:
        return _static(node.named_children[0])
    if node.type == "identifier" and text_of(node) in _SENSITIVE:
        return text_of(node)
    if node.type == "member_expression":
        holder, name = node.child_by_field_name("object"), node.child_by_field_name("property")
        base = _static(holder) if holder is not None else None
        if base is None or name is None:
            return None
        return "." if base == "." else text_of(name) if base in _GLOBAL else f"{base}.{text_of(name)}"
    function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
    if function is None or arguments is None or text_of(function) not in {"require", "import"}:
        return None
    text = fold_text(arguments.named_children[0], SHAPE) if arguments.named_children else None
    return None if text is None else "." if text.startswith((".", "/", "#")) else _module(text)


def _asks_the_stack(function: Node, given: Sequence[Node]) -> bool:
    """Whether a call looks for the name of a test or of a runner in a stack trace."""
    parts = [function.child_by_field_name("object"), *given]
    texts = [text_of(part) for part in parts if part is not None]
    return any(text.endswith("stack") for text in texts) and any(
        word in text.lower() for text in texts for word in _TESTS
    )


DIALECT = Dialect(
    grammars=(Grammar("tree_sitter_javascript"),),
    walk=JavaScriptWalk,
    imports=IMPORTS,
    declared=DECLARED + _PARAMETERS,
)
