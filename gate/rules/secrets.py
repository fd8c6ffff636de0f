"""A patch contains no credentials: they would stay in the repository for good."""

from __future__ import annotations

from collections import Counter
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from gate.decision import Context, DenialKind, Denied
from gate.patch import Change, FileChange

if TYPE_CHECKING:
    from detect_secrets.plugins.base import RegexBasedDetector

__all__ = ["NoSecrets"]

# The detectors that match a specific format. Those based on a variable's name or on entropy alone would deny many
# honest patches.
_DETECTORS = {
    "aws": "AWSKeyDetector",
    "azure_storage_key": "AzureStorageKeyDetector",
    "discord": "DiscordBotTokenDetector",
    "github_token": "GitHubTokenDetector",
    "gitlab_token": "GitLabTokenDetector",
    "jwt": "JwtTokenDetector",
    "mailchimp": "MailchimpDetector",
    "npm": "NpmDetector",
    "openai": "OpenAIDetector",
    "private_key": "PrivateKeyDetector",
    "pypi_token": "PypiTokenDetector",
    "sendgrid": "SendGridDetector",
    "slack": "SlackDetector",
    "square_oauth": "SquareOAuthDetector",
    "stripe": "StripeDetector",
    "telegram_token": "TelegramBotTokenDetector",
    "twilio": "TwilioKeyDetector",
}


class NoSecrets:
    """Denies added lines in which a detector of `detect-secrets` sees a credential, which it never shows."""

    id = "secrets.added"
    incremental = False

    def check(self, change: Change, context: Context) -> Denied | None:
        del context
        for path, file in change.files.items():
            added = _added(file)
            if not added:
                continue
            for detector in _detectors():
                if any(True for _ in detector.analyze_string(added)):
                    reason = f"{path}: an added line looks like a credential ({detector.secret_type})"
                    hint = "read the credential from the environment, or use a value that is not a credential"
                    return Denied(self.id, DenialKind.INVARIANT, reason, hint)
        return None


def _added(file: FileChange) -> str:
    """The lines that occur more often than before."""
    if file.edits is not None and file.after is not None:
        return b"\n".join(edit.text for edit in file.edits).decode("utf-8", "replace")
    lines = Counter((file.after or b"").splitlines()) - Counter((file.before or b"").splitlines())
    return b"\n".join(lines).decode("utf-8", "replace")


@cache
def _detectors() -> tuple[RegexBasedDetector, ...]:
    """Imported with the first patch that is checked: the scanner takes a fifth of a second."""
    return tuple(
        getattr(import_module(f"detect_secrets.plugins.{module}"), name)() for module, name in _DETECTORS.items()
    )
