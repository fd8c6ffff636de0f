"""Log lines on stderr, for people or for machines, with session, phase and step bound to each."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

from rfsn.errors import UsageError
from rfsn.machine.terminal import coloured, errors
from rfsn.machine.text import CONTINUED, one_line, several_lines, to_json

__all__ = ["configure_logging"]

_FORMATS = ("console", "json")


def configure_logging(stream: TextIO | None = None) -> None:
    """Set the format from `$RFSN_LOG`: `console` or `json`; if it is not set, only warnings are shown.

    `stream` takes the place of stderr. Raises `UsageError` for another format.
    """
    chosen = os.environ.get("RFSN_LOG", "")
    if chosen and chosen not in _FORMATS:
        raise UsageError(f"RFSN_LOG is {chosen!r}: it must be console or json")
    stream = stream or coloured(errors())
    renderer: list[structlog.types.Processor] = [
        _without_traceback if not chosen else structlog.processors.format_exc_info,
    ]
    if chosen == "json":
        renderer.append(structlog.processors.JSONRenderer(serializer=lambda line, **_: to_json(line)))
    else:
        colours = structlog.dev.ConsoleRenderer(
            colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
        renderer += [_visible, colours]
    warnings.filterwarnings("ignore", category=SyntaxWarning)  # of code that is read, not run
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            *renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO if chosen else logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(stream),
    )


def _without_traceback(_logger: object, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Drop the traceback: it is for those who asked for log lines."""
    line.pop("exc_info", None)
    return line


def _visible(_logger: object, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Every value as text with control characters escaped; each line of a traceback is marked as a continuation."""
    shown = {name: value if isinstance(value, int | float) else one_line(str(value)) for name, value in line.items()}
    if "exception" in line:
        shown["exception"] = CONTINUED + several_lines(str(line["exception"]))
    return shown
