"""Log lines on stderr, for people or for machines, with session, phase and step bound to each."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from typing import TextIO

import structlog

from rfsn.errors import UsageError

__all__ = ["configure_logging"]

_FORMATS = ("console", "json")


def configure_logging(stream: TextIO = sys.stderr) -> None:
    """Set the format from `$RFSN_LOG`: `console` or `json`, where it is set; else only warnings are shown."""
    chosen = os.environ.get("RFSN_LOG", "")
    if chosen and chosen not in _FORMATS:
        raise UsageError(f"RFSN_LOG is {chosen!r}: it may be console or json")
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer()
        if chosen == "json"
        else structlog.dev.ConsoleRenderer(colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback)
    )
    warnings.filterwarnings("ignore", category=SyntaxWarning)  # of code that is read, not run
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO if chosen else logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(stream),
    )
