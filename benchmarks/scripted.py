"""A model of known quality behind a real server: for benchmarks, which import it.

It speaks Chat Completions on loopback, whole and streamed. What it answers is up to a function of the messages.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

BYTES_OF_A_TOKEN = 3

type Message = Mapping[str, Any]
type Answer = str | Mapping[str, Any]
"""A text, or a whole message with calls of tools."""


@dataclass
class Account:
    """What the server did: when requests came and were answered, and how many bytes and tokens they had."""

    times: list[float] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)
    input: int = 0
    output: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def tokens(self) -> int:
        """All tokens."""
        return self.input + self.output


@contextmanager
def serving(answer: Callable[[Sequence[Message]], Answer], account: Account) -> Iterator[str]:
    """Serve on a free port of loopback, and give the base URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # or an answer waits for the acknowledgement of its headers
        wbufsize = -1

        def do_POST(self) -> None:
            came = time.perf_counter()
            raw = self.rfile.read(int(self.headers["content-length"]))
            body = json.loads(raw)
            said = answer(body["messages"])
            message = {"role": "assistant", "content": said} if isinstance(said, str) else {"role": "assistant", **said}
            usage = _usage(len(raw), len(json.dumps(message)))
            with account.lock:
                account.times.append(came)
                account.sizes.append(len(raw))
                account.input += usage["prompt_tokens"]
                account.output += usage["completion_tokens"]
            if body.get("stream"):
                self._send("text/event-stream", b"".join(_events(message, usage)))
            else:
                whole = {**_HEAD, "object": "chat.completion", "choices": [_choice(message)], "usage": usage}
                self._send("application/json", json.dumps(whole).encode())
            with account.lock:
                account.answered.append(time.perf_counter())

        def _send(self, kind: str, body: bytes) -> None:
            self.send_response(200)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()


_HEAD = {"id": "chatcmpl-1", "created": 0, "model": "scripted"}


def _usage(sent: int, said: int) -> dict[str, int]:
    prompt, completion = max(1, sent // BYTES_OF_A_TOKEN), max(1, said // BYTES_OF_A_TOKEN)
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def _choice(message: Mapping[str, Any]) -> dict[str, Any]:
    return {"index": 0, "message": message, "finish_reason": "tool_calls" if message.get("tool_calls") else "stop"}


def _events(message: Mapping[str, Any], usage: Mapping[str, int]) -> Iterator[bytes]:
    calls = [{"index": place, **call} for place, call in enumerate(message.get("tool_calls", ()))]
    delta = {**message, "tool_calls": calls} if calls else dict(message)
    finish = "tool_calls" if calls else "stop"
    chunks: tuple[dict[str, Any], ...] = (
        {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]},
        {"choices": [], "usage": usage},
    )
    for chunk in chunks:
        yield b"data: " + json.dumps({**_HEAD, "object": "chat.completion.chunk", **chunk}).encode() + b"\n\n"
    yield b"data: [DONE]\n\n"
