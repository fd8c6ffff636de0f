"""Doubles of models, for tests, benchmarks and demonstrations: they take the place of the network, and of nothing else.

    desk = JournaledDesk(ScriptedModel(["first answer", "second answer"]), session.record, ...)
    desk = JournaledDesk(ReplayedModel.of(Path("cassette.jsonl").read_text().splitlines()), session.record, ...)

Calls are reserved, journaled, charged and tried again as those of any model.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Self

from pydantic import TypeAdapter, ValidationError

from gate import ModelCard, Usage
from planners.answers import Answer, Finish
from rfsn.errors import UsageError
from rfsn.machine.text import to_json
from rfsn.models.failure import CallFailed
from rfsn.models.request import Received, Request

__all__ = ["ReplayedModel", "ScriptedModel"]

type Line = str | Answer | Received | CallFailed
"""What a scripted model answers: a text, an answer with calls, one with its usage and finish, or a failure."""

_BYTES_OF_A_TOKEN = 3
_SHOWN = 60


class ScriptedModel:
    """Answers by a script: a function of the request, or a list of which each request takes the next.

    Usage is a third of the bytes, at least 1, where the script does not say it. A list that is used up fails.
    """

    def __init__(self, script: Callable[[Request], Line] | Iterable[Line]) -> None:
        self._script = script if callable(script) else None
        self._lines = iter(() if callable(script) else script)
        self.requests: list[Request] = []

    def prepare(self, card: ModelCard) -> None:
        """Nothing takes time."""

    async def send(self, request: Request, began: Callable[[], None]) -> Received:
        """Answer at once."""
        self.requests.append(request)
        line = self._script(request) if self._script is not None else next(self._lines, None)
        if line is None:
            raise CallFailed("unsent", "the script of the model has no more answers", billed=False)
        if isinstance(line, CallFailed):
            raise line
        began()
        if isinstance(line, Received):
            return line
        answer = Answer(line) if isinstance(line, str) else line
        said = answer.text + "".join(call.name + call.arguments for call in answer.calls)
        return Received(answer, Usage(_tokens(to_json(request.canonical)), _tokens(said)))

    async def close(self) -> None:
        """Nothing is open."""


def _tokens(text: str) -> int:
    return max(1, len(text.encode("utf-8", "replace")) // _BYTES_OF_A_TOKEN)


@dataclass(frozen=True, slots=True)
class _Recorded:
    """A line of a cassette; it may have other fields too."""

    model: str
    request: dict[str, Any]
    answer: Answer
    usage: Usage | None = None
    finish: Finish = "complete"


_RECORDED: TypeAdapter[_Recorded] = TypeAdapter(_Recorded)


class ReplayedModel:
    """Answers from a cassette (see `rfsn.models.recording.cassette`): the same request has the same answer.

    Of equal requests the first has the first answer, and so on; the last answer is repeated. A request that is not
    there fails, and the problem says how it differs from the nearest one that is.
    """

    def __init__(self, recorded: Iterable[_Recorded]) -> None:
        self._answers: defaultdict[str, list[Received]] = defaultdict(list)
        self._requests: list[_Recorded] = []
        for line in recorded:
            self._answers[_key(line.model, line.request)].append(Received(line.answer, line.usage, line.finish))
            self._requests.append(line)

    @classmethod
    def of(cls, lines: Iterable[str]) -> Self:
        """The model of a cassette in JSON Lines. Raises `UsageError` with the number of a line that is none."""
        recorded = []
        for number, line in enumerate(lines, 1):
            try:
                recorded.append(_RECORDED.validate_json(line))
            except ValidationError as error:
                place = ".".join(map(str, error.errors()[0]["loc"]))
                raise UsageError(f"line {number} of the cassette: {place}: {error.errors()[0]['msg']}") from error
        return cls(recorded)

    def prepare(self, card: ModelCard) -> None:
        """Nothing takes time."""

    async def send(self, request: Request, began: Callable[[], None]) -> Received:
        """Answer at once."""
        # As it was recorded: through JSON.
        asked = json.loads(to_json(request.canonical))
        answers = self._answers.get(_key(request.card.name, asked))
        if answers is None:
            difference = self._difference(asked)
            raise CallFailed("unsent", f"the cassette does not have this request: {difference}", billed=False)
        began()
        return answers.pop(0) if len(answers) > 1 else answers[0]

    async def close(self) -> None:
        """Nothing is open."""

    def _difference(self, asked: Mapping[str, Any]) -> str:
        """How a request differs from the recorded one with which it begins alike the longest."""
        if not self._requests:
            return "it is empty"
        nearest = max(self._requests, key=lambda line: _alike(_turns(line.request), _turns(asked)))
        recorded, turns = _turns(nearest.request), _turns(asked)
        place = _alike(recorded, turns)
        if recorded == turns:
            fields = sorted(name for name in asked if asked[name] != nearest.request.get(name)) or ["model"]
            return f"{', '.join(fields)} differ"
        if place == min(len(recorded), len(turns)):
            return f"it has {len(turns)} turns, and the nearest one recorded {len(recorded)}"
        here, there = to_json(turns[place]), to_json(recorded[place])
        start = max(0, _alike(here, there) - _SHOWN // 2)
        new, old = (text[start : start + _SHOWN] for text in (here, there))
        return f"turn {place + 1} has {new!r} where {old!r} is recorded"


def _key(model: str, request: Mapping[str, Any]) -> str:
    return json.dumps([model, request], sort_keys=True)


def _turns(request: Mapping[str, Any]) -> list[Any]:
    turns = request.get("turns")
    return turns if isinstance(turns, list) else []


def _alike(one: Any, other: Any) -> int:
    """How many of the first items are the same."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
