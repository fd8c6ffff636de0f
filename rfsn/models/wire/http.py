"""The connections to models over one client of ours, which bounds what a server may send.

Responses and Messages are spoken by the packages of their inventors. Chat Completions, which everybody speaks, is one
request: the package that has it takes longer to import than all the rest of a session takes to run.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx2

from gate import ModelCard
from planners.answers import Answer, ToolCall
from rfsn import __version__
from rfsn.machine.endpoint import is_loopback
from rfsn.machine.text import to_json
from rfsn.models.failure import CallFailed, broken
from rfsn.models.request import Received, Request
from rfsn.models.wire import chat, messages, responses
from rfsn.models.wire.bounds import MAX_WHOLE_BYTES, REFUSED, Frame, bound, is_stream
from rfsn.models.wire.faults import host_of, refused
from rfsn.models.wire.fences import fenced, unfenced
from rfsn.models.wire.reading import Json, Reader, parsed

if TYPE_CHECKING:  # each takes a second to import, which only its own models need
    from anthropic import AsyncAnthropic
    from openai import AsyncOpenAI

__all__ = ["HttpWire", "KeyOf"]

type KeyOf = Callable[[ModelCard], str]
"""The key of a model; empty if its endpoint needs none. It is asked when a call is made, and nothing else keeps it."""

_PROTOCOLS: dict[str, ModuleType] = {"responses": responses, "chat": chat, "messages": messages}
_PACKAGES = {"responses": "openai", "messages": "anthropic"}
_OURS = {"model", "messages", "input", "system", "tools", "stream", "stream_options", "store", "include"}
_COSTLY = {"n", "best_of", "max_tokens", "max_completion_tokens", "max_output_tokens"}
"""Fields that would make a call cost more than was reserved."""

_DIRECT = dict.fromkeys(("all://", "http://", "https://"))
"""No proxy for any URL."""

_NO_KEY = "none"
_SHORTEST_KEY = 8
"""A shorter one is no secret, and may be an ordinary word of an answer."""

_NOT_SENT = httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.PoolTimeout | httpx2.ProxyError


class HttpWire:
    """Speaks to models over the network."""

    def __init__(self, key_of: KeyOf, *, connect_s: float = 10.0) -> None:
        self._key_of = key_of
        self._timeout = httpx2.Timeout(None, connect=connect_s)  # the desk bounds each call as a whole
        self._clients: dict[tuple[bool, bool], httpx2.AsyncClient] = {}
        self._openai: dict[tuple[str, str], AsyncOpenAI] = {}
        self._anthropic: dict[tuple[str, str], AsyncAnthropic] = {}

    def prepare(self, card: ModelCard) -> None:
        """Import the package of the card's protocol, which takes up to a second."""
        if package := _PACKAGES.get(card.api):
            import_module(package)

    async def send(self, request: Request, began: Callable[[], None]) -> Received:
        """Ask once; see `Wire`."""
        key = self._key_of(request.card)
        try:
            _check(request, key)
            if request.settings.tools:
                received = await self._send(request, key, began)
            else:
                received = unfenced(await self._send(fenced(request), key, began))
        except CallFailed as failure:
            raise failure.blotted(key) from None
        except Exception as error:  # noqa: BLE001  # whatever a package makes of what a server sent
            raise _failure(request.card, error).blotted(key) from None
        return _blotted(received, key)

    async def close(self) -> None:
        """Close every connection."""
        for client in self._clients.values():
            await client.aclose()

    async def _send(self, request: Request, key: str, began: Callable[[], None]) -> Received:
        protocol = _PROTOCOLS[request.card.api]
        reader: Reader = protocol.Reader(request)
        frame = Frame(request.max_tokens)
        async with self._opened(request, protocol.body_of(request), key) as response:
            if is_stream(response):
                async for event in httpx2.EventSource(response, max_event_size=MAX_WHOLE_BYTES):
                    began()
                    reader.event(frame.bounded(event.data))
                return reader.ended()
            message = await response.aread()
            began()
            return reader.whole(parsed(frame.bounded(message.decode("utf-8-sig", "replace"))))

    @asynccontextmanager
    async def _opened(self, request: Request, body: Json, key: str) -> AsyncIterator[httpx2.Response]:
        """The response to a request, when it begins."""
        card = request.card
        if card.api == "chat":
            async with self._posted(
                f"{card.endpoint}/chat/completions", body | request.settings.extra, key
            ) as response:
                yield response
            return
        sending = (
            self._anthropic_client(card, key).messages.with_streaming_response
            if card.api == "messages"
            else self._openai_client(card, key).responses.with_streaming_response
        )
        create: Callable[..., AbstractAsyncContextManager[Any]] = sending.create
        async with create(**body, extra_body=request.settings.extra or None, timeout=self._timeout) as opened:
            yield opened.http_response

    @asynccontextmanager
    async def _posted(self, url: str, body: Json, key: str) -> AsyncIterator[httpx2.Response]:
        """The response to a request that no package makes. Raises `httpx2.HTTPStatusError` for a refusal."""
        headers = {"Authorization": f"Bearer {key or _NO_KEY}", "Content-Type": "application/json"}
        async with self._client(url).stream("POST", url, content=to_json(body).encode(), headers=headers) as response:
            if response.status_code >= REFUSED:
                await response.aread()
            response.raise_for_status()
            yield response

    def _openai_client(self, card: ModelCard, key: str) -> AsyncOpenAI:
        from openai import AsyncOpenAI  # noqa: PLC0415  # see `prepare`

        if (found := self._openai.get((card.endpoint, key))) is None:
            found = AsyncOpenAI(
                api_key=key or _NO_KEY, base_url=card.endpoint, max_retries=0, http_client=self._client(card.endpoint)
            )
            if urlsplit(card.endpoint).hostname != "api.openai.com":
                found.organization = found.project = None  # those of the user's environment are of no concern to others
                found._custom_headers = {}  # noqa: SLF001  # the same: OPENAI_CUSTOM_HEADERS may have keys of gateways
            self._openai[card.endpoint, key] = found
        return found

    def _anthropic_client(self, card: ModelCard, key: str) -> AsyncAnthropic:
        from anthropic import AsyncAnthropic  # noqa: PLC0415  # see `prepare`

        if (found := self._anthropic.get((card.endpoint, key))) is None:
            # Servers that speak the protocol for models of others read the header of its older versions.
            older = {} if urlsplit(card.endpoint).hostname == "api.anthropic.com" else {"x-api-key": key or _NO_KEY}
            found = AsyncAnthropic(
                api_key=key or _NO_KEY,
                base_url=card.endpoint,
                max_retries=0,
                default_headers=older,
                open_telemetry=False,
                http_client=self._client(card.endpoint),
            )
            if older:
                found._custom_headers = older  # noqa: SLF001  # without those of ANTHROPIC_CUSTOM_HEADERS
            self._anthropic[card.endpoint, key] = found
        return found

    def _client(self, url: str) -> httpx2.AsyncClient:
        """The client for a URL: it uses the user's proxies, but for this machine, and follows no redirect."""
        local = is_loopback(url)
        plain = local and urlsplit(url).scheme == "http"
        if (found := self._clients.get((local, plain))) is None:
            # Without encryption there is nothing to verify, and reading all authorities takes longer than a call.
            found = self._clients[local, plain] = httpx2.AsyncClient(
                headers={"Accept-Encoding": "identity", "User-Agent": f"rfsn/{__version__}"},
                timeout=self._timeout,
                follow_redirects=False,
                verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if plain else True,
                trust_env=not plain,
                mounts=_DIRECT if local else None,
                event_hooks={"response": [bound]},
            )
        return found


def _check(request: Request, key: str) -> None:
    """Raise `CallFailed` for a request that may not be sent."""
    name = request.card.name
    if taken := sorted(request.settings.extra.keys() & (_OURS | _COSTLY)):
        raise CallFailed(
            "unsent", f'[models."{name}".extra] in rfsn.toml may not set {", ".join(taken)}: remove it', billed=False
        )
    if not (key.isascii() and (key.isprintable() or not key)) or key != key.strip():
        raise CallFailed("unsent", f"the key of {name} has characters that no key has: set it again", billed=False)


def _failure(card: ModelCard, error: Exception) -> CallFailed:
    """The failure that an exception of a package or of the network stands for."""
    chain = [error]
    while (cause := chain[-1].__cause__ or chain[-1].__context__) and isinstance(cause, Exception):
        chain.append(cause)
    for one in chain:
        if isinstance(one, CallFailed):
            return one
        response = getattr(one, "response", None)
        if isinstance(response, httpx2.Response) and response.status_code >= 300:
            return refused(card, response.status_code, response.headers, _body(response))
    host = host_of(card)
    for one in chain:
        if isinstance(one, _NOT_SENT):
            why = str(one) or type(one).__name__
            problem = f"{host} cannot be reached: {why}; check the network, the proxy and the base_url"
            return CallFailed("unreachable", problem, retry=True, billed=False)
        if isinstance(one, httpx2.TimeoutException):
            return CallFailed("timeout", f"{host} stopped answering", retry=True)
        if isinstance(one, httpx2.TransportError | OSError):
            return CallFailed("broken", f"the connection to {host} broke off", retry=True)
    return broken(f"the answer of {host} cannot be read ({type(error).__name__})")


def _body(response: httpx2.Response) -> bytes:
    try:
        return response.content
    except httpx2.ResponseNotRead:
        return b""


def _blotted(received: Received, key: str) -> Received:
    """The answer without the key, should a server repeat it."""
    answer = received.answer
    if len(key) < _SHORTEST_KEY or not any(key in text for text in (answer.text, answer.raw, *_texts(answer))):
        return received

    def clean(text: str) -> str:
        return text.replace(key, "[key]")

    calls = tuple(ToolCall(clean(call.id), clean(call.name), clean(call.arguments)) for call in answer.calls)
    return replace(received, answer=Answer(clean(answer.text), calls, clean(answer.raw)))


def _texts(answer: Answer) -> list[str]:
    return [text for call in answer.calls for text in (call.id, call.name, call.arguments)]
