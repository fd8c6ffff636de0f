"""How likely a patch that passes every test is right: a logistic model of a few signs that a session leaves.

Tests are weak oracles, so many patches that pass them are wrong (Smith et al., "Is the Cure Worse Than the Disease?",
FSE 2015). What tells right ones from wrong ones is known of overfitting: where in the order of the search a patch was
found (Long and Rinard, "An Analysis of the Search Spaces for Generate and Validate Patch Generation Systems", ICSE
2016), whether it has an anti-pattern (Tan et al., FSE 2016), whether other patches that pass behave otherwise (Xiong et
al., "Identifying Patch Correctness in Test-Based Program Repair", ICSE 2018), and how many tests run the changed code.
The weights are fitted to labelled repairs by `benchmarks/confidence.py`, which measures the calibration as well.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import PurePosixPath

from buildpacks import RepoView, Spectrum
from planners.agreement import alike, comparable
from planners.api import ReportView
from planners.search.language import MEND, Language
from planners.search.ranking import hollow, trust
from planners.search.registry import LANGUAGES
from planners.state import State
from planners.targets import targets_of
from planners.trial import MODEL, Trial

__all__ = ["WEIGHTS", "Confidence", "Signs", "confidence_in", "signs_of"]


@dataclass(frozen=True, slots=True)
class Signs:
    """What a session shows of the patch that it chose. Counts are logarithms of one plus the count.

    `place` is the candidate's number in the search, since the last patch that was kept; `mended` is 1 if it mends what
    Python itself says is wrong; `model` is 1 if a model made it; `doubt` grows with its anti-patterns; `hollow` is 1 if
    a patch that has some passes at the same place as well; `rivals` counts other patches that pass the same tests and
    behave otherwise or could not be observed, `allies` those that behave alike; `passing` counts passing tests that run
    the changed line, and `targets` the tests that it repairs; `faults` counts patches that were kept before it;
    `rejected` counts patches that a verdict rejected; `files` counts the files of the tree in a language of the search:
    in a large tree there is more that passes and is wrong.
    """

    place: float
    mended: float
    model: float
    doubt: float
    hollow: float
    rivals: float
    allies: float
    passing: float
    targets: float
    faults: float
    rejected: float
    files: float


BIAS = 2.9
WEIGHTS = Signs(
    place=-0.07,
    mended=0.65,
    model=0.0,
    doubt=-0.38,
    hollow=-0.54,
    rivals=-0.91,
    allies=0.0,
    passing=0.0,
    targets=0.26,
    faults=-1.51,
    rejected=0.0,
    files=-0.36,
)
"""The weights of the signs in the log-odds that a patch is right."""


@dataclass(frozen=True, slots=True)
class Confidence:
    """The likelihood, 0 to 1, that the verified patch is right, and what speaks for and against it, in words."""

    value: float
    reasons: tuple[str, ...]


def confidence_in(
    state: State,
    view: RepoView,
    reports: ReportView,
    wanted: tuple[str, ...],
    languages: Mapping[str, Language] = LANGUAGES,
) -> Confidence | None:
    """The confidence in the patch that is verified; None if there is none, or if it is not from a search or a model."""
    signs = signs_of(state, view, reports, wanted, languages)
    if signs is None:
        return None
    odds = BIAS + sum(getattr(WEIGHTS, field.name) * getattr(signs, field.name) for field in fields(Signs))
    return Confidence(round(1 / (1 + math.exp(-odds)), 2), tuple(_reasons(signs)))


def signs_of(
    state: State,
    view: RepoView,
    reports: ReportView,
    wanted: tuple[str, ...],
    languages: Mapping[str, Language] = LANGUAGES,
) -> Signs | None:
    """The signs of the patch that is verified; None as in `confidence_in`."""
    chain = state.origin
    if not chain or state.verified is None:
        return None
    partly = state.kept is not None and state.verified[0] == state.kept.patch
    known_too = state.kept.rivals if state.kept and partly else state.plausible
    last, others = chain[-1], [known for known in known_too if known.patch != chain[-1].patch]
    allies = sum(_alike(last, other) for other in others)
    known = targets_of(state, reports, wanted)
    spectrum = reports.spectrum(state.spectrum.spectrum) if state.spectrum else Spectrum(())
    begun = state.kept.tried if state.kept and len(chain) > 1 else 0
    return Signs(
        place=math.log1p(0 if last.operator == MODEL else max(0, last.index - begun)),
        mended=float(last.operator.startswith(MEND)),
        model=float(last.operator == MODEL),
        doubt=-math.log(trust(state.verified[0], view, languages)),
        hollow=float(hollow(last, others, view, languages)),
        rivals=math.log1p(len(others) - allies),
        allies=math.log1p(allies),
        passing=math.log1p(_passing(spectrum, last)),
        targets=math.log1p(len(known.all)),
        faults=math.log1p(len(chain) - 1),
        rejected=math.log1p(state.rejected),
        files=math.log1p(sum(PurePosixPath(path).suffix in languages for path in view.files())),
    )


def _alike(one: Trial, other: Trial) -> bool:
    return comparable(one.behaviour, other.behaviour) and alike(one.behaviour, other.behaviour)


def _passing(spectrum: Spectrum, trial: Trial) -> int:
    """How many passing tests execute the line that a candidate edits."""
    path, _, line = trial.location.rpartition(":")
    passing = (trace for trace in spectrum.cases if not trace.outcome.failing)
    return sum(line.isdigit() and int(line) in trace.lines.get(path, ()) for trace in passing)


def _reasons(signs: Signs) -> Iterator[str]:
    """What the signs say, in words."""
    count = {field.name: round(math.expm1(getattr(signs, field.name))) for field in fields(Signs)}
    if signs.mended:
        yield "it mends what Python itself names"
    elif signs.model:
        yield "a model wrote it"
    else:
        yield f"it was candidate {count['place'] + 1} of the search"
    if count["rivals"]:
        yield f"others that pass the same tests and behave otherwise, or could not be compared: {count['rivals']}"
    if count["allies"]:
        yield f"others that pass and behave alike: {count['allies']}"
    if not count["rivals"] and not count["allies"]:
        yield "no other patch was found that passes"
    yield f"passing tests that run the changed line: {count['passing']}"
    if signs.doubt:
        yield "it has traits of patches that merely pass"
    if signs.hollow:
        yield "a patch that only takes something away at the same place passes as well"
    if count["faults"]:
        yield f"faults that were repaired one after another: {count['faults'] + 1}"
    if count["rejected"]:
        yield f"patches that were rejected before it: {count['rejected']}"
