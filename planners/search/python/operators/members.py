"""What a class's methods lack: a parameter that is stored nowhere, the call of the base's method, what siblings do.

Missing assignments and calls by the pattern of sibling methods: GrouMiner's and DMMC's "missing method calls"
(Monperrus and Mezini, "Detecting Missing Method Calls as Violations of the Majority Rule", TOSEM 2013).
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator

from planners.search.language import Replacement
from planners.search.python.operators.base import PythonOperator, Site
from planners.search.python.operators.blocks import insert, is_first, siblings
from planners.search.python.operators.frequencies import STATEMENT
from planners.search.python.scope import Scope
from planners.search.python.source import FUNCTIONS, Source, is_docstring

__all__ = ["OPERATORS"]

_DEFAULTS = ("None", "[]", "{}", "0", "False", "set()", "''", "True")
_BY_USE = {"append": "[]", "extend": "[]", "add": "set()", "update": "{}", "setdefault": "{}", "items": "{}"}
_LEAST_SIBLINGS, _SHARE = 2, 0.5


def _owner(scope: Scope) -> ast.ClassDef | None:
    """The class of a method."""
    owner = scope.source.parents.get(scope.function, (None, ""))[0]
    return owner if isinstance(owner, ast.ClassDef) else None


def _store_parameter(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Store a parameter of `__init__` that nothing reads: `self.x = x`."""
    function, owner = scope.function, _owner(scope)
    if not isinstance(function, FUNCTIONS) or function.name != "__init__" or owner is None:
        return
    if site.parent is not function or is_docstring(site.node):
        return
    last = _last_stored(function)
    if site.node is not (last or siblings(site)[-1]):
        return
    read = {part.attr for part in ast.walk(owner) if isinstance(part, ast.Attribute)} | {*scope.evidence.attributes}
    for name in scope.parameters:
        if name not in scope.uses:
            for field in (name, f"_{name}"):
                weight = 1.0 if field in read else 0.3
                yield from insert(site, f"self.{field} = {name}", after=True, weight=weight)


def _last_stored(function: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.stmt | None:
    """The last statement of a method's own block that stores into `self`."""
    stored = [
        node
        for node in function.body
        if isinstance(node, ast.Assign | ast.AnnAssign) and ast.unparse(node).startswith("self.")
    ]
    return stored[-1] if stored else None


def _define_attribute(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Give an attribute that a test misses its first value in `__init__`: `self.x = []`."""
    function, owner = scope.function, _owner(scope)
    if not isinstance(function, FUNCTIONS) or function.name != "__init__" or owner is None:
        return
    if site.parent is not function or site.node is not (_last_stored(function) or siblings(site)[-1]):
        return
    for name in scope.evidence.attributes:
        used = [
            _BY_USE[method.attr]
            for method, (parent, _) in scope.source.parents.items()
            if isinstance(method, ast.Attribute)
            and isinstance(parent, ast.Call)
            and isinstance(method.value, ast.Attribute)
            and method.value.attr == name
            and method.attr in _BY_USE
        ]
        own = any(isinstance(part, ast.Attribute) and part.attr == name for part in ast.walk(owner))
        for value in dict.fromkeys([*used, *_DEFAULTS]) if own else ():
            yield from insert(site, f"self.{name} = {value}", after=True)


def _call_base(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Call the method of the base class: `super().__init__(x)`."""
    function, owner = scope.function, _owner(scope)
    if not isinstance(function, FUNCTIONS) or owner is None or not owner.bases or site.parent is not function:
        return
    if not is_first(site) or any(_is_super(node) for node in scope.nodes) or _is_abstract(function):
        return
    given = _base_parameters(scope.source, owner, function.name)
    if given is None and function.name != "__init__":
        return
    known = [name for name in given or () if name in scope.parameters]
    choices = [known, []] if given is not None else [[], list(scope.parameters)]
    for names in choices:
        text = f"super().{function.name}({', '.join(names)})"
        yield from insert(site, text, weight=1.0 if function.name == "__init__" else 0.3)


def _is_super(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "super"


def _is_abstract(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return bool(function.decorator_list) or isinstance(function.body[-1], ast.Raise | ast.Pass)


def _base_parameters(source: Source, owner: ast.ClassDef, name: str) -> list[str] | None:
    """The parameters of a method of a base class of the same file; None if none has it."""
    bases = {base.id for base in owner.bases if isinstance(base, ast.Name)}
    for node in source.parents:
        if isinstance(node, ast.ClassDef) and node.name in bases:
            for method in node.body:
                if isinstance(method, FUNCTIONS) and method.name == name:
                    return [argument.arg for argument in method.args.args[1:]]
    return None


def _do_as_siblings(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Begin or end with the simple statement with which most methods of the class do: `self.check()`."""
    function, owner = scope.function, _owner(scope)
    if not isinstance(function, FUNCTIONS) or owner is None or site.parent is not function:
        return
    if function.name.startswith("__") or _is_abstract(function):
        return
    own = {ast.unparse(node) for node in function.body}
    methods = [
        [ast.unparse(node) for node in method.body if not is_docstring(node)]
        for method in owner.body
        if isinstance(method, FUNCTIONS) and method is not function and not _is_abstract(method)
        if not method.name.startswith("__")
    ]
    bodies = [body for body in methods if body]
    if is_first(site):
        for text in _usual(Counter(body[0] for body in bodies), len(bodies), own):
            yield from insert(site, text)
    if site.node is function.body[-1]:
        last = isinstance(site.node, ast.Return)
        ends = Counter(text for body in bodies for text in body[-2:] if not text.startswith("return"))
        for text in _usual(ends, len(bodies), own):
            yield from insert(site, text, after=not last)


def _usual(times: Counter[str], methods: int, own: set[str]) -> list[str]:
    """The statements of one line that enough of the methods have and this one has not, the most usual first."""
    least = max(_LEAST_SIBLINGS, _SHARE * methods)
    common = [text for text, number in times.most_common(3) if number >= least and text not in own]
    return [text for text in common if "self" in text and "\n" not in text and text.startswith("self.")]


OPERATORS = (
    PythonOperator("store-parameter", STATEMENT, 1, 2, (ast.stmt,), _store_parameter),
    PythonOperator("define-attribute", STATEMENT, 1, 8, (ast.stmt,), _define_attribute),
    PythonOperator("call-base", STATEMENT / 2, 1, 3, (ast.stmt,), _call_base),
    PythonOperator("do-as-siblings", STATEMENT, 1, 4, (ast.stmt,), _do_as_siblings),
)
