"""Which of several plausible patches is likeliest to be correct: overfitting ones tend to remove something.

The patterns are those of Tan, Yoshida, Prasad and Roychoudhury, "Anti-patterns in Search-Based Program Repair" (FSE
2016): deleted statements and control flow, early exits, trivial conditions. Others are code that stops using a name, a
call or an argument, code that nothing reaches, constants in place of results (Qi et al., "Kali", ISSTA 2015),
conditions for one value, the same operand twice, and variables that nothing reads as before. The language detects them
in a change; tests play no part.

Besides, correct patches do the same on inputs that no test has, while overfitting ones differ from them and from one
another. So the more a patch agrees with others, the likelier it is: test-based patch clustering (Martinez et al.,
"xTestCluster", 2022), with inputs that show differences as in DiffTGen (Xin and Reiss, ISSTA 2017), without an oracle.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType

from buildpacks import RepoView
from gate import Patch, apply
from planners.agreement import agreement
from planners.search.language import AntiPattern, Language
from planners.search.registry import LANGUAGES, language_of
from planners.trial import MODEL, Trial

__all__ = ["doubtful", "hollow", "likeliest", "trust"]

_NEAR = 32
"""The number of places in the order of the search that count about the same."""

_ANSWERS = 16
"""The place that a patch counts for if only few answers of a model agree on it; if all do, it is the first."""

_NO_VOTES: Mapping[int, float] = MappingProxyType({})

_DOUBTFUL = 0.6

_WITHOUT_AGREEMENT = 0.5
"""The weight of a patch that agrees with no other; one that agrees with all has 1 more."""

_FACTORS: Mapping[AntiPattern, float] = {
    AntiPattern.CONTROL_FLOW_DELETED: 0.4,
    AntiPattern.STATEMENT_DELETED: 0.4,
    AntiPattern.CALL_DROPPED: 0.4,
    AntiPattern.CONVERSION_DROPPED: 0.7,
    AntiPattern.NAME_UNUSED: 0.4,
    AntiPattern.EARLY_EXIT: 0.5,
    AntiPattern.CONSTANT_CONDITION: 0.3,
    AntiPattern.CONSTANT_RESULT: 0.5,
    AntiPattern.CONSTANT_OUTCOME: 0.3,
    AntiPattern.ARGUMENT_DROPPED: 0.6,
    AntiPattern.DEAD_CODE: 0.2,
    AntiPattern.CONSTANT_ASSIGNED: 0.2,
    AntiPattern.NARROWED: 0.5,
    AntiPattern.QUOTES_CHANGED: 0.5,
    AntiPattern.SAME_OPERAND_TWICE: 0.3,
    AntiPattern.STILL_UNREAD: 0.65,
    AntiPattern.SHORTER: 0.8,
}
"""The factor of each pattern on a patch's likelihood."""

_USUAL_OF_MODELS = frozenset({AntiPattern.EARLY_EXIT})
"""The search leaves a function early to get around what fails; of a model it is how a missing case is written."""


def likeliest(
    plausible: Iterable[Trial],
    view: RepoView,
    begun: int = 0,
    languages: Mapping[str, Language] = LANGUAGES,
    votes: Mapping[int, float] = _NO_VOTES,
) -> Trial:
    """The likeliest of some patches, whoever made them.

    Their prior is the order in which the search tried them, from `begun` on; for those of models, how many answers
    agree. `votes` are the shares of a judge's votes, by the number of the trial.
    """
    patches = list(plausible)
    agreed = agreement([trial.behaviour for trial in patches])

    def likelihood(place: int) -> float:
        trial = patches[place]
        prior = trust(trial.patch, view, languages) / (_NEAR + _place(trial, begun))
        judged = _WITHOUT_AGREEMENT + votes.get(trial.index, 0.0) if votes else 1.0
        return prior * (_WITHOUT_AGREEMENT + agreed[place]) * judged

    return patches[max(range(len(patches)), key=lambda place: (likelihood(place), -patches[place].index))]


def _place(trial: Trial, begun: int) -> float:
    """The place in the order of the search that a patch counts for."""
    return _ANSWERS * (1.0 - trial.candidate.score) if trial.operator == MODEL else trial.index - begun


def doubtful(trial: Trial, view: RepoView, languages: Mapping[str, Language] = LANGUAGES) -> bool:
    """Whether the patch of a trial has one of the patterns that speak against whoever made it."""
    usual = _USUAL_OF_MODELS if trial.operator == MODEL else frozenset[AntiPattern]()
    return trust(trial.patch, view, languages, usual) < _DOUBTFUL


def hollow(
    trial: Trial, others: Iterable[Trial], view: RepoView, languages: Mapping[str, Language] = LANGUAGES
) -> bool:
    """Whether a doubtful patch at the same place passes as well: then the tests do not show what has to be done."""
    return any(
        other.location == trial.location and doubtful(other, view, languages)
        for other in others
        if other.patch != trial.patch
    )


def trust(
    patch: Patch, view: RepoView, languages: Mapping[str, Language], usual: Collection[AntiPattern] = ()
) -> float:
    """The product of the factors of every anti-pattern that a patch shows, but the `usual` ones: 1 if it shows none."""
    value = 1.0
    for path, file in apply(patch, view.read).files.items():
        language = language_of(path, languages)
        for pattern in _patterns(language.anti_patterns, file.before or b"", file.after or b"") if language else ():
            value *= 1.0 if pattern in usual else _FACTORS[pattern]
    return value


@lru_cache(maxsize=64)
def _patterns(
    detect: Callable[[bytes, bytes], Iterator[AntiPattern]], before: bytes, after: bytes
) -> tuple[AntiPattern, ...]:
    """The anti-patterns in a change: the same few patches are looked at again after every batch."""
    return tuple(detect(before, after))
