"""What the patterns of a match statement read of their subject."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from gate.languages.python.folding import fold_text

__all__ = ["names_read"]


def names_read(pattern: ast.pattern, subjects: frozenset[str]) -> Iterator[tuple[str, frozenset[str]]]:
    """Each attribute that a pattern reads, with the dotted names that it stands for if the subject is one of these."""
    match pattern:
        case ast.MatchClass(patterns=positional, kwd_attrs=attributes, kwd_patterns=inner):
            for attribute, one in zip(attributes, inner, strict=True):
                targets = frozenset(f"{subject}.{attribute}" for subject in subjects)
                yield attribute, targets
                yield from names_read(one, targets)
            for one in positional:
                yield from names_read(one, subjects)
        case ast.MatchMapping(keys=keys, patterns=inner):
            holders = [subject.removesuffix(".__dict__") for subject in subjects if subject.endswith(".__dict__")]
            for key, one in zip(keys, inner, strict=True):
                name = fold_text(key)
                targets = frozenset(f"{holder}.{name}" for holder in holders) if name else frozenset[str]()
                if name and targets:
                    yield name, targets
                yield from names_read(one, targets)
        case ast.MatchAs(pattern=ast.pattern() as one):
            yield from names_read(one, subjects)
        case ast.MatchOr(patterns=patterns) | ast.MatchSequence(patterns=patterns):
            for one in patterns:
                yield from names_read(one, subjects)
