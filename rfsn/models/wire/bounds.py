"""What a server may send at most, and what may be left of a connection for the next request."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import httpx2

from rfsn.models.failure import CallFailed, broken
from rfsn.models.wire.reading import LONGEST_ESCAPE, MAX_OPAQUE, MAX_TEXT_BYTES

__all__ = ["MAX_WHOLE_BYTES", "REFUSED", "Frame", "bound", "is_stream"]

REFUSED = 300
"""The lowest status of a response that is no answer."""

MAX_WHOLE_BYTES = LONGEST_ESCAPE * MAX_TEXT_BYTES + MAX_OPAQUE + (1 << 20)
"""The most bytes of an answer that comes in one piece, and of an event: the longest text, the rest, and its frame."""

_MAX_STREAM_BYTES = MAX_WHOLE_BYTES + (38 << 20)
"""The most bytes of an answer that comes in events: some 300 more for each of 128,000 tokens."""

_MAX_FRAME, _FRAME_OF_A_TOKEN = 1 << 20, 256
"""The most characters outside of strings, and how many more for each token, which may come in an event of its own.

An empty object takes more than twenty times as much memory as characters.
"""
_STRINGS = re.compile(r'"(?:[^"\\]++|\\.)*+"?+', re.DOTALL)

_TO_CONNECTION = ("_stream", "_httpcore_stream", "_stream", "_connection", "_h11_state")


class Frame:
    """Bounds what one answer has outside of strings, before it is parsed: that takes the memory."""

    def __init__(self, max_tokens: int) -> None:
        self._left = _MAX_FRAME + _FRAME_OF_A_TOKEN * max_tokens

    def bounded(self, data: str) -> str:
        """The JSON of the answer, or of one more event of it. Raises `CallFailed` if there is too much of it."""
        self._left -= len(_STRINGS.sub("", data))
        if self._left < 0:
            raise CallFailed("broken", "the answer has far more values than an answer of its length needs")
        return data


class _Bounded(httpx2.AsyncByteStream):
    """The body of a response, up to a length. If more follows, the connection is not used again."""

    def __init__(self, response: httpx2.Response) -> None:
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        self._stream = response.stream
        self._connection = response.extensions["network_stream"]
        self._most = _MAX_STREAM_BYTES if is_stream(response) else MAX_WHOLE_BYTES

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = self._most
        async for chunk in self._stream:
            left -= len(chunk)
            if left < 0:
                raise CallFailed("broken", f"the server sent more than {self._most >> 20} MiB in one answer")
            yield chunk

    async def aclose(self) -> None:
        if _may_have_more(self._stream):
            await self._connection.aclose()
        await self._stream.aclose()


def _may_have_more(stream: object) -> bool:
    """Whether bytes may have come after the end of a response: the client would take them for the next one.

    It keeps them to itself, so that this looks inside. If it looks different there, they may.
    """
    for name in _TO_CONNECTION:
        stream = getattr(stream, name, None)
    return getattr(stream, "trailing_data", None) != (b"", False)


async def bound(response: httpx2.Response) -> None:
    """Bound the body of a response. Raises `CallFailed` for an answer that is compressed."""
    if response.headers.get("content-encoding", "identity") != "identity":
        if response.status_code < REFUSED:
            raise broken("the server compressed its answer, which it was not asked for")
        del response.headers["content-encoding"]  # the status and the headers of a refusal say enough
    response.stream = _Bounded(response)


def is_stream(response: httpx2.Response) -> bool:
    """Whether an answer comes in events."""
    return response.headers.get("content-type", "").lower().startswith("text/event-stream")
