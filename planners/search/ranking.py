"""Which of several plausible patches is likeliest to be right: those that overfit tend to take something away.

The patterns are those of Tan, Yoshida, Prasad and Roychoudhury, "Anti-patterns in Search-Based Program Repair" (FSE
2016): deleted statements and control flow, early exits, trivial conditions. To them come code that stops using a name
or a call, constants in the place of results (Qi et al., "Kali", ISSTA 2015), and the same operand twice. The language
says which of them a change shows; no test is looked at.

And patches that are right do the same on inputs that no test has, where those that overfit differ from them and from
one another. So the more a patch agrees with others, the likelier it is: test-based patch clustering (Martinez et al.,
"xTestCluster", 2022), with inputs that show differences as in DiffTGen (Xin and Reiss, ISSTA 2017), without an oracle.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from statistics import mean

from buildpacks import RepoView
from gate import Patch, apply
from planners.search.language import AntiPattern, Language
from planners.search.registry import LANGUAGES, language_of
from planners.trial import Trial

__all__ = ["doubtful", "likeliest"]

_NEAR = 32
"""Places in the order of the search that count about the same."""

_DOUBTFUL = 0.6

_FEWEST_VOTES = 3
"""With fewer patches than this that were observed, agreement says nothing."""

_WITHOUT_AGREEMENT = 0.5
"""What a patch that agrees with no other counts, where one that agrees with all counts 1 more."""

_FACTORS: Mapping[AntiPattern, float] = {
    AntiPattern.CONTROL_FLOW_DELETED: 0.4,
    AntiPattern.STATEMENT_DELETED: 0.4,
    AntiPattern.CALL_DROPPED: 0.4,
    AntiPattern.CONVERSION_DROPPED: 0.7,
    AntiPattern.NAME_UNUSED: 0.4,
    AntiPattern.EARLY_EXIT: 0.5,
    AntiPattern.CONSTANT_CONDITION: 0.3,
    AntiPattern.CONSTANT_RESULT: 0.5,
    AntiPattern.SAME_OPERAND_TWICE: 0.3,
    AntiPattern.SHORTER: 0.8,
}
"""What each pattern leaves of a patch's likelihood."""


def likeliest(
    plausible: Iterable[Trial], view: RepoView, begun: int = 0, languages: Mapping[str, Language] = LANGUAGES
) -> Trial:
    """The best of some patches. The order in which the search tried them, from `begun` on, stands for their prior."""
    patches = list(plausible)
    agreement = _agreement([one.behaviour for one in patches])

    def likelihood(place: int) -> float:
        one = patches[place]
        prior = _trust(one.patch, view, languages) / (_NEAR + one.index - begun)
        return prior * (_WITHOUT_AGREEMENT + agreement[place])

    return patches[max(range(len(patches)), key=lambda place: (likelihood(place), -patches[place].index))]


def doubtful(patch: Patch, view: RepoView, languages: Mapping[str, Language] = LANGUAGES) -> bool:
    """Whether a patch shows one of the patterns."""
    return _trust(patch, view, languages) < _DOUBTFUL


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


def _trust(patch: Patch, view: RepoView, languages: Mapping[str, Language]) -> float:
    value = 1.0
    for path, file in apply(patch, view.read).files.items():
        language = language_of(path, languages)
        if language:
            for pattern in language.anti_patterns(file.before or b"", file.after or b""):
                value *= _FACTORS[pattern]
    return value
