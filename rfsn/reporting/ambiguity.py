"""Where the tests leave open what is right: an input on which patches that pass every test give different answers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from planners.agreement import alike, classes, comparable, tells
from planners.trial import Trial
from rfsn.errors import JournalError
from rfsn.sessions.blobs import BlobStore
from rfsn.sessions.record import Record

__all__ = ["ambiguities", "chosen_and_others"]


def chosen_and_others(record: Record) -> tuple[Trial | None, tuple[Trial, ...]]:
    """The trial whose patch is the result (or was withdrawn), and the others that pass every test."""
    state, ended = record.projection.state, record.projection.ended
    if ended is not None and ended.withdrawn:
        return state.plausible[0], state.plausible[1:]
    return (state.origin[-1] if state.origin else None), state.plausible


def ambiguities(record: Record) -> list[dict[str, Any]]:
    """For each way in which other patches that pass behave, an input on which they and the patch differ.

    `input` is a call, `answer` what comes of it with the patch, and `other` what comes of it with the `alternatives`,
    by their places in the report's list, from 1. Patches that could not be observed on the same inputs are left out.
    """
    chosen, others = chosen_and_others(record)
    if chosen is None or not chosen.behaviour:
        return []
    return list(_differences(record.blobs, chosen, others))


def _differences(blobs: BlobStore, chosen: Trial, others: Sequence[Trial]) -> Iterator[dict[str, Any]]:
    for places in classes([other.behaviour for other in others]):
        other = others[places[0]]
        if not comparable(chosen.behaviour, other.behaviour) or alike(chosen.behaviour, other.behaviour):
            continue
        if telling := _telling(blobs, chosen, other):
            call, answer, differs = telling
            yield {"input": call, "answer": answer, "other": differs, "alternatives": [place + 1 for place in places]}


def _telling(blobs: BlobStore, one: Trial, other: Trial) -> tuple[str, str, str] | None:
    """The input that shows best how two patches differ, with both answers: the shortest, if both of them return."""
    words = list(zip(one.behaviour.split()[1:], other.behaviour.split()[1:], strict=False))
    shown = list(zip(_shown(blobs, one), _shown(blobs, other), strict=False))
    if len(words) != len(shown):
        return None
    found = [
        (left[0] != "r" or right[0] != "r", len(call) + len(answer) + len(differs), call, answer, differs)
        for (left, right), ((call, answer), (_, differs)) in zip(words, shown, strict=True)
        if tells(left, right) and answer != differs
    ]
    return min(found)[2:] if found else None


def _shown(blobs: BlobStore, trial: Trial) -> list[tuple[str, str]]:
    """Each input and what comes of it under a trial, in words."""
    if not trial.shown:
        return []
    text = blobs.output(trial.shown)
    try:
        return [(str(call), str(answer)) for call, answer in json.loads(text)]
    except (TypeError, ValueError) as error:
        raise JournalError(f"{trial.shown}: the answers of a patch are not what the journal says they are") from error
