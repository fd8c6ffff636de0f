"""What credentials look like: formats that nothing else has.

Detectors based on a variable's name or on entropy alone would find credentials in much honest code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import NamedTuple

__all__ = ["Credential", "credentials"]

# The detectors of `detect-secrets` for one format each, by their modules.
_DETECTORS = {
    "aws": "AWSKeyDetector",
    "azure_storage_key": "AzureStorageKeyDetector",
    "discord": "DiscordBotTokenDetector",
    "github_token": "GitHubTokenDetector",
    "gitlab_token": "GitLabTokenDetector",
    "mailchimp": "MailchimpDetector",
    "private_key": "PrivateKeyDetector",
    "pypi_token": "PypiTokenDetector",
    "sendgrid": "SendGridDetector",
    "slack": "SlackDetector",
    "square_oauth": "SquareOAuthDetector",
    "stripe": "StripeDetector",
    "twilio": "TwilioKeyDetector",
}

# Formats that `detect-secrets` does not have, and some for which its expressions take long, or on hostile text
# quadratic time. Each begins with what is constant: a search skips to that, and only then looks at what is before it.
_FORMATS = {
    "Anthropic Token": r"sk-ant-(?<![\w-]sk-ant-)[\w-]{20,}",
    "GitHub Token": r"github_pat_(?<!\wgithub_pat_)\w{22,}",
    "Google Token": r"AIza(?<![\w-]AIza)[\w-]{35}(?![\w-])",
    "Hugging Face Token": r"hf_(?<!\whf_)[A-Za-z0-9]{34}(?!\w)",
    "JSON Web Token": r"eyJ(?<![\w-]eyJ)[\w-]{8,}={0,2}\.[\w-]{8,}={0,2}(?:\.[\w-]*)*",
    "NPM tokens": r"npm_(?<!\wnpm_)[A-Za-z0-9]{36}(?!\w)",
    "NPM tokens in settings": r":_authToken=\s*(npm_\w+|[A-Fa-f0-9-]{36})",
    "OpenAI Token": r"sk-(?<![\w-]sk-)[\w-]*[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}",
    "OpenRouter Token": r"sk-or-v1-(?<![\w-]sk-or-v1-)[0-9a-f]{64}",
    "Telegram Bot Token": r":(?<=\d{8}:)[\w-]{35}",
}
_NEEDED = {
    "AWS Access Key": ("aws", "akia", "asia", "abia", "acca", "a3t"),
    "Mailchimp Access Key": tuple(f"-us{digit}" for digit in range(10)),
    "Slack Token": ("xox", "hooks.slack.com"),
    "Stripe Access Key": ("k_live_",),
}
"""One of which a text with a credential has, in lower case: for detectors that take long to find out themselves."""

_PRIVATE_KEY = "Private Key"
_LONGEST_KEY = 20_000
_SHORTEST_GROUP = 16
_TOKEN = re.compile(r"[\w+/=-]*", re.ASCII)
_KEY_LINES = re.compile(r"[^\n]*(?:\n[ \t\"'>#*+-]*[A-Za-z0-9+/=]{16,}[^\n]*)*")


class Credential(NamedTuple):
    """Where a text has a credential, and what kind it is of."""

    start: int
    end: int
    type: str


def credentials(text: str) -> Iterator[Credential]:
    """Every credential whose format is known, some of them more than once.

    A token is taken up to where it ends even if the known format is shorter, and a private key with all its lines.
    """
    folded = text.casefold()
    for type_, expression in _expressions() if text else ():
        if not any(part in folded for part in _NEEDED.get(type_, ("",))):
            continue
        covered = 0
        for match in expression.finditer(text):
            if match.start() < covered:
                continue
            start, end = _span(match)
            if type_ == _PRIVATE_KEY:
                start, end = _whole_key(text, start, end)
            elif token := _TOKEN.match(text, end):
                end = token.end()
            covered = end
            yield Credential(start, end, type_)


def _span(match: re.Match[str]) -> tuple[int, int]:
    """The longest group if it can be the credential itself (others are prefixes of formats), or else everything."""
    groups = range(1, (match.re.groups or 0) + 1)
    longest = max(groups, key=lambda group: match.end(group) - match.start(group), default=0)
    return match.span(longest if match.end(longest) - match.start(longest) >= _SHORTEST_GROUP else 0)


def _whole_key(text: str, start: int, end: int) -> tuple[int, int]:
    """From the dashes before a key's header to those after its footer; without one, to its last line."""
    start -= len(text[max(0, start - 5) : start]) - len(text[max(0, start - 5) : start].rstrip("-"))
    footer = text.find("-----END", end, end + _LONGEST_KEY)
    if footer >= 0:
        closing = text.find("-----", footer + 8, footer + 60)
        return start, closing + 5 if closing >= 0 else footer + 8
    lines = _KEY_LINES.match(text, end, end + _LONGEST_KEY)
    return start, lines.end() if lines else end


@cache
def _expressions() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Imported with the first text that is checked: the scanner takes a fifth of a second."""
    detectors = [getattr(import_module(f"detect_secrets.plugins.{name}"), kind) for name, kind in _DETECTORS.items()]
    known = [(detector.secret_type, expression) for detector in detectors for expression in detector().denylist]
    return (*known, *((type_, re.compile(expression, re.ASCII)) for type_, expression in _FORMATS.items()))
