"""A model server on loopback: it speaks all three protocols, streamed and whole, and misbehaves by script."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

type Json = dict[str, Any]

type Fault = Literal[
    "",
    "silent",  # no answer at all
    "slow",  # an answer that never ends
    "cut",  # the connection breaks in the middle
    "unfinished",  # a stream that ends cleanly without its last event
    "garbled",  # no JSON
    "listed",  # JSON, but of another type
    "hollow",  # an object without what an answer has
    "uncounted",  # no usage
    "odd",  # an unknown reason for the end, null content, fields of other types
    "error",  # an error under a status of success
]

PATHS = {"/v1/responses": "responses", "/v1/chat/completions": "chat", "/v1/messages": "messages"}
ENDS = {
    "responses": {"complete": "completed", "cut": "incomplete", "refused": "completed"},
    "chat": {"complete": "stop", "cut": "length", "refused": "content_filter"},
    "messages": {"complete": "end_turn", "cut": "max_tokens", "refused": "refusal"},
}
PIECES = 5


@dataclass(frozen=True)
class Play:
    """What the server does with a request. `calls` are tool calls: names and arguments as text.

    `error` is sent in place of an answer, with the status. `surplus` follows right after the end of the answer.
    """

    text: str = "an answer"
    calls: tuple[tuple[str, str], ...] = ()
    finish: Literal["complete", "cut", "refused"] = "complete"
    fault: Fault = ""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    error: Any = None
    input: int = 100
    output: int = 20
    cached: int = 0
    written: int = 0
    reasoning: int = 0
    surplus: bytes = b""


@dataclass(frozen=True)
class Asked:
    """A request as it came, and what the server did with it."""

    api: str
    headers: Mapping[str, str]
    body: Json
    play: Play


class ModelServer(ThreadingHTTPServer):
    """Serves until it is closed. `problems` are what is wrong with the requests that came."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, script: Callable[[Json], Play] | Iterable[Play] = ()) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script = script if callable(script) else None
        self.plays: Iterator[Play] = iter(()) if callable(script) else iter(script)
        self.asked: list[Asked] = []
        self.problems: list[str] = []
        self.connections = 0
        self.closing = threading.Event()
        self.lock = threading.Lock()

    def play(self, plays: Iterable[Play]) -> None:
        """What to do with the next requests, in order; then come ordinary answers."""
        self.plays = iter(plays)

    def take(self, api: str, headers: Mapping[str, str], body: Json) -> Play:
        with self.lock:
            play = self.script(body) if self.script is not None else next(self.plays, Play())
            self.asked.append(Asked(api, headers, body, play))
            self.problems += problems_of(api, headers, body)
        return play

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def endpoint(self, api: str) -> str:
        """The address to name for a protocol."""
        return self.url if api == "messages" else f"{self.url}/v1"

    def get_request(self) -> Any:
        self.connections += 1
        return super().get_request()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that leaves is no error."""


@contextmanager
def serving(script: Callable[[Json], Play] | Iterable[Play] = ()) -> Iterator[ModelServer]:
    """A server in a thread of its own."""
    server = ModelServer(script)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), name="models", daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


class Handler(BaseHTTPRequestHandler):
    server: ModelServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or each piece waits for the acknowledgement of the one before

    def log_message(self, format: str, *args: object) -> None:
        del format, args

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        api = PATHS.get(self.path, "")
        if not api:
            self.server.problems.append(f"no such path: {self.path}")
            return self.whole(404, {"error": {"message": "no such path"}})
        play = self.server.take(api, {name.lower(): value for name, value in self.headers.items()}, body)
        if play.fault == "silent":
            self.server.closing.wait()
            self.close_connection = True
        elif play.status != 200 or play.error is not None:
            self.whole(play.status, play.error, play.headers)
        elif body.get("stream"):
            self.streamed(api, play)
        else:
            self.answered(api, play)
        return None

    def whole(self, status: int, value: Any, headers: Mapping[str, str] | None = None) -> None:
        content = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        for name, text in {"content-type": "application/json", **(headers or {})}.items():
            self.send_header(name, text)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def answered(self, api: str, play: Play) -> None:
        content = json.dumps(message(api, play)).encode()
        match play.fault:
            case "garbled":
                content = b"<html>not JSON"
            case "listed":
                content = b"[1, 2]"
            case "hollow":
                content = b'{"id": "x"}'
            case "error":
                content = b'{"error": {"message": "the model fell over"}}'
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        if play.fault in {"slow", "cut", "unfinished"}:
            self.wfile.write(content[: len(content) // 2])
            self.wfile.flush()
            if play.fault == "slow":
                self.server.closing.wait()
            self.close_connection = True
            return
        self.wfile.write(content + play.surplus)

    def streamed(self, api: str, play: Play) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        events = list(EVENTS[api](play))
        first_of_last = next((place for place, (name, _) in enumerate(events) if name), len(events))
        for number, (_, data) in enumerate(events):
            if play.fault in {"slow", "cut"} and number == len(events) // 2:
                self.wfile.flush()
                if play.fault == "slow":
                    self.trickle()
                self.close_connection = True
                return
            if play.fault == "unfinished" and number == first_of_last:
                break
            self.chunk(data if isinstance(data, str) else json.dumps(data))
        self.wfile.write(b"0\r\n\r\n" + play.surplus)

    def trickle(self) -> None:
        """Comments, as servers send them to keep a connection open."""
        while not self.server.closing.wait(0.05):
            self.raw(b": wait\n\n")
        self.close_connection = True

    def chunk(self, data: str) -> None:
        kind = ""
        if data.startswith("{") and '"type"' in data:
            kind = f"event: {json.loads(data).get('type')}\n"
        self.raw(f"{kind}data: {data}\n\n".encode())

    def raw(self, content: bytes) -> None:
        self.wfile.write(f"{len(content):x}\r\n".encode() + content + b"\r\n")
        self.wfile.flush()


# What an answer looks like


def usage_of(api: str, play: Play) -> Json:
    if api == "messages":
        plain = play.input - play.cached - play.written
        return {
            "input_tokens": plain,
            "cache_read_input_tokens": play.cached,
            "cache_creation_input_tokens": play.written,
            "output_tokens": play.output,
            "output_tokens_details": {"thinking_tokens": play.reasoning},
        }
    read, written = ("input", "output") if api == "responses" else ("prompt", "completion")
    return {
        f"{read}_tokens": play.input,
        f"{written}_tokens": play.output,
        "total_tokens": play.input + play.output,
        f"{read}_tokens_details": {"cached_tokens": play.cached, "cache_write_tokens": play.written},
        f"{written}_tokens_details": {"reasoning_tokens": play.reasoning},
    }


def message(api: str, play: Play) -> Json:
    """The whole answer."""
    end = "because" if play.fault == "odd" else ENDS[api][play.finish]
    usage: Json = {} if play.fault == "uncounted" else {"usage": usage_of(api, play)}
    if play.fault == "odd":
        usage = {"usage": {"prompt_tokens": "many", "input_tokens": -3, "output_tokens": None, "x": [1]}}
    match api:
        case "responses":
            details = {"reason": "max_output_tokens"} if play.finish == "cut" else None
            return {"id": "r", "object": "response", "status": end, "incomplete_details": details, "error": None} | {
                "output": items(play),
                **usage,
            }
        case "chat":
            choice = {"index": 0, "message": chat_message(play), "finish_reason": end}
            return {"id": "c", "object": "chat.completion", "choices": [choice], **usage}
    return {"id": "m", "type": "message", "role": "assistant", "content": blocks(play), "stop_reason": end, **usage}


def items(play: Play) -> list[Json]:
    if play.fault == "odd":
        return [{"type": "message", "content": None}, {"type": "unheard_of"}, {"type": "function_call", "name": 3}]
    kind, key = ("refusal", "refusal") if play.finish == "refused" else ("output_text", "text")
    found: list[Json] = [{"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "c2VjcmV0"}]
    if play.text:
        part = {"type": kind, key: play.text}
        found.append({"type": "message", "id": "msg_1", "role": "assistant", "content": [part]})
    for number, (name, arguments) in enumerate(play.calls):
        found.append(
            {
                "type": "function_call",
                "id": f"fc_{number}",
                "call_id": f"call_{number}",
                "name": name,
                "arguments": arguments,
            }
        )
    return found


def chat_message(play: Play) -> Json:
    if play.fault == "odd":
        return {"role": "assistant", "content": None, "tool_calls": [{"function": {"name": None}}, 7]}
    found: Json = {"role": "assistant", "content": play.text or None, "reasoning_content": "hm"}
    if play.calls:
        found["tool_calls"] = [
            {
                "id": f"call_{number}",
                "type": "function",
                "function": {"name": name, "arguments": arguments},
                "extra_content": {"google": {"thought_signature": f"sig{number}"}},
            }
            for number, (name, arguments) in enumerate(play.calls)
        ]
    return found


def blocks(play: Play) -> list[Json]:
    if play.fault == "odd":
        return [{"type": "text", "text": None}, {"type": "unheard_of"}, {"type": "tool_use", "input": "x"}]
    found: list[Json] = [{"type": "thinking", "thinking": "hm", "signature": "c2ln"}]
    if play.text:
        found.append({"type": "text", "text": play.text})
    for number, (name, arguments) in enumerate(play.calls):
        try:
            given = json.loads(arguments)
        except ValueError:
            given = {"INVALID_JSON": arguments}
        found.append({"type": "tool_use", "id": f"toolu_{number}", "name": name, "input": given})
    return found


# The same in pieces. The name of an event is `last` from where a stream that lacks its end breaks off.


def pieces(text: str) -> Iterator[str]:
    size = max(1, -(-len(text) // PIECES))
    return (text[start : start + size] for start in range(0, len(text), size))


def responses_events(play: Play) -> Iterator[tuple[str, Any]]:
    yield "", {"type": "response.created", "response": {"id": "r", "status": "in_progress", "output": []}}
    if play.fault in {"garbled", "listed", "error"}:
        yield from spoiled(play, {"type": "error", "message": "the model fell over"})
        return
    for piece in pieces(play.text):
        yield "", {"type": "response.output_text.delta", "delta": piece, "item_id": "msg_1"}
    whole = message("responses", play)
    for item in whole["output"]:
        yield "", {"type": "response.output_item.done", "item": item}
    if play.fault == "hollow":
        whole = {"id": "r"} if not whole["output"] else {"id": "r", "output": [], "status": "failed"}
    end = {"incomplete", "failed"} & {whole.get("status")} or {"completed"}
    yield "last", {"type": f"response.{end.pop()}", "response": whole}


def chat_events(play: Play) -> Iterator[tuple[str, Any]]:
    def chunk(delta: Any, finish: str | None = None) -> Json:
        return {"id": "c", "object": "chat.completion.chunk", "choices": [{"delta": delta, "finish_reason": finish}]}

    yield "", chunk({"role": "assistant", "content": ""})
    if play.fault in {"garbled", "listed", "error"}:
        yield from spoiled(play, {"error": {"message": "the model fell over"}})
        return
    if play.fault == "hollow":
        yield "", {"error": "no"}
        return
    whole = message("chat", play)["choices"][0]
    for piece in pieces(whole["message"].get("reasoning_content", "")):
        yield "", chunk({"reasoning_content": piece})
    for piece in pieces(play.text):
        yield "", chunk({"content": [{"type": "text", "text": piece}] if play.fault == "odd" else piece})
    for number, call in enumerate(whole["message"].get("tool_calls", [])):
        if not isinstance(call, dict):
            continue
        function = call["function"]
        yield "", chunk({"tool_calls": [{"index": number, **call, "function": function | {"arguments": ""}}]})
        for piece in pieces(function.get("arguments", "")):
            yield "", chunk({"tool_calls": [{"index": number, "function": {"arguments": piece}}]})
    yield "last", chunk({}, whole["finish_reason"])
    if play.fault != "uncounted":
        yield "last", {"id": "c", "choices": [], "usage": message("chat", play)["usage"]}
    yield "last", "[DONE]"


def messages_events(play: Play) -> Iterator[tuple[str, Any]]:
    whole = message("messages", play)
    usage = whole.get("usage", {})
    yield "", {"type": "message_start", "message": {**whole, "content": [], "usage": usage | {"output_tokens": 1}}}
    yield "", {"type": "ping"}
    if play.fault in {"garbled", "listed", "error"}:
        yield from spoiled(play, {"type": "error", "error": {"type": "overloaded_error", "message": "fell over"}})
        return
    for index, block in enumerate(whole["content"]):
        start = {name: [] if isinstance(value, list) else "" for name, value in block.items()} | {
            name: block[name] for name in ("type", "id", "name") if name in block
        }
        yield "", {"type": "content_block_start", "index": index, "content_block": start | inputs(block)}
        for kind, field_name, target in DELTAS:
            given = block.get(target)
            if target == "input" and block["type"] == "tool_use" and play.calls:
                given = play.calls[index - len(whole["content"])][1]
            for piece in pieces(given if isinstance(given, str) else ""):
                delta = {"type": kind, field_name: piece}
                yield "", {"type": "content_block_delta", "index": index, "delta": delta}
        yield "", {"type": "content_block_stop", "index": index}
    told = {} if play.fault in {"uncounted", "hollow"} else {"usage": usage}
    yield "last", {"type": "message_delta", "delta": {"stop_reason": whole["stop_reason"]}, **told}
    if play.fault != "hollow":
        yield "last", {"type": "message_stop"}


DELTAS = (
    ("text_delta", "text", "text"),
    ("thinking_delta", "thinking", "thinking"),
    ("signature_delta", "signature", "signature"),
    ("input_json_delta", "partial_json", "input"),
)


def inputs(block: Json) -> Json:
    return {"input": {}} if block.get("type") == "tool_use" else {}


def spoiled(play: Play, error: Json) -> Iterator[tuple[str, Any]]:
    yield "", {"garbled": "not { JSON", "listed": "[1]", "error": error}[play.fault]


EVENTS: dict[str, Callable[[Play], Iterator[tuple[str, Any]]]] = {
    "responses": responses_events,
    "chat": chat_events,
    "messages": messages_events,
}


# What a request must be


def problems_of(api: str, headers: Mapping[str, str], body: Json) -> list[str]:
    """What a strict server would refuse."""
    found = [f"{name} is not taken" for name in ("temperature", "top_p", "top_k") if name in body]
    if not headers.get("authorization", "").startswith("Bearer "):
        found.append("no key")
    if headers.get("content-type") != "application/json":
        found.append(f"the content type is {headers.get('content-type')}")
    return found + {"responses": of_responses, "chat": of_chat, "messages": of_messages}[api](headers, body)


def of_responses(_: Mapping[str, str], body: Json) -> list[str]:
    found = []
    if body.get("store") is not False or body.get("include") != ["reasoning.encrypted_content"]:
        found.append("it asks the server to keep state")
    calls = [item["call_id"] for item in body["input"] if item.get("type") == "function_call"]
    results = [item["call_id"] for item in body["input"] if item.get("type") == "function_call_output"]
    if calls != results:
        found.append(f"calls {calls}, but results {results}")
    reasoned = sum(item.get("type") == "reasoning" for item in body["input"])
    if reasoned != sum("encrypted_content" in item for item in body["input"]):
        found.append("reasoning without its content")
    if not isinstance(body.get("max_output_tokens"), int):
        found.append("no limit of tokens")
    return found


def of_chat(_: Mapping[str, str], body: Json) -> list[str]:
    found = []
    calls = [call["id"] for turn in body["messages"] for call in turn.get("tool_calls") or ()]
    results = [turn["tool_call_id"] for turn in body["messages"] if turn["role"] == "tool"]
    if calls != results:
        found.append(f"calls {calls}, but results {results}")
    if body.get("stream") and body.get("stream_options") != {"include_usage": True}:
        found.append("a stream without usage")
    if ("max_tokens" in body) == ("max_completion_tokens" in body):
        found.append("no limit of tokens, or two")
    return found


def of_messages(headers: Mapping[str, str], body: Json) -> list[str]:
    found = [] if "anthropic-version" in headers else ["no version"]
    roles = [turn["role"] for turn in body["messages"]]
    if roles[0] != "user" or any(one == other for one, other in itertools.pairwise(roles)):
        found.append(f"the roles do not alternate: {roles}")
    if any(not turn["content"] for turn in body["messages"]):
        found.append("a turn without content")
    contents = [*body.get("system", []), *(block for turn in body["messages"] for block in turn["content"])]
    if sum("cache_control" in block for block in contents) > 4:
        found.append("more than four breakpoints")
    if any(block["type"] == "text" and not block["text"] for block in contents):
        found.append("an empty text")
    calls = [block["id"] for block in contents if block["type"] == "tool_use"]
    results = [block["tool_use_id"] for block in contents if block["type"] == "tool_result"]
    if calls != results:
        found.append(f"calls {calls}, but results {results}")
    return found
