"""Arguments exchanged, replaced, removed and added; calls unwrapped.

TSSB-3M's "more arguments", "fewer arguments" and "swap arguments"; PraPR's argument propagation; TBar's FP10 "mutate
method invocation expression".
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import combinations

from planners.search.language import Replacement
from planners.search.python.operators.base import PythonOperator, Site
from planners.search.python.operators.frequencies import (
    ARGUMENT_SWAP,
    FEWER_ARGUMENTS,
    IDENTIFIER,
    MORE_ARGUMENTS,
    RARE,
    WRAP_IN_CALL,
)
from planners.search.python.scope import Scope

__all__ = ["OPERATORS"]

_KEYWORDS: dict[str, tuple[str, ...]] = {
    "sorted": ("reverse=True", "key=len", "key=str", "key=abs", "key=lambda item: item[0]", "key=lambda item: item[1]"),
    "sort": ("reverse=True", "key=len", "key=str", "key=abs", "key=lambda item: item[0]", "key=lambda item: item[1]"),
    "min": ("key=len", "key=abs", "default=None", "default=0", "key=lambda item: item[0]", "key=lambda item: item[1]"),
    "max": ("key=len", "key=abs", "default=None", "default=0", "key=lambda item: item[0]", "key=lambda item: item[1]"),
    "zip": ("strict=True",),
    "enumerate": ("start=1",),
    "open": ("encoding='utf-8'",),
}


def _swap(site: Site, _: Scope) -> Iterator[Replacement]:
    """Swap two arguments: `f(a, b)` -> `f(b, a)`."""
    node = site.node
    assert isinstance(node, ast.Call)
    for first, second in combinations(range(len(node.args)), 2):
        arguments = list(node.args)
        arguments[first], arguments[second] = arguments[second], arguments[first]
        yield from _call(site, [site.text(argument, 0) for argument in arguments])


def _remove(site: Site, _: Scope) -> Iterator[Replacement]:
    """Remove an argument: `f(a, b)` -> `f(a)`, keyword arguments too."""
    node = site.node
    assert isinstance(node, ast.Call)
    texts = [*(site.text(argument, 0) for argument in node.args), *_keywords(site, node)]
    for place in reversed(range(len(texts))):
        yield from _put_call(site, node, [*texts[:place], *texts[place + 1 :]])


def _replace(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Pass a variable in place of an expression: `f(g(x))` -> `f(y)`."""
    node = site.node
    if site.field != "args" or isinstance(node, ast.Name | ast.Starred | ast.Constant):
        return
    assert isinstance(node, ast.expr)
    for text in [*scope.names(node), *scope.ingredients.fields]:
        yield from site.put(text)


def _add(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Add an argument, a variable or a constant: `f(a)` -> `f(a, b)`.

    At the end first; less likely if the function is one of the file and takes no more.
    """
    node = site.node
    assert isinstance(node, ast.Call)
    texts = [site.text(argument, 0) for argument in node.args]
    name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
    if any(isinstance(argument, ast.Starred | ast.GeneratorExp) for argument in node.args):
        return
    room = scope.arity.get(name, len(texts) + 1) > len(texts)
    for extra in dict.fromkeys(
        [*scope.names(node), *scope.ingredients.fields, "1", "0", "None", "True", "False", *scope.ingredients.constants]
    ):
        for place in dict.fromkeys([len(texts), 0, *range(1, len(texts))]):
            weight = (1.0 if room else 0.1) * (1.0 if place == len(texts) else 0.5)
            yield from _call(site, [*texts[:place], extra, *texts[place:]], weight)


def _add_keyword(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Add a keyword argument: `sorted(a)` -> `sorted(a, reverse=True)`, `f(a)` -> `f(a, name=name)`."""
    node = site.node
    assert isinstance(node, ast.Call)
    if any(isinstance(argument, ast.GeneratorExp) for argument in node.args):
        return
    name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
    given = {keyword.arg for keyword in node.keywords}
    texts = [*(site.text(argument, 0) for argument in node.args), *_keywords(site, node)]
    passed = [f"{parameter}={parameter}" for parameter in scope.parameters if name in scope.arity]
    for extra in [*_KEYWORDS.get(name, ()), *passed]:
        if extra.partition("=")[0] not in given:
            yield from _put_call(site, node, [*texts, extra])


def _unwrap(site: Site, _: Scope) -> Iterator[Replacement]:
    """Replace a call by its argument or its object: `f(x)` -> `x`, `x.f()` -> `x`."""
    node = site.node
    assert isinstance(node, ast.Call)
    if isinstance(site.parent, ast.Expr):
        return
    for argument in node.args:
        if not isinstance(argument, ast.Starred):
            yield from site.put(site.text(argument))
    if isinstance(node.func, ast.Attribute):
        yield from site.put(site.text(node.func.value))


def _keyword_value(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Pass a variable by keyword: `f(key=1)` -> `f(key=b)`."""
    node = site.node
    if isinstance(site.parent, ast.keyword) and isinstance(node, ast.expr) and not isinstance(node, ast.Name):
        for name in scope.names(node):
            yield from site.put(name)


def _splat(site: Site, _: Scope) -> Iterator[Replacement]:
    """Unpack an argument, or stop unpacking it: `f(a)` -> `f(*a)`."""
    node = site.node
    assert isinstance(node, ast.Call)
    texts = [site.text(argument, 0) for argument in node.args]
    for place, argument in enumerate(node.args):
        if isinstance(argument, ast.Starred):
            yield from _call(site, [*texts[:place], site.text(argument.value), *texts[place + 1 :]])
        elif isinstance(argument, ast.Name | ast.Call | ast.Attribute):
            yield from _call(site, [*texts[:place], f"*{texts[place]}", *texts[place + 1 :]])


def _call(site: Site, arguments: list[str], weight: float = 1.0) -> Iterator[Replacement]:
    """The site's call with other positional arguments."""
    node = site.node
    assert isinstance(node, ast.Call)
    yield from _put_call(site, node, [*arguments, *_keywords(site, node)], weight)


def _put_call(site: Site, node: ast.Call, texts: list[str], weight: float = 1.0) -> Iterator[Replacement]:
    """Change only the text between the parentheses."""
    end = site.source.span(node)[1]
    start = site.source.span(node.func)[1]
    opening = site.source.text.find("(", start, end)
    if site.source.text[start:opening].strip() == "":
        yield site.edit(opening + 1, end - 1, ", ".join(texts), weight=weight)
    else:
        yield from site.put(f"{site.atom(node.func)}({', '.join(texts)})", weight=weight)


def _keywords(site: Site, node: ast.Call) -> list[str]:
    return [
        f"{word.arg}={site.text(word.value)}" if word.arg else f"**{site.text(word.value)}" for word in node.keywords
    ]


_CALL = (ast.Call,)

OPERATORS = (
    PythonOperator("swap-arguments", ARGUMENT_SWAP, 2, 1, _CALL, _swap),
    PythonOperator("remove-argument", FEWER_ARGUMENTS, 4, 2, _CALL, _remove),
    PythonOperator("unwrap-call", WRAP_IN_CALL / 4, 4, 2, _CALL, _unwrap),
    PythonOperator("replace-argument", IDENTIFIER / 4, 5, 4, (ast.expr,), _replace),
    PythonOperator("add-argument", MORE_ARGUMENTS, 5, 10, _CALL, _add),
    PythonOperator("add-keyword", MORE_ARGUMENTS / 2, 5, 6, _CALL, _add_keyword),
    PythonOperator("keyword-value", RARE, 2, 4, (ast.expr,), _keyword_value),
    PythonOperator("splat", RARE, 5, 2, _CALL, _splat),
)
