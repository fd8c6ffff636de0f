"""Where a text has something private, and what stands for it when it is redacted."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple

__all__ = ["PLACEHOLDER", "PrivateKind", "Span"]

PLACEHOLDER = re.compile(r"REDACTED_[A-Z]{4,10}_[0-9a-f]{6,64}")
"""What stands for a private text that was redacted."""


class PrivateKind(StrEnum):
    """What a private text is. Where two overlap, both become the one that is listed first."""

    CREDENTIAL = "credential"
    IBAN = "iban"
    CARD = "card"
    EMAIL = "email"
    PHONE = "phone"


class Span(NamedTuple):
    """Where a text has something private."""

    start: int
    end: int
    kind: PrivateKind
