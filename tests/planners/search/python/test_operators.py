"""Per kind of fix a small program and what has to be among its candidates."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from gate import apply
from planners.search.candidates import enumerate_candidates
from planners.search.localize import Suspect
from planners.search.registry import OPERATORS
from tests.planners.search.python.test_missing_logic import CASES as MISSING

if TYPE_CHECKING:
    from tests.planners.search.conftest import Search


def function(body: str, head: str = "def f(a, b, items):") -> str:
    return head + "\n" + "".join(f"    {line}\n" for line in body.split("\n"))


CASES = [
    ("compare", "return a < b", "return a <= b"),
    ("compare", "return a in items", "return a not in items"),
    ("identity", "return a is b", "return a == b"),
    ("compare", "return 3==a", "return 3 in a"),
    ("identity", "return [c for c in items if c is not a]", "return [c for c in items if c != a]"),
    ("compare", "if a is None:\n    return b", "if a is not None:\n    return b"),
    ("arithmetic", "return a + b", "return a - b"),
    ("arithmetic", "return a ** b * 2", "return (a + b) * 2"),
    ("arithmetic", "return (a + 1) * b", "return (a + 1) + b"),
    ("arithmetic", "return b * (a + 1) * 2", "return b * (a + 1) ** 2"),
    ("arithmetic", "return a * b * 2", "return (a * b) ** 2"),
    ("augmented-operator", "a ^= b", "a &= b"),
    ("boolean-operator", "return a and b", "return a or b"),
    ("boolean-operator", "return a and b and items", "return a or b or items"),
    ("number", "return a[0]", "return a[1]"),
    ("number", "return a - 10", "return a - 9"),
    ("boolean-constant", "return True", "return False"),
    ("string", "return a.join(',') + ';'", "return a.join(';') + ';'"),
    ("misspelt", "return a.split('[')", "return a.split('(')"),
    ("misspelt", "# a colour\nreturn 'coluor'", "# a colour\nreturn 'colour'"),
    ("initial-value", "c = 0\nreturn c", "c = []\nreturn c"),
    ("off-by-one", "return items[a]", "return items[a - 1]"),
    ("off-by-one", "return range(len(items))", "return range(len(items) + 1)"),
    ("off-by-one", "return items[a:b]", "return items[a:b + 1]"),
    ("off-by-one", "for c in range(a):\n    b({'row': c})", "for c in range(a):\n    b({'row': c + 1})"),
    ("off-by-one", "for c in range(a):\n    b(row=c)", "for c in range(a):\n    b(row=c + 1)"),
    ("variable", "return a - b", "return b - b"),
    ("variable", "return [c for c in items]", "return [a for c in items]"),
    ("target", "c = a\nd = b", "c = a\nc = b"),
    ("function", "return min(a, b)", "return max(a, b)"),
    ("function", "return any(items)", "return all(items)"),
    ("variable-to-field", "b.size = 1\nreturn a", "b.size = 1\nreturn b.size"),
    ("constant-and-variable", "return a + 1", "return a + b"),
    ("attribute", "return a.left", "return a.right"),
    ("attribute", "items.append(a)", "items.extend(a)"),
    ("attribute", "a.up = b.down", "a.up = b.up"),
    ("drop-attribute", "return a.left", "return a"),
    ("add-attribute", "return a + b.size", "return a.size + b.size"),
    ("add-method-call", "return a", "return a.copy()"),
    ("lookup", "return a[b]", "return a.get(b)"),
    ("swap-arguments", "return f(a, b, 0)", "return f(b, a, 0)"),
    ("remove-argument", "return g(a, b, key=0)", "return g(a, b)"),
    ("remove-argument", "return g(a, b)", "return g(b)"),
    ("replace-argument", "return g(h(a), b)", "return g(b, b)"),
    ("add-argument", "return g(a)", "return g(a, b)"),
    ("add-argument", "return g()", "return g(a)"),
    ("add-keyword", "return sorted(a)", "return sorted(a, reverse=True)"),
    ("unwrap-call", "return len(a)", "return a"),
    ("unwrap-call", "return a.copy()", "return a"),
    ("keyword-value", "return g(key=1)", "return g(key=b)"),
    ("splat", "return g(a)", "return g(*a)"),
    ("drop-operand", "return a + b", "return a"),
    ("drop-operand", "return a ** 2 * b", "return a ** b"),
    ("drop-condition", "return a and b and items", "return a and items"),
    ("swap-operands", "return a - b", "return b - a"),
    ("swap-operands", "return (a + b) - 1", "return 1 - (a + b)"),
    ("replace-operand", "return a + b.size", "return a + b"),
    ("regroup", "return a - b * 2", "return (a - b) * 2"),
    ("negate", "while a:\n    pass", "while not a:\n    pass"),
    ("negate", "return not a", "return a"),
    ("tighten", "if a > 0:\n    return b", "if a > 0 and b:\n    return b"),
    ("tighten", "if a or b:\n    return b", "if (a or b) and not items:\n    return b"),
    ("loosen", "if a.x is None:\n    return b", "if a is None or a.x is None:\n    return b"),
    ("replace-condition", "while True:\n    items.pop()", "while items:\n    items.pop()"),
    ("vary-condition", "return a - b == 1", "return a - b == 1 or b - a == 1"),
    ("choice", "return a if b else items", "return items if b else a"),
    ("index", "return items[0]", "return items[-1]"),
    ("drop-subscript", "return items[a]", "return items"),
    ("slice-bounds", "return items[a:]", "return items[:a]"),
    ("slice-bounds", "return items[1:a]", "return items[1:]"),
    ("range", "return range(a)", "return range(1, a + 1)"),
    ("range", "return range(a, b)", "return range(a + 1, b + 1)"),
    ("wrap", "return a - b", "return abs(a - b)"),
    ("wrap", "return a", "return sorted(a)"),
    ("operate", "return g(a)", "return g(a - b)"),
    ("operate", "return a - b", "return (a - b) % 2"),
    ("clamp", "c = a + b\nreturn c", "c = max(0, a + b)\nreturn c"),
    ("slice", "return items", "return items[::-1]"),
    ("slice", "return items", "return items[:a]"),
    ("enclose", "return a", "return [a]"),
    ("nest", "return g(a, b)", "return g(g(a, b), b)"),
    ("negative", "return a - b", "return -(a - b)"),
    ("add-element", "return []", "return [a]"),
    ("add-element", "return [a]", "return [a, b]"),
    ("remove-element", "return [a, b]", "return [a]"),
    ("swap-elements", "a, b = b, a", "a, b = a, b"),
    ("swap-elements", "return (a, b)", "return (b, a)"),
    ("entries", "return {a: 1, b: 2}", "return {a: 1}"),
    ("comprehension-condition", "return [c for c in items]", "return [c for c in items if c]"),
    ("comprehension-condition", "return [c for c in items if c]", "return [c for c in items ]"),
    ("concatenate", "return f(a, b, 0)", "return [a] + f(a, b, 0)"),
    ("return-value", "return a", "return b"),
    ("return-value", "return a + b", "return items"),
    ("leave", "for a in items:\n    break", "for a in items:\n    continue"),
    ("yield-or-return", "yield a", "yield from a"),
    ("yield-or-return", "f(a, b, 0)", "return f(a, b, 0)"),
    ("exception", "raise ValueError", "raise TypeError"),
    (
        "catch",
        "try:\n    a()\nexcept ValueError:\n    return b",
        "try:\n    a()\nexcept (ValueError, TypeError):\n    return b",
    ),
    (
        "catch",
        "try:\n    a()\nexcept (OSError, TypeError):\n    return b",
        "try:\n    a()\nexcept (TypeError,):\n    return b",
    ),
    ("refuse", "return items[a]", "if not items:\n    raise ValueError\nreturn items[a]"),
    ("refuse", "b(a)\nreturn b", "b(a)\nif not a:\n    raise TypeError\nreturn b"),
    ("handle", "return items[a]", "try:\n    return items[a]\nexcept KeyError:\n    return None"),
    ("handle", "c = int(a)\nreturn c", "try:\n    c = int(a)\nexcept ValueError:\n    c = a\nreturn c"),
    (
        "handle",
        "for a in items:\n    b(a)",
        "for a in items:\n    try:\n        b(a)\n    except TypeError:\n        continue",
    ),
    ("everywhere-in-statement", "return items[a] < b(items[a])", "return items[b] < b(items[b])"),
    ("everywhere-in-statement", "return b(a) if a else a", "return b(items) if items else items"),
    ("everywhere-in-function", "c = a[:4]\nreturn c + b[4:]", "c = a[:3]\nreturn c + b[3:]"),
    ("everywhere-in-function", "c = a[0]\nreturn c * a[1]", "c = items[0]\nreturn c * items[1]"),
    ("return-early", "return items[a]", "if not items:\n    return None\nreturn items[a]"),
    ("leave-loop", "for a in items:\n    b(a)", "for a in items:\n    if not a:\n        continue\n    b(a)"),
    ("return-result", "c = a + b", "c = a + b\nreturn c"),
    ("end-branch", "for a in items:\n    if b:\n        a()", "for a in items:\n    if b:\n        a()\n        break"),
    ("surround", "items.append(a)\nreturn b", "if not a:\n    items.append(a)\nreturn b"),
    ("delete-statement", "a.x()\nreturn b", "return b"),
    ("delete-statement", "if a:\n    a.x()\nreturn b", "if a:\n    pass\nreturn b"),
    ("move-statement", "a = 1\nb = 2\nreturn b", "b = 2\na = 1\nreturn b"),
    ("move-statement", "for a in items:\n    b = a\n    return b", "for a in items:\n    b = a\nreturn b"),
    ("move-statement", "if a:\n    b = 1\na = 2", "if a:\n    b = 1\n    a = 2"),
    ("assign-variable", "c = a\nreturn c", "c = a\na = b\nreturn c"),
    ("count-or-collect", "c = []\nfor a in items:\n    b(a)", "c = []\nfor a in items:\n    c.append(a)\n    b(a)"),
    ("count-or-collect", "n = 0\nwhile n < a:\n    b()", "n = 0\nwhile n < a:\n    b()\n    n += 1"),
    ("copy-statement", "a = 1\nif b:\n    c = a\nreturn a", "a = 1\nif b:\n    a = 1\n    c = a\nreturn a"),
    (
        "collect-rest",
        "c = b\nfor a in items:\n    b.append(a)\nreturn b",
        "c = b\nfor a in items:\n    b.append(a)\nif c:\n    b.append(c)\nreturn b",
    ),
    ("advance-loop", "while a:\n    items.append(b)", "while a:\n    items.append(b)\n    a -= 1"),
    ("augment", "a = b\nreturn a", "a += b\nreturn a"),
    ("augment", "a += b\nreturn a", "a = b\nreturn a"),
    ("keep-result", "a.replace(b, 0)\nreturn a", "a = a.replace(b, 0)\nreturn a"),
    ("keep-result", "a.update(b)\nreturn a", "a = b\nreturn a"),
    ("count-or-collect", "c = set()\nfor a in items:\n    b(a)", "c = set()\nfor a in items:\n    c.add(a)\n    b(a)"),
    ("target-expression", "a[b] = items[0]\nreturn a.x", "items[0] = items[0]\nreturn a.x"),
    ("break-ties", "return sorted(items, key=lambda c: len(c))", "return sorted(items, key=lambda c: (len(c), c))"),
    ("copy-changed-statement", "a = 1\nb = 2\nreturn b", "a = 1\nitems = 1\nb = 2\nreturn b"),
    ("expression", "c = a[b]\nreturn c.x", "c = a[b]\nreturn a[b]"),
]
WIDE = [
    ("documented", "'''At most 40.'''\nreturn a[:7]", "'''At most 40.'''\nreturn a[:40]"),
    ("far-number", "return a % 7", "return a % 10"),
    ("convert", "return a", "return bin(b)"),
    ("whole-collection", "return items[-1]", "return sum(items)"),
    ("normalize-parameter", "return items[0]", "items = sorted(items)\nreturn items[0]"),
    ("add-key", "return sorted(items)", "return sorted(items, key=lambda item: (len(item), item))"),
    ("default-value", "return a.x", "return a.x if a else None"),
    ("return-later", "a = g()\nreturn a.x", "a = g()\nif not a:\n    return None\nreturn a.x"),
]


@pytest.mark.parametrize(("operator", "before", "after"), CASES)
def test_the_fix_is_among_the_candidates(search: Search, operator: str, before: str, after: str) -> None:
    raw, wanted = function(before).encode(), function(after).encode()
    assert wanted in search.results(raw), operator


@pytest.mark.parametrize(("operator", "before", "after"), WIDE)
def test_the_widened_search_has_more(search: Search, operator: str, before: str, after: str) -> None:
    raw, wanted = function(before).encode(), function(after).encode()
    assert wanted not in search.results(raw)
    assert search.results(raw, width=1)[wanted] == operator


@pytest.mark.parametrize("width", [0, 1])
def test_no_candidate_compares_the_identity_of_a_value(search: Search, width: int) -> None:
    raw = function("if a is None or b is items:\n    return 0\nreturn 'x' + a[1]").encode()
    made = search.results(raw, width)
    assert any(b"a is not None" in text for text in made)
    assert not [text for text in made if re.search(rb"\bis (not )?[\d'\[{]", text)]


def test_expressions_of_other_functions_belong_to_the_widened_search(search: Search) -> None:
    raw = b"def f(a):\n    return a\n\ndef g(b):\n    return b.size(3)\n"
    wanted = b"def f(a):\n    return b.size(3)\n\ndef g(b):\n    return b.size(3)\n"
    assert search.results(raw, width=1)[wanted] == "file-expression"


def test_statements_of_other_functions_are_copied(search: Search) -> None:
    raw = b"def f(a):\n    print(a)\n    b = 1\n\ndef g(a):\n    return size(a)\n"
    wanted = raw.replace(b"    return", b"    print(a)\n    return")
    assert search.results(raw)[wanted] == "copy-file-statement"
    assert raw.replace(b"    return", b"    b = 1\n    return") not in search.results(raw), "b means nothing"


def test_ingredients_come_from_other_files_of_which_the_names_mean_something(search: Search) -> None:
    raw = b"import sys\n\ndef f(a):\n    return a\n"
    tree = search.tree(
        {"program.py": raw, "other.py": b"import sys\n\ndef g(a):\n    sys.exit(a)\n    return a.x[c.z]\n"}
    )
    suspects = [Suspect(path, line, 1.0) for path in ("program.py", "other.py") for line in (4, 5)]
    found = {
        (candidate.operator, file.after)
        for candidate in enumerate_candidates(tree, suspects, width=1)
        for path, file in apply(candidate.patch, tree.read).files.items()
        if path == "program.py"
    }
    assert ("repository-expression", raw.replace(b"return a", b"return sys.exit(a)")) in found
    assert ("copy-repository-statement", raw.replace(b"    return", b"    sys.exit(a)\n    return")) in found
    assert not any(b"c.z" in after for _, after in found if after)


def test_a_nested_function_sees_the_variables_of_the_one_around_it(search: Search) -> None:
    raw = b"def f(a):\n    seen = set()\n    def g(b):\n        return b in seen\n    return g(a)\n"
    wanted = raw.replace(b"        return", b"        seen.add(b)\n        return")
    assert wanted in search.results(raw)


def test_every_operator_has_its_own_id_and_a_prior() -> None:
    ids = [operator.id for operator in OPERATORS]
    assert len(ids) == len(set(ids))
    assert all(0 < operator.prior < 1 for operator in OPERATORS)


def test_every_operator_of_the_normal_search_has_an_example() -> None:
    shown = {operator for operator, _, _ in [*CASES, *WIDE]}
    shown |= {case.operator for case in MISSING} | {"foreign-guard"}
    shown |= {"file-expression", "copy-file-statement", "repository-expression", "copy-repository-statement"}
    assert {operator.id for operator in OPERATORS if not operator.id.endswith("-wide")} == shown
