"""Which of several plausible patches is likeliest to be right: those that overfit tend to take something away.

The patterns are those of Tan, Yoshida, Prasad and Roychoudhury, "Anti-patterns in Search-Based Program Repair" (FSE
2016): deleted statements and control flow, early exits, trivial conditions. To them come code that stops using a name
or a call, constants in the place of results (Qi et al., "Kali", ISSTA 2015), and the same operand twice. Both sides of
a patch are compared as trees; no test is looked at.

And patches that are right do the same on inputs that no test has, where those that overfit differ from them and from
one another. So the more a patch agrees with others, the likelier it is: test-based patch clustering (Martinez et al.,
"xTestCluster", 2022), with inputs that show differences as in DiffTGen (Xin and Reiss, ISSTA 2017), without an oracle.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from statistics import mean

from buildpacks import RepoView
from gate import Patch, apply
from planners.search.source import fingerprint, load
from planners.trial import Evaluated

__all__ = ["doubtful", "likeliest"]

_NEAR = 32
"""Places in the order of the search that count about the same."""

_DOUBTFUL = 0.6

_FEWEST_VOTES = 3
"""With fewer patches than this that were observed, agreement says nothing."""

_WITHOUT_AGREEMENT = 0.5
"""What a patch that agrees with no other counts, where one that agrees with all counts 1 more."""

_CONTROL = (ast.If, ast.For, ast.While, ast.Try, ast.With, ast.Return, ast.Raise, ast.Break, ast.Continue)
_EXITS = (ast.Return, ast.Raise, ast.Break, ast.Continue)

_CONVERSIONS = frozenset(
    fingerprint(ast.Name(name, ast.Load())) for name in ("bool", "float", "int", "list", "round", "str", "tuple")
)
"""Calls without any effect, of which one too many is as usual a mistake as one too few."""

_EMPTY = frozenset(ast.dump(ast.parse(text, mode="eval").body) for text in ("[]", "()", "{}"))

_DOUBTS: dict[str, float] = {
    "control flow deleted": 0.4,
    "statement deleted": 0.4,
    "call dropped": 0.4,
    "conversion dropped": 0.7,
    "name unused": 0.4,
    "early exit": 0.5,
    "constant condition": 0.3,
    "constant result": 0.5,
    "same operand twice": 0.3,
    "shorter": 0.8,
}
"""What each pattern leaves of a patch's likelihood."""


def likeliest(plausible: Iterable[Evaluated], view: RepoView, begun: int = 0) -> Evaluated:
    """The best of some patches. The order in which the search tried them, from `begun` on, stands for their prior."""
    patches = list(plausible)
    agreement = _agreement([one.behaviour for one in patches])

    def likelihood(place: int) -> float:
        one = patches[place]
        prior = _trust(one.patch, view) / (_NEAR + one.index - begun)
        return prior * (_WITHOUT_AGREEMENT + agreement[place])

    return patches[max(range(len(patches)), key=lambda place: (likelihood(place), -patches[place].index))]


def doubtful(patch: Patch, view: RepoView) -> bool:
    """Whether a patch shows one of the patterns."""
    return _trust(patch, view) < _DOUBTFUL


def _agreement(behaviours: Sequence[str]) -> list[float]:
    """For each of some patches, with what share of the others it agrees; the mean where that is not known.

    Inputs with which all do the same say nothing, and neither do those with which no patch returns.
    """
    words = [one.split() for one in behaviours]
    series = Counter(found[0] for found in words if found).most_common(1)
    voters = [place for place, found in enumerate(words) if found and found[0] == series[0][0]]
    shares: dict[int, list[float]] = {place: [] for place in voters}
    for input in range(1, min((len(words[place]) for place in voters), default=0)):
        said = {place: words[place][input] for place in voters if words[place][input] != "-"}
        votes = Counter(said.values())
        if len(said) >= _FEWEST_VOTES and len(votes) > 1 and any(word.startswith("r") for word in votes):
            for place, word in said.items():
                shares[place].append((votes[word] - 1) / (len(said) - 1))
    known = {place: mean(found) for place, found in shares.items() if found}
    usual = mean(known.values()) if known else 1.0
    return [known.get(place, usual) for place in range(len(behaviours))]


def _trust(patch: Patch, view: RepoView) -> float:
    value = 1.0
    for file in apply(patch, view.read).files.values():
        before, after = load("", file.before or b""), load("", file.after or b"")
        if before and after:
            for doubt in _doubts(before.tree, after.tree):
                value *= _DOUBTS[doubt]
    return value


def _doubts(before: ast.Module, after: ast.Module) -> Iterator[str]:
    """The anti-patterns that a change of a module shows."""
    old, new = list(ast.walk(before)), list(ast.walk(after))
    lost = _kinds(old) - _kinds(new)
    if any(lost[kind] for kind in _CONTROL):
        yield "control flow deleted"
    if sum(isinstance(node, ast.stmt) for node in new) < sum(isinstance(node, ast.stmt) for node in old):
        yield "statement deleted"
    if (calls := _calls(old) - _calls(new)) and calls.total() > (_calls(new) - _calls(old)).total():
        yield "conversion dropped" if calls.keys() <= _CONVERSIONS else "call dropped"
    if _loaded(old) - _loaded(new):
        yield "name unused"
    if (_kinds(new) - _kinds(old))[ast.If] and any((_kinds(new) - _kinds(old))[kind] for kind in _EXITS):
        yield "early exit"
    if _constant_tests(new) > _constant_tests(old):
        yield "constant condition"
    if _constant_results(new) > _constant_results(old):
        yield "constant result"
    if _twins(new) > _twins(old):
        yield "same operand twice"
    if len(new) < len(old):
        yield "shorter"


def _kinds(nodes: Iterable[ast.AST]) -> Counter[type[ast.AST]]:
    return Counter(type(node) for node in nodes)


def _calls(nodes: Iterable[ast.AST]) -> Counter[str]:
    return Counter(fingerprint(node.func) for node in nodes if isinstance(node, ast.Call))


def _loaded(nodes: Sequence[ast.AST]) -> set[str]:
    """The names that are read; those of functions that are called count as calls."""
    called = {node.func for node in nodes if isinstance(node, ast.Call)}
    names = (node for node in nodes if isinstance(node, ast.Name) and node not in called)
    return {name.id for name in names if isinstance(name.ctx, ast.Load)}


def _constant_tests(nodes: Iterable[ast.AST]) -> int:
    """Conditions that are constant, or have a constant part that decides nothing or everything."""
    tests = [node.test for node in nodes if isinstance(node, ast.If | ast.While | ast.IfExp)]
    parts = [part for test in tests for part in (test.values if isinstance(test, ast.BoolOp) else [test])]
    return sum(isinstance(part, ast.Constant) for part in parts)


def _constant_results(nodes: Iterable[ast.AST]) -> int:
    """What is returned without looking at anything: constants and empty collections."""
    values = [node.value for node in nodes if isinstance(node, ast.Return)]
    return sum(isinstance(one, ast.Constant) or _is_empty(one) for one in values)


def _is_empty(node: ast.expr | None) -> bool:
    return ast.dump(node) in _EMPTY if isinstance(node, ast.List | ast.Tuple | ast.Dict) else False


def _twins(nodes: Iterable[ast.AST]) -> int:
    """Operations with the same operand on both sides, as `a - a`, `a == a`, `a and a` (a square is none)."""
    found = 0
    for node in nodes:
        match node:
            case ast.BinOp(op=ast.Mult() | ast.Pow()):
                continue
            case ast.BinOp(left=left, right=right) | ast.Compare(left=left, comparators=[right]):
                pair: list[ast.expr] = [left, right]
            case ast.BoolOp(values=values):
                pair = values
            case _:
                continue
        texts = [fingerprint(one) for one in pair if not isinstance(one, ast.Constant)]
        found += len(set(texts)) < len(texts)
    return found
