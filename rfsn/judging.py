"""Judging a patch that somebody else made: the gate first, then a session that takes it through the verdict."""

from __future__ import annotations

import hashlib
from pathlib import Path

from rfsn.compose import GIVEN
from rfsn.config import Config
from rfsn.remote import Remote
from rfsn.session import Session
from rfsn.vetting import Vetted, vet

__all__ = ["session_for"]


def session_for(diff: bytes, repo: str | Remote, config: Config, out: Path | None) -> tuple[Vetted, Session | None]:
    """What the gate says of a diff on `repo`, and a new session to judge it; None where the gate denies it."""
    vetted = vet(diff, repo, config)
    if vetted.denials:
        return vetted, None
    source = repo.url if isinstance(repo, Remote) else repo
    given = config.model_copy(update={"given": hashlib.sha256(diff).hexdigest()})
    return vetted, Session.create(source, given, out, {GIVEN: diff})
