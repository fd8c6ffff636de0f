"""What goes wrong with calls: each ends in time, within the budget, and journaled."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from planners.observations import ModelReplied
from rfsn.models.patience import Patience
from rfsn.models.purse import SharedPurse
from rfsn.models.recording import messages
from rfsn.sessions.events import CallStarted
from tests.models.conftest import Opener
from tests.models.office import APIS, KEY, action_of, card_of
from tests.models.server import Fault, ModelServer, Play

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(params=APIS)
def api(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def error(message: str, **fields: str) -> dict[str, Any]:
    return {"error": {"message": message, **fields}}


def checked(office: Any, replied: ModelReplied) -> list[str]:
    """The statuses of the calls, once each is journaled with its end, and the sums are right."""
    starts = [event for event in office.calls if isinstance(event, CallStarted)]
    assert [(end.sample, end.attempt) for end in office.ends] == [(one.sample, one.attempt) for one in starts]
    assert replied.cost_usd == pytest.approx(sum(end.cost_usd for end in office.ends))
    assert office.session.projection.spent_usd == pytest.approx(replied.cost_usd)
    return [end.status for end in office.ends]


def reserved(office: Any) -> float:
    return next(event.reserved_usd for event in office.calls if isinstance(event, CallStarted))


# What passes


@pytest.mark.parametrize(
    "play",
    [
        Play(status=429, error=error("slow down")),
        Play(status=429, headers={"retry-after": "0"}, error=error("slow down")),
        Play(status=429, headers={"retry-after-ms": "1"}, error=error("slow down")),
        Play(status=429, headers={"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, error=error("slow down")),
        Play(status=429, headers={"retry-after": "soon"}, error=[error("slow down")]),
        Play(status=500, error=b"<html>oops"),
        Play(status=503, error={"detail": "loading"}),
        Play(status=529, error=error("overloaded", type="overloaded_error")),
        Play(status=408, error={}),
        Play(status=409, error={}),
        Play(status=418, headers={"x-should-retry": "true"}, error={}),
    ],
    ids=lambda play: f"{play.status} {play.headers}",
)
def test_a_refusal_that_passes_costs_nothing(server: ModelServer, office: Opener, api: str, play: Play) -> None:
    server.play([play, Play("at last")])
    desk = office(card_of(server.endpoint(api), api))
    replied = desk.ask(action_of("why?"))
    assert desk.text(replied) == "at last"
    assert checked(desk, replied) == [str(play.status), "ok"]
    assert desk.ends[0].cost_usd == 0.0


def test_a_server_may_say_that_it_does_not_pass(server: ModelServer, office: Opener, api: str) -> None:
    server.play([Play(status=500, headers={"x-should-retry": "false"}, error=error("no"))])
    desk = office(card_of(server.endpoint(api), api))
    assert checked(desk, desk.ask(action_of("why?"))) == ["500"]


SPOILED: list[Fault] = ["cut", "unfinished", "garbled", "listed", "hollow", "error"]


@pytest.mark.parametrize("fault", SPOILED)
@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
def test_an_answer_that_broke_off_is_asked_for_again_and_paid_for(
    server: ModelServer, office: Opener, api: str, fault: Fault, *, stream: bool
) -> None:
    server.play([Play("first", fault=fault), Play("at last")])
    desk = office(card_of(server.endpoint(api), api, stream=stream))
    replied = desk.ask(action_of("why?"))
    assert desk.text(replied) == "at last"
    assert checked(desk, replied) == ["broken", "ok"]
    assert desk.ends[0].cost_usd == reserved(desk) > 0.0


@pytest.mark.thorough
@pytest.mark.parametrize("fault", ["silent", "slow"])
@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
def test_a_call_that_takes_too_long_is_ended_and_paid_for(
    server: ModelServer, office: Opener, api: str, fault: Fault, *, stream: bool
) -> None:
    server.play([Play(fault=fault), Play("at last")])
    desk = office(card_of(server.endpoint(api), api, stream=stream, timeout_s=2.0))
    replied = desk.ask(action_of("why?"))
    assert desk.text(replied) == "at last"
    assert checked(desk, replied) == ["timeout", "ok"]
    assert desk.ends[0].cost_usd == reserved(desk) > 0.0
    assert "timeout_s, 2 s" in desk.ends[0].problem


@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
def test_an_answer_without_usage_costs_its_reservation(
    server: ModelServer, office: Opener, api: str, *, stream: bool
) -> None:
    server.play([Play("an answer", fault="uncounted"), Play("", fault="odd")])
    desk = office(card_of(server.endpoint(api), api, stream=stream))
    replied = desk.ask(action_of("why?"))
    assert (desk.text(replied), replied.replies[0].usage) == ("an answer", None)
    assert checked(desk, replied) == ["ok"]
    assert replied.cost_usd == reserved(desk)
    odd = desk.ask(action_of("why?"))
    assert (odd.replies[0].finish, odd.replies[0].usage, odd.cost_usd) == ("complete", None, reserved(desk))


@pytest.mark.parametrize("output", [0, -7, 2.5, 1 << 50])
def test_an_answer_without_output_in_its_usage_costs_its_reservation(
    server: ModelServer, office: Opener, api: str, output: Any
) -> None:
    server.play([Play("an answer", output=output)])
    desk = office(card_of(server.endpoint(api), api))
    replied = desk.ask(action_of("why?"))
    assert replied.replies[0].usage is None
    assert replied.cost_usd == next(call.reserved_usd for call in desk.calls if isinstance(call, CallStarted))


def test_an_empty_answer_is_an_answer(server: ModelServer, office: Opener, api: str) -> None:
    server.play([Play("")])
    desk = office(card_of(server.endpoint(api), api))
    replied = desk.ask(action_of("why?"))
    assert (desk.text(replied), checked(desk, replied)) == ("", ["ok"])


@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
def test_an_enormous_answer_fails(server: ModelServer, office: Opener, api: str, *, stream: bool) -> None:
    server.play([Play("x" * (5 << 20)) for _ in range(2)])
    desk = office(card_of(server.endpoint(api), api, stream=stream), patience=Patience(attempts=1))
    replied = desk.ask(action_of("why?"))
    assert checked(desk, replied) == ["broken"]
    assert "longer than 4 MiB" in replied.replies[0].problem


# What does not pass


@pytest.mark.parametrize(
    ("status", "body", "advice"),
    [
        (400, error("This model's maximum context length is 10 tokens", code="context_length_exceeded"), "its window"),
        (400, error("prompt is too long: 9 tokens > 8 maximum", type="invalid_request_error"), "its window"),
        (400, error("exceeds", type="exceed_context_size_error"), "its window"),
        (413, error("too large"), "its window"),
        (400, error("Your credit balance is too low", type="invalid_request_error"), "plan and billing"),
        (402, error("Insufficient Balance"), "plan and billing"),
        (429, error("You exceeded your current quota", code="insufficient_quota"), "plan and billing"),
        (429, error("no", type="billing_error"), "plan and billing"),
        (400, error("unknown field"), '[models."m"]'),
        (401, error(f"Incorrect API key provided: {KEY}"), "rfsn models check"),
        (403, error(f"{KEY} may not"), "may not use the-m"),
        (404, error("no such model"), "--model"),
        (422, error("unprocessable"), '[models."m"]'),
        (307, b"", "redirects to elsewhere.example"),
    ],
)
def test_a_final_refusal_says_what_to_do(
    server: ModelServer, office: Opener, api: str, status: int, body: Any, advice: str
) -> None:
    server.play([Play(status=status, error=body, headers={"location": "http://user:pass@elsewhere.example/v1"})])
    desk = office(card_of(server.endpoint(api), api))
    replied = desk.ask(action_of("why?"))
    assert checked(desk, replied) == [str(status)]
    assert replied.cost_usd == 0.0
    assert advice in replied.replies[0].problem
    assert KEY not in replied.replies[0].problem


def test_a_key_is_nowhere_even_if_the_server_echoes_it(
    server: ModelServer, office: Opener, api: str, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    server.play(
        [
            Play(status=500, error=error(f"who is {KEY}?")),
            Play(status=400, error=error(f"{KEY} \x1b[31m is bad")),
            Play(f"your key is {KEY}", calls=((KEY, json.dumps({"key": KEY})),)),
        ]
    )
    desk = office(card_of(server.endpoint(api), api))
    assert "[key] \\x1b[31m is bad" in desk.ask(action_of("why?")).replies[0].problem
    assert desk.text(desk.ask(action_of("why?"))) == "your key is [key]"
    said = capfd.readouterr()
    assert KEY not in said.out + said.err
    names = {event.request for event in desk.calls if isinstance(event, CallStarted)}
    names |= {event.answer for event in desk.ends if event.answer}
    assert not any(KEY in desk.session.blobs.output(name) for name in names)
    assert not any(KEY.encode() in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_a_key_is_not_left_where_words_are_cut_off(
    server: ModelServer, office: Opener, api: str, tmp_path: Path
) -> None:
    words = "x" * (300 - len(KEY) // 2) + KEY
    server.play([Play(status=400, error=error(words))])
    desk = office(card_of(server.endpoint(api), api))
    assert desk.ask(action_of("why?")).replies[0].problem.endswith("x[key])")
    assert not any(KEY[:12].encode() in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    "body", [b'{"error": %s1%s}' % (b"[" * deep, b"]" * deep) for deep in (100, 900, 5_000)], ids=["100", "900", "5000"]
)
def test_an_error_of_any_depth_is_an_error(server: ModelServer, office: Opener, api: str, body: bytes) -> None:
    server.play([Play(status=400, error=body, headers={"retry-after": "Mon, 01 Jan 2024 00:00:00 +" + "9" * 30})])
    desk = office(card_of(server.endpoint(api), api))
    assert checked(desk, desk.ask(action_of("why?"))) == ["400"]


@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
def test_an_answer_of_very_many_calls_fails(server: ModelServer, office: Opener, api: str, *, stream: bool) -> None:
    server.play([Play(calls=(("read_file", "{}"),) * 3_000)])
    desk = office(card_of(server.endpoint(api), api, stream=stream), patience=Patience(attempts=1))
    replied = desk.ask(action_of("why?"))
    assert checked(desk, replied) == ["broken"]
    assert "more than 64 tool calls" in replied.replies[0].problem


def test_nobody_there(office: Opener, api: str) -> None:
    desk = office(card_of("http://127.0.0.1:1/v1", api), patience=Patience(attempts=2, first_s=0.001))
    replied = desk.ask(action_of("why?"))
    assert checked(desk, replied) == ["unreachable", "unreachable"]
    assert replied.cost_usd == 0.0
    assert "127.0.0.1:1 cannot be reached" in replied.replies[0].problem
    assert "the last of 2 attempts" in replied.replies[0].problem


def test_proxies_are_used_but_not_for_this_machine(
    server: ModelServer, office: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTP_PROXY", server.url)
    cards = card_of("http://models.example/v1", name="far"), card_of(server.endpoint("chat"), name="near")
    desk = office(*cards)
    assert desk.ask(action_of("why?", model="near")).replies[0].finish == "complete"
    assert server.problems == []
    desk.ask(action_of("why?", model="far"))
    assert server.problems == ["no such path: http://models.example/v1/chat/completions"]
    server.problems.clear()


@pytest.mark.parametrize("host", ["127.0.0.2", "[::1]", "localhost"])
def test_no_proxy_is_used_for_this_machine_with_encryption_either(
    host: str, server: ModelServer, office: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", server.url)
    desk = office(card_of(f"https://{host}:1/v1"), patience=Patience(attempts=1))
    assert checked(desk, desk.ask(action_of("why?"))) == ["unreachable"]
    assert server.connections == 0


def test_the_packages_are_imported_for_their_own_models_only() -> None:
    code = (
        "import sys, rfsn.loop.executor, rfsn.models.calls, rfsn.models.doubles\n"
        "print({*sys.modules} & {'openai', 'anthropic', 'httpx2'})\n"
        "from rfsn.models.wire.http import HttpWire\n"
        "print({*sys.modules} & {'openai', 'anthropic'})\n"
        "from tests.models.office import card_of\n"
        "for api in ('chat', 'responses'):\n"
        "    HttpWire(lambda card: '').prepare(card_of('x', api))\n"
        "    print({*sys.modules} & {'openai', 'anthropic'})\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines() == ["set()", "set()", "set()", "{'openai'}"]


def test_attempts_end(server: ModelServer, office: Opener) -> None:
    server.play([Play(status=500, error=error("oops")) for _ in range(9)])
    desk = office(card_of(server.endpoint("chat")), patience=Patience(first_s=0.001, longest_s=0.002, failures=99))
    replied = desk.ask(action_of("why?"))
    assert checked(desk, replied) == ["500"] * 5
    assert "answered 500 (oops) (the last of 5 attempts)" in replied.replies[0].problem


def test_nobody_sleeps_beyond_the_deadline(server: ModelServer, office: Opener) -> None:
    server.play([Play(status=429, headers={"retry-after": "86400"}, error=error("slow down"))])
    desk = office(card_of(server.endpoint("chat")))
    (reply,) = desk.ask(action_of("why?")).replies
    assert "asks to wait for 86400 s" in reply.problem
    assert "answered 429" in reply.problem
    assert [end.status for end in desk.ends] == ["429"]


def test_the_deadline_ends_a_call(server: ModelServer, office: Opener, api: str) -> None:
    server.play([Play(fault="silent")])
    desk = office(card_of(server.endpoint(api), api))
    replied = desk.ask(action_of("why?"), 0.5)
    assert checked(desk, replied) == ["timeout"]
    assert "before the time limit; no time is left" in replied.replies[0].problem
    assert replied.cost_usd == reserved(desk)


def test_without_time_nothing_is_sent(server: ModelServer, office: Opener) -> None:
    desk = office(card_of(server.endpoint("chat")))
    replied = desk.ask(action_of("one", "two"), 0.0)
    assert {reply.problem for reply in replied.replies} == {"no time is left"}
    assert (server.asked, replied.cost_usd, desk.session.projection.spent_usd) == ([], 0.0, 0.0)


# Many at once


def test_the_first_sample_goes_first(server: ModelServer, office: Opener) -> None:
    desk = office(card_of(server.endpoint("messages"), "messages"))
    replied = desk.ask(action_of("one", "two", "three", "four"))
    assert [reply.finish for reply in replied.replies] == ["complete"] * 4
    texts = [asked.body["messages"][0]["content"][-1]["text"] for asked in server.asked]
    assert (texts[0], sorted(texts)) == ("one", ["four", "one", "three", "two"])


def test_the_others_do_not_wait_for_a_first_sample_that_fails(server: ModelServer, office: Opener) -> None:
    server.play([Play(status=401, error={})])
    desk = office(card_of(server.endpoint("chat")))
    replied = desk.ask(action_of("one", "two", "three"))
    assert [reply.finish for reply in replied.replies] == ["failed", "complete", "complete"]


def test_the_breaker_opens_and_lets_one_call_try(server: ModelServer, office: Opener) -> None:
    server.play([Play(status=500, error=error("oops")) for _ in range(6)])
    desk = office(card_of(server.endpoint("chat")), patience=Patience(9, 0.001, 0.002, failures=3, rest_s=0.05))
    replied = desk.ask(action_of("one", "two", "three"))
    assert [reply.finish for reply in replied.replies] == ["complete"] * 3
    assert len(server.asked) == 9


def test_an_open_breaker_fails_at_once_if_there_is_no_time(server: ModelServer, office: Opener) -> None:
    server.play([Play(status=500, error=error("oops")) for _ in range(9)])
    desk = office(card_of(server.endpoint("chat")), patience=Patience(5, 0.001, 0.002, failures=3, rest_s=3600.0))
    (reply,) = desk.ask(action_of("one")).replies
    assert "failed 3 times in a row" in reply.problem
    assert len(server.asked) == 3
    (again,) = desk.ask(action_of("two")).replies
    assert "failed 3 times in a row" in again.problem
    assert len(server.asked) == 3


def test_rates_leave_no_time(server: ModelServer, office: Opener) -> None:
    desk = office(card_of(server.endpoint("chat"), requests_per_minute=2.0))
    replied = desk.ask(action_of("one", "two", "three"), 5.0)
    assert [reply.finish for reply in replied.replies] == ["complete", "complete", "failed"]
    assert "requests_per_minute" in replied.replies[2].problem


def test_a_call_of_more_tokens_than_a_minute_has_goes_alone(server: ModelServer, office: Opener) -> None:
    desk = office(card_of(server.endpoint("chat"), requests_per_minute=0.5, tokens_per_minute=500.0))
    assert desk.ask(action_of("one")).replies[0].finish == "complete"


# Money


def test_a_call_that_does_not_fit_is_not_made(server: ModelServer, office: Opener) -> None:
    desk = office(card_of(server.endpoint("chat")), max_cost=0.001)
    replied = desk.ask(action_of("why?"))
    assert (server.asked, desk.calls, replied.cost_usd) == ([], [], 0.0)
    assert "raise --max-cost" in replied.replies[0].problem


def test_samples_wait_for_what_others_leave(server: ModelServer, office: Opener) -> None:
    most = 0.02  # one reservation fits, and no second beside it
    desk = office(card_of(server.endpoint("chat")), max_cost=most)
    replied = desk.ask(action_of("one", "two", "three"))
    assert [reply.finish for reply in replied.replies] == ["complete"] * 3
    assert reserved(desk) * 2 > most > reserved(desk)


def test_reservations_are_used_up(server: ModelServer, office: Opener) -> None:
    server.play([Play(fault="cut") for _ in range(9)])
    desk = office(card_of(server.endpoint("chat")), max_cost=0.03)
    replied = desk.ask(action_of("why?"))
    assert len(checked(desk, replied)) == int(0.03 / reserved(desk))
    assert "raise --max-cost" in replied.replies[0].problem
    assert "broke off" in replied.replies[0].problem


def test_a_purse_is_shared_by_sessions_in_threads(server: ModelServer, tmp_path: Path) -> None:
    purse, made = SharedPurse(0.1), []

    def session(number: int) -> None:
        folder = tmp_path / str(number)
        folder.mkdir()
        opener = Opener(folder)
        desk = opener(card_of(server.endpoint("chat")), purse=purse)
        made.append(desk.ask(action_of(*map(str, range(8)))))
        desk.close()

    server.play([Play(fault="uncounted") for _ in range(99)])
    threads = [threading.Thread(target=session, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spent = sum(replied.cost_usd for replied in made)
    assert purse.spent_usd == pytest.approx(spent)
    assert 0.08 < spent <= 0.1
    assert any("of the evaluation" in reply.problem for replied in made for reply in replied.replies)


# Resuming


def test_an_answered_sample_is_not_asked_again_and_a_lost_call_is_paid_for(server: ModelServer, office: Opener) -> None:
    action = action_of("one", "two", "three")
    card = card_of(server.endpoint("chat"))
    first = office(card)
    first.steps = 1
    proposal = first.begin(action)
    # The controller is killed when its second call has been sent.
    record = first.session.record
    killed: list[CallStarted] = []

    def until(event: Any) -> None:
        if killed:
            raise KeyboardInterrupt
        record(event)
        if isinstance(event, CallStarted) and event.sample == 1:
            killed.append(event)
            raise KeyboardInterrupt

    first.desk._record = until
    with pytest.raises(KeyboardInterrupt):
        first.desk.ask(proposal.id, action, 60.0)
    first.close()
    answered = {end.sample for end in first.ends}
    assert 1 not in answered
    asked = len(server.asked)
    second = office(card)
    replied = second.ask(action)
    assert [reply.finish for reply in replied.replies] == ["complete"] * 3
    assert len(server.asked) - asked == 3 - len(answered)
    attempts = [(event.sample, event.attempt) for event in second.calls if isinstance(event, CallStarted)]
    assert (1, 2) in attempts
    assert len(attempts) == len({*attempts})
    lost = replied.replies[1].cost_usd - second.ends[-1].cost_usd
    assert lost == pytest.approx(killed[0].reserved_usd)
    assert second.session.projection.spent_usd == pytest.approx(replied.cost_usd)
    told = [(message["attempt"], message["status"]) for message in messages(second.session) if message["sample"] == 1]
    assert told == [(1, "lost"), (2, "ok")]


INTERRUPTED = """
import sys
from pathlib import Path
from tests.models.office import Office, action_of, card_of, wire
office = Office(Path(sys.argv[2]), wire(), card_of(sys.argv[1]))
office.session.listeners.append(lambda event, _: event.kind == "call_started" and print("asked", flush=True))
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have the tests ignore it
if sys.argv[3] == "own":
    def interrupt(number, frame):
        raise KeyboardInterrupt
    signal.signal(signal.SIGINT, interrupt)
try:
    office.ask(action_of("one", "two"))
except KeyboardInterrupt:
    office.close()
    print("interrupted", flush=True)
"""


@pytest.mark.parametrize("handler", ["own", "default"])
def test_an_interrupt_ends_a_call_at_once(server: ModelServer, tmp_path: Path, handler: str) -> None:
    server.play([Play(fault="silent")])
    command = [sys.executable, "-P", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{INTERRUPTED}"]
    with subprocess.Popen(
        [*command, server.endpoint("chat"), tmp_path, handler], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "asked\n"
        while len(server.asked) < 1:
            time.sleep(0.01)
        os.kill(child.pid, signal.SIGINT)
        assert child.stdout.read() == "interrupted\n"
    assert child.returncode == 0
    journal = (tmp_path / "session" / "journal.jsonl").read_text()
    assert ("call_started" in journal, "call_ended" in journal) == (True, False)


def test_nothing_is_sent_for_a_key_that_no_header_can_have(server: ModelServer, office: Opener) -> None:
    from rfsn.models.wire.http import HttpWire

    desk = office(card_of(server.endpoint("chat")), wire_=HttpWire(lambda _: "sk-ab\ncd"))
    (reply,) = desk.ask(action_of("why?")).replies
    assert "has characters that no key has" in reply.problem
    assert ("sk-ab" in reply.problem, server.asked) == (False, [])
