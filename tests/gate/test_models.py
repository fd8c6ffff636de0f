"""What may be asked of models."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gate import (
    Allowed,
    AskModel,
    BasePaths,
    Context,
    DenialKind,
    Denied,
    Gate,
    ModelCard,
    Phase,
    Proposal,
    Tool,
    Turn,
    reservation_usd,
)

FILES = {"src/core.py": b"x = 1\n", ".env": b"KEY=1\n", "deploy/server.key": b"", "src/caf\u00e9.py": b""}
CARD = ModelCard("small", "chat", "small-1", "https://models.example", 1.0, 2.0, priced="here", window=100_000)
FREE = ModelCard("local", "chat", "local-1", "http://127.0.0.1:1", max_tokens=500)


def read(path: str) -> bytes:
    return FILES[path]


CONTEXT = Context(
    BasePaths(FILES, links=["link"]), read, lambda _path: False, models=(CARD, FREE), left_usd=1.0, reproduced=True
)
ASK = AskModel("small", "patch", ((Turn("system", "repair"), Turn("user", "why?")),), 1_000, files=("src/core.py",))


def decide(context: Context = CONTEXT, **changed: Any) -> Allowed | Denied:
    action = replace(ASK, **changed)
    return Gate().decide(Proposal("p1", Phase.PATCH, "ask", "it knows", action, "a patch"), context)


def denied(rule: str, context: Context = CONTEXT, **changed: Any) -> Denied:
    decision = decide(context, **changed)
    assert isinstance(decision, Denied), changed
    assert decision.rule == rule
    assert decision.hint
    return decision


def test_a_known_model_may_be_asked() -> None:
    assert decide() == Allowed()
    assert decide(samples=ASK.samples * 64) == Allowed()
    answered = (*ASK.samples[0], Turn("model", reply="blob"), Turn("result", "it ran", call="c1"))
    assert decide(samples=(answered,), tools=(Tool("read", "reads a file", "{}"),)) == Allowed()
    assert decide(model="local", max_tokens=500) == Allowed()


def test_another_model_may_not() -> None:
    assert "small, local" in denied("models.known", model="huge").hint
    denied("models.known", replace(CONTEXT, models=())).hint.endswith("none")


@pytest.mark.parametrize(
    "samples",
    [
        (),
        ASK.samples * 65,
        ((),),
        (*ASK.samples, ()),
        ((Turn("user", " \n"),),),
        ((Turn("user", "a"), Turn("result")),),
    ],
)
def test_there_are_samples_and_none_is_empty(samples: tuple[tuple[Turn, ...], ...]) -> None:
    assert denied("models.known", samples=samples).rejection_type is DenialKind.SCHEMA


def test_a_request_has_a_bounded_size() -> None:
    rich = replace(CONTEXT, left_usd=1e9, models=(replace(CARD, window=0), FREE))
    assert decide(rich, samples=((Turn("user", "x " * 500_000),),)) == Allowed()
    long = denied("models.known", rich, samples=((Turn("user", "x " * 500_000),),) * 20)
    assert long.rejection_type is DenialKind.BOUNDS
    denied("models.known", rich, echoed_bytes=20_000_000)
    denied("models.known", rich, echoed_bytes=-1)
    denied("models.known", rich, max_tokens=0)


def test_the_id_that_a_result_repeats_is_paid_for() -> None:
    """It is the model's own, and may be as long as an answer."""
    short, long = (replace(ASK, samples=((Turn("result", "a", call=call),),)) for call in ("c1", "c" * 5_000))
    assert long.most_input_tokens(0) - short.most_input_tokens(0) == 4_998


def test_a_request_fits_the_window_and_the_answer_the_limit() -> None:
    rich = replace(CONTEXT, left_usd=1e9)
    assert decide(rich, samples=((Turn("user", "x " * 140_000),),)) == Allowed()
    assert "window" in denied("models.known", rich, samples=((Turn("user", "x " * 150_000),),)).reason
    assert "window" in denied("models.known", rich, max_tokens=100_000).reason
    assert "500" in denied("models.known", model="local", max_tokens=501).reason


@pytest.mark.parametrize(
    "path", [".env", "deploy/server.key", "gone.py", "../x", "link", "/etc/passwd", "src/cafe\u0301.py", "src", ""]
)
def test_only_plain_files_of_the_base_leave_and_no_keys(path: str) -> None:
    assert denied("models.egress", files=("src/core.py", path)).rejection_type is DenialKind.INVARIANT


@pytest.mark.parametrize(
    "text",
    ["AKIA" + "IOSFODNN7EXAMPLE", "ada@example.com", "+49 170 1234567", "DE89370400440532013000", "4111111111111111"],
)
def test_nothing_private_leaves_and_no_denial_repeats_it(text: str) -> None:
    turns = ASK.samples[0]
    for changed in (
        {"samples": (turns, (*turns, Turn("user", f"see {text} there")))},
        {"samples": ((Turn("system", text), *turns),)},
        {"tools": (Tool("read", f"writes to {text}", "{}"),)},
    ):
        decision = denied("models.egress", **changed)
        assert text not in decision.reason + decision.hint
    assert decide(samples=((Turn("user", "see REDACTED_EMAIL_3fa94c there"),),)) == Allowed()


def test_the_first_call_fits_what_is_left() -> None:
    needed = reservation_usd(ASK, CARD, 0)
    assert decide(replace(CONTEXT, left_usd=needed)) == Allowed()
    decision = denied("models.budget", replace(CONTEXT, left_usd=needed - 0.001))
    assert "0.0010 USD are missing" in decision.reason
    assert "--max-cost" in decision.hint
    assert decision.rejection_type is DenialKind.BOUNDS
    denied("models.budget", replace(CONTEXT, left_usd=float("nan")))
    assert decide(replace(CONTEXT, left_usd=needed), samples=ASK.samples * 9) == Allowed()
    assert decide(replace(CONTEXT, left_usd=0.0), model="local", max_tokens=9) == Allowed()


def test_texts_that_cannot_be_encoded_are_judged_too() -> None:
    assert decide(samples=((Turn("user", "\ud800\0\u202e"),),)) == Allowed()
    assert isinstance(decide(tools=(Tool("\ud800", "", ""),)), Denied)
