"""The kind of a name's value, inferred from its use: a number, a sequence, a set, an object, a callable."""

from __future__ import annotations

import ast

__all__ = ["note_kinds"]

_SEQUENCE_METHODS = frozenset({"append", "extend", "insert", "pop", "index", "sort", "split", "join", "strip", "count"})
_MAKERS = frozenset({"list", "dict", "set", "tuple", "sorted", "deque", "defaultdict", "Counter"})
_COLLECTIONS = frozenset(
    {"str", "list", "tuple", "set", "dict", "sequence", "iterable", "mapping", "iterator", "deque"}
)


def note_kinds(node: ast.AST, kinds: dict[str, set[str]]) -> None:
    """Infer the kinds of names from one node."""
    match node:
        case ast.Subscript(value=ast.Name(id=name), slice=index):
            kinds[name].add("sequence")
            if isinstance(index, ast.Name):
                kinds[index.id].add("index")
        case ast.For(target=target, iter=iterable) | ast.comprehension(target=target, iter=iterable):
            if isinstance(iterable, ast.Name):
                kinds[iterable.id].add("sequence")
            if (
                isinstance(target, ast.Name)
                and isinstance(iterable, ast.Call)
                and ast.unparse(iterable.func) == "range"
            ):
                kinds[target.id].add("number")
        case ast.Call(func=ast.Name(id=name), args=args):
            kinds[name].add("callable")
            if name in {"len", "sorted", "sum", "enumerate", "list", "set", "reversed"}:
                for argument in args:
                    if isinstance(argument, ast.Name):
                        kinds[argument.id].add("sequence")
        case ast.Attribute(value=ast.Name(id=name), attr=attribute):
            kinds[name].add("sequence" if attribute in _SEQUENCE_METHODS else "object")
        case ast.BinOp(left=left, right=right) if not isinstance(node.op, ast.Add | ast.Mod):
            for side in (left, right):
                if isinstance(side, ast.Name):
                    kinds[side.id].add("number")
        case ast.Compare(left=ast.Name(id=name), ops=[ast.In() | ast.NotIn()], comparators=[ast.Name(id=container)]):
            kinds[container].add("sequence")
            kinds[name].add("element")
        case ast.Compare(left=ast.Name(id=name), comparators=[ast.Constant(value=int())]):
            kinds[name].add("number")
        case (
            ast.Assign(targets=[ast.Name(id=name)], value=value) | ast.AugAssign(target=ast.Name(id=name), value=value)
        ):
            kinds[name].update(_assigned(value))
        case ast.arg(arg=name, annotation=ast.expr() as annotation):
            kinds[name].add(_annotated(ast.unparse(annotation).rpartition(".")[2].partition("[")[0].lower()))


def _assigned(value: ast.expr) -> set[str]:
    """The kinds that a value implies for the name that it is assigned to."""
    match value:
        case ast.Set() | ast.SetComp() | ast.Call(func=ast.Name(id="set")):
            return {"sequence", "set"}
        case ast.List() | ast.ListComp() | ast.Dict() | ast.DictComp():
            return {"sequence"}
        case ast.Call(func=ast.Name(id=name)) if name in _MAKERS:
            return {"sequence"}
        case ast.Constant(value=constant):
            return {"number" if isinstance(constant, int | float) else "sequence"}
    return set()


def _annotated(name: str) -> str:
    """The kind that an annotation implies, by the last part of its name."""
    if name in {"int", "float", "complex", "decimal"}:
        return "number"
    if name == "callable":
        return "callable"
    return "sequence" if name in _COLLECTIONS else "object"
