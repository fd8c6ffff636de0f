"""Statements deleted, moved, copied and turned into one another.

GenProg's delete, insert and swap (Le Goues et al., TSE 2012); TBar's FP4, FP14 "move statement" and FP15 "remove buggy
statement"; SPR's "copy and replace" (Long and Rinard, FSE 2015).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from planners.search.language import Replacement, TextEdit
from planners.search.python.operators.base import PythonOperator, Site
from planners.search.python.operators.blocks import LOOPS, delete, indented, insert, is_last, siblings
from planners.search.python.operators.frequencies import IDENTIFIER, RARE, STATEMENT
from planners.search.python.scope import Scope
from planners.search.python.source import FUNCTIONS, is_docstring

__all__ = ["OPERATORS"]

_BLOCKS = ("body", "orelse", "finalbody")
_COPIED = (ast.Assign, ast.AugAssign, ast.Expr)


def _delete(site: Site, _: Scope) -> Iterator[Replacement]:
    """Delete a statement."""
    edit = delete(site)
    if edit and not isinstance(site.node, (*FUNCTIONS, ast.ClassDef, ast.Import, ast.ImportFrom, ast.Pass)):
        yield Replacement((edit,), block=True)


def _move(site: Site, _: Scope) -> Iterator[Replacement]:
    """Move a statement up, down, out of its block, or into the next one.

    Out of its block means before or after that block; the next block may be above or below.
    """
    node = site.node
    assert isinstance(node, ast.stmt)
    block, cut, place = siblings(site), delete(site), site.source.lines(node)
    if cut is None or place is None or isinstance(node, (*FUNCTIONS, ast.ClassDef)) or node not in block:
        return
    at = block.index(node)
    text = site.source.text[place[0] : place[1]]
    if at > 0:
        yield from _moved(site, cut, block[at - 1], text, after=False)
    if at + 1 < len(block):
        yield from _moved(site, cut, block[at + 1], text, after=True)
    if isinstance(site.parent, ast.stmt) and _may_leave(site):
        yield from _moved(site, cut, site.parent, text, after=True)
        yield from _moved(site, cut, site.parent, text, after=False)
    for other, last in ((at - 1, True), (at + 1, False)):
        if 0 <= other < len(block):
            for name in _BLOCKS:
                inner = getattr(block[other], name, [])
                if inner:
                    yield from _moved(site, cut, inner[-1 if last else 0], text, after=last)


def _may_leave(site: Site) -> bool:
    """Whether a statement can leave its block: it is not a function or class, and no `break` loses its loop."""
    if isinstance(site.parent, LOOPS):
        return not any(isinstance(node, ast.Break | ast.Continue) for node in ast.walk(site.node))
    return not isinstance(site.parent, (*FUNCTIONS, ast.ClassDef))


def _moved(site: Site, cut: TextEdit, anchor: ast.stmt, text: str, *, after: bool) -> Iterator[Replacement]:
    """Cut the statement and put its text beside another one with that one's indentation."""
    place = site.source.lines(anchor)
    node = site.node
    assert isinstance(node, ast.stmt)
    if place is None or site.source.text[place[1] - 1 : place[1]] not in {"\n", "\r"}:
        return
    old = site.source.text[: site.source.first(node)].rpartition("\n")[2]
    shifted = indented(text, old, place[2], site.source.newline)
    if shifted is None:
        return
    at = place[1] if after else place[0]
    edits = sorted([cut, TextEdit(at, at, shifted)])
    if edits[0].end <= edits[1].start:
        yield Replacement(tuple(edits), block=True)


def _assign(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Insert `a = b` between variables of the function, similarly used ones first."""
    node = site.node
    assert isinstance(node, ast.stmt)
    if not isinstance(scope.function, FUNCTIONS):
        return
    names = scope.names(node)
    own = [name for name in scope.bindings if name in names]
    for first in own:
        for second in names:
            if first != second and not (scope.kind(first) | scope.kind(second)) & {"callable"}:
                alike = scope.alike(first, second)
                yield from insert(site, f"{first} = {second}", weight=1.0 if alike else 0.3)
                if is_last(site):
                    yield from insert(site, f"{first} = {second}", after=True, weight=1.0 if alike else 0.3)


def _count(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Insert `n += 1`, `n -= 1`, `a.append(b)` or `a.add(b)`."""
    node = site.node
    assert isinstance(node, ast.stmt)
    if not isinstance(scope.function, FUNCTIONS):
        return
    names = scope.names(node)
    for name in sorted(names, key=lambda name: not scope.kind(name)):
        kind = scope.kind(name)
        weight = 1.0 if kind else 0.5
        texts: list[str] = []
        if (kind & {"number", "index"} or not kind) and name in scope.bindings:
            texts += [f"{name} += 1", f"{name} -= 1"]
        if "sequence" in kind or not kind:
            known = [call for call in ("append", "add") if call in scope.ingredients.methods] or ["append"]
            calls = ["add"] if "set" in kind else known
            texts += [f"{name}.{call}({other})" for call in calls for other in names if other != name]
        for text in texts:
            yield from insert(site, text, weight=weight)
            if is_last(site):
                yield from insert(site, text, after=True, weight=weight)


def _collect_rest(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Collect the rest when a loop ends: `if b: a.append(b)` after it."""
    node = site.node
    assert isinstance(node, ast.For | ast.While)
    collected = [
        (part.func.value.id, part.func.attr)
        for part in ast.walk(node)
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and isinstance(part.func.value, ast.Name)
    ]
    for name, method in dict.fromkeys(collected):
        for other in scope.bindings:
            if other != name:
                yield from insert(site, f"if {other}:\n    {name}.{method}({other})", after=True)
                yield from insert(site, f"{name}.{method}({other})", after=True, weight=0.5)


def _advance(site: Site, _: Scope) -> Iterator[Replacement]:
    """Insert `n += 1`, `n -= 1` or `n.pop()` into a `while` loop that changes nothing in its condition.

    Compare Marcote and Monperrus, "Automatic Repair of Infinite Loops" (arXiv 1504.05078), who change the condition.
    """
    node = site.node
    assert isinstance(node, ast.While)
    tested = list(dict.fromkeys(part.id for part in ast.walk(node.test) if isinstance(part, ast.Name)))
    if _changed(node.body).isdisjoint(tested):
        last = Site(site.source, node.body[-1])
        for name in tested:
            for text in (f"{name} += 1", f"{name} -= 1", f"{name}.pop()"):
                yield from insert(last, text, after=True)


def _changed(statements: list[ast.stmt]) -> set[str]:
    """The names that statements bind, or call a method of."""
    names: set[str] = set()
    for statement in statements:
        for node in ast.walk(statement):
            match node:
                case ast.Name(id=name, ctx=ast.Store()) | ast.Call(func=ast.Attribute(value=ast.Name(id=name))):
                    names.add(name)
    return names


def _copy(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Copy another simple statement of the function."""
    for text, _ in _copied(site, scope):
        yield from _inserted(site, text)


def _copy_changed(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Copy another simple statement of the function, with one variable changed."""
    for text, statement in _copied(site, scope):
        start = site.source.span(statement)[0]
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and node.id in scope.bindings:
                for name in scope.bindings:
                    if name != node.id:
                        first, end = (place - start for place in site.source.span(node))
                        yield from _inserted(site, text[:first] + name + text[end:])


def _copy_from_file(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Copy a statement of another function of the file whose names are all known here."""
    if isinstance(scope.function, FUNCTIONS):
        own = {text for text, _ in _copied(site, scope)}
        yield from _foreign(site, scope, scope.module, own)


def _copy_from_repository(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Copy a statement of another file whose names are all known here."""
    if isinstance(scope.function, FUNCTIONS):
        for module in scope.neighbours:
            yield from _foreign(site, scope, module, set())


def _foreign(site: Site, scope: Scope, module: Scope, known: set[str]) -> Iterator[Replacement]:
    node = site.node
    assert isinstance(node, ast.stmt)
    visible = scope.visible(node)
    for text, read, bound in module.ingredients.statements:
        if text not in known and read <= visible and bound <= scope.bindings.keys():
            yield from _inserted(site, text)


def _copied(site: Site, scope: Scope) -> Iterator[tuple[str, ast.stmt]]:
    seen: set[str] = set()
    for node in scope.nodes:
        if isinstance(node, _COPIED) and node is not site.node and not is_docstring(node):
            start, end = site.source.span(node)
            text = site.source.text[start:end]
            if text not in seen and "\n" not in text and "\r" not in text:
                seen.add(text)
                yield text, node


def _inserted(site: Site, text: str) -> Iterator[Replacement]:
    yield from insert(site, text)
    if is_last(site):
        yield from insert(site, text, after=True)


def _augment(site: Site, _: Scope) -> Iterator[Replacement]:
    """Exchange assignment and augmented assignment: `a = b` -> `a += b`, `a -= b`, and back."""
    node = site.node
    source = site.source
    if isinstance(node, ast.AugAssign):
        gap = source.span(node.target)[1], source.span(node.value)[0]
        yield site.edit(*gap, " = ")
    elif (
        isinstance(node, ast.Assign)
        and len(node.targets) == 1
        and not isinstance(node.targets[0], ast.Tuple | ast.List)
    ):
        gap = source.span(node.targets[0])[1], source.span(node.value)[0]
        if source.text[slice(*gap)].strip() == "=":
            for sign in ("+=", "-=", "*=", "|="):
                yield site.edit(*gap, f" {sign} ")


def _keep_result(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Keep the result of a call: `x.f()` -> `x = x.f()`; `x.update(y)` -> `x = y`."""
    node = site.node
    assert isinstance(node, ast.Expr)
    if not isinstance(node.value, ast.Call):
        return
    start, end = site.source.span(node)
    owner = node.value.func.value if isinstance(node.value.func, ast.Attribute) else None
    targets = [site.text(owner)] if isinstance(owner, ast.Name | ast.Attribute | ast.Subscript) else []
    targets += [site.text(item) for item in node.value.args if isinstance(item, ast.Name)]
    for name in dict.fromkeys([*targets, *scope.bindings]):
        yield site.edit(start, start, f"{name} = ")
    for argument in node.value.args:
        for target in targets:
            for sign in ("=", "+="):
                yield site.edit(start, end, f"{target} {sign} {site.text(argument)}")


_ANY = (ast.stmt,)

OPERATORS = (
    PythonOperator("delete-statement", STATEMENT, 8, 1, _ANY, _delete),
    PythonOperator("move-statement", STATEMENT, 8, 4, _ANY, _move),
    PythonOperator("assign-variable", STATEMENT, 8, 8, _ANY, _assign),
    PythonOperator("count-or-collect", STATEMENT, 8, 16, _ANY, _count),
    PythonOperator("advance-loop", STATEMENT, 1, 4, (ast.While,), _advance),
    PythonOperator("collect-rest", STATEMENT / 4, 1, 8, (ast.For, ast.While), _collect_rest),
    PythonOperator("copy-statement", STATEMENT / 2, 8, 8, _ANY, _copy),
    PythonOperator("copy-file-statement", STATEMENT / 4, 8, 60, _ANY, _copy_from_file),
    PythonOperator("copy-repository-statement", STATEMENT / 8, 8, 200, _ANY, _copy_from_repository, width=1),
    PythonOperator("augment", RARE * 2, 4, 2, (ast.Assign, ast.AugAssign), _augment),
    PythonOperator("keep-result", IDENTIFIER / 16, 3, 4, (ast.Expr,), _keep_result),
    PythonOperator("copy-changed-statement", STATEMENT / 2, 8, 100, _ANY, _copy_changed),
)
