"""The behaviour of a candidate on inputs that no test has: digests to compare candidates, and texts for people to read.

The inputs are the same for every candidate of a plan: recorded ones of the functions that the targets call, and changed
ones. Calls are made in forks of the server (`answers`).
"""

import marshal
import random
import time
from functools import partial
from itertools import islice
from types import FunctionType
from typing import Any, Dict, List, Mapping, Optional, Sequence, Set, Tuple

from .answers import (
    ENDED,
    OBSERVATION_S,
    SHOWN,
    UNANSWERED,
    WAITING_S,
    Input,
    answered,
    answers_to,
    hashed,
    read_answers,
    without_result,
)
from .attempt import Limited, Runner
from .calls import Arguments, CallRecorder, Recorded
from .child import in_child
from .describe import described_call, shortened
from .inputs import inputs_like
from .limits import cap_memory
from .moments import Caller, Variation, moments_of, variations_of
from .state import TooMuchState, TreeState
from .swap import Replacement, put

MOST_INPUTS, MOST_VARIATIONS = 96, 32

_SEED = 0
_MOST_FUNCTIONS = 6
_MOST_TESTS = 32
_RECORDING_S, _ONE_TEST_S = 0.3, 0.1
"""CPU seconds for everything and for one test."""

Behaviour = Dict[str, List[str]]
"""What an `observe` is answered with, see `buildpacks/warm.py`."""


class Observer:
    """Calls functions of the tree under one candidate after another, each time with the same inputs."""

    def __init__(
        self,
        functions: Sequence[FunctionType],
        runner: Runner,
        folder: str,
        sources: Set[str],
        targets: Sequence[Limited],
        tests: Sequence[Limited],
    ) -> None:
        """Record the tests' calls of the functions outside of `sources`, the files of the tests themselves."""
        self._functions = functions
        self._runner = runner
        self._tests = [*targets, *tests[:_MOST_TESTS]]
        recorded = recorded_by(functions, runner, sources, targets, tests)
        self._sources = sources
        moments, reached = moments_of(functions, sources, runner, self._tests)
        self._reached = {id(functions[place]) for place in recorded.reached | reached}
        self._inputs = _inputs(recorded.calls)
        named = [(functions[call.place].__qualname__, call.arguments) for call in self._inputs]
        loaded = ((name, marshal.loads(arguments)) for name, arguments in named)  # noqa: S302  # our own
        self._calls = [described_call(name, arguments, SHOWN) for name, arguments in loaded]
        self._variations: List[Variation] = []
        chance = random.Random(_SEED)  # noqa: S311  # the same every time
        self._variations = self._stable(variations_of(moments, MOST_VARIATIONS, chance))
        varied = [variation.shown(functions[variation.moment.place].__qualname__) for variation in self._variations]
        self._calls += [shortened(text, 2 * SHOWN) for text in varied]
        self._series = "i" + hashed(repr((named, varied)))
        try:
            self._state: Optional[TreeState] = TreeState(folder, ())
        except TooMuchState:
            self._state = None

    def observe(self, replacements: Sequence[Replacement]) -> Behaviour:
        """The name of the series, and a digest for each input; empty if no input reaches a replaced function."""
        if not any(id(function) in self._reached for function, *_ in replacements):
            return {"behaviour": []}
        answers = answers_to(self._functions, self._inputs, self._state, replacements)
        answers += self._varied(self._variations, replacements)
        digests, texts = [digest for digest, _ in answers], [text for _, text in answers]
        return {"behaviour": [self._series, *digests], "calls": self._calls, "answers": texts}

    def _stable(self, variations: Sequence[Variation]) -> List[Variation]:
        """Those to which the base gives the same answer twice; what there was no time for has none."""
        first, second = (self._varied(variations, ()) for _ in range(2))
        none = without_result(UNANSWERED)
        return [one for one, left, right in zip(variations, first, second) if none != left == right]

    def _varied(self, variations: Sequence[Variation], replacements: Sequence[Replacement]) -> List[Tuple[str, str]]:
        """The answers to calls that tests make, in order."""
        answers = [without_result(UNANSWERED)] * len(variations)
        deadline = time.monotonic() + OBSERVATION_S
        for test in sorted({variation.moment.test for variation in variations}):
            if time.monotonic() > deadline:
                break
            own = [(number, one) for number, one in enumerate(variations) if one.moment.test == test]
            written = in_child(partial(self._vary, own, replacements), OBSERVATION_S)[1]
            for line in written.split(b"\n"):
                number, _, answer = line.partition(b" ")
                if number.isdigit() and int(number) < len(answers):
                    answers[int(number)] = (read_answers(answer) or [without_result(ENDED)])[0]
        return answers

    def _vary(
        self, variations: Sequence[Tuple[int, Variation]], replacements: Sequence[Replacement], out: int
    ) -> Dict[str, Any]:
        item, limit = self._tests[variations[0][1].moment.test]
        cap_memory()
        put(replacements)
        caller = Caller(self._functions, self._sources, variations, answered, WAITING_S, out)
        caller.watch(partial(self._runner.run, item, limit))
        return {}


def recorded_by(
    functions: Sequence[FunctionType],
    runner: Runner,
    sources: Set[str],
    targets: Sequence[Limited],
    tests: Sequence[Limited],
    replacements: Sequence[Replacement] = (),
) -> Recorded:
    """The calls of the targets, and calls of the same functions by some other tests, with code in its place."""
    ours = {place for place, function in enumerate(functions) if function.__code__.co_filename not in sources}
    recorded = Recorded()
    recorded.read(_watched(functions, runner, ours, targets, replacements))
    if recorded.calls:
        recorded.calls = dict(islice(recorded.calls.items(), _MOST_FUNCTIONS))
        recorded.read(_watched(functions, runner, set(recorded.calls), tests[:_MOST_TESTS], replacements))
    return recorded


def _watched(
    functions: Sequence[FunctionType],
    runner: Runner,
    wanted: Set[int],
    tests: Sequence[Limited],
    replacements: Sequence[Replacement],
) -> bytes:
    """The output of a recorder while tests run."""

    def run(out: int) -> Dict[str, Any]:
        put(replacements)
        recorder = CallRecorder(functions, wanted.__contains__, out)
        deadline = time.process_time() + _RECORDING_S
        for item, limit in tests:
            left = min(limit, _ONE_TEST_S, deadline - time.process_time())
            if left <= 0.0 or recorder.enough:
                break
            recorder.watch(partial(runner.run, item, left))
        return {}

    return in_child(run, _RECORDING_S)[1]


def _inputs(calls: Mapping[int, Sequence[Arguments]]) -> List[Input]:
    chance = random.Random(_SEED)  # noqa: S311  # the same every time
    share = MOST_INPUTS // max(1, len(calls))
    return [
        Input(place, marshal.dumps(arguments))
        for place, recorded in calls.items()
        for arguments in inputs_like(recorded, share, chance)
    ]
