"""Patches from elsewhere: what the gate says about one, and a session that verifies one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from buildpacks.view import FolderView
from gate import DenialKind, Denied, Finding, Gate, NotApplied, new_requirements
from rfsn.compose import GIVEN
from rfsn.config import Config
from rfsn.machine.home import temporary_folder
from rfsn.plugins import load_rules
from rfsn.project.diffs import DiffError, NotADiff, read_diff
from rfsn.project.fence import Fence
from rfsn.project.parts import find_parts
from rfsn.sessions.session import Session
from rfsn.source.remote import Remote
from rfsn.source.source import take_source

__all__ = ["Vetted", "session_for", "vet"]


@dataclass(frozen=True, slots=True)
class Vetted:
    """The files that a patch changes, every denial, the rules that could not be applied, and what it newly does.

    `requirements` are those that a pull request declares: its tests run with them.
    """

    files: tuple[str, ...]
    denials: tuple[Denied, ...]
    not_applied: tuple[NotApplied, ...] = ()
    requirements: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


def vet(diff: bytes, repo: str | Remote, config: Config) -> Vetted:
    """Check a diff on the repository `repo` (a path or a URL) against every rule. Nothing is run or changed there.

    Raises `UsageError` for a text that is not a diff at all.
    """
    further = load_rules(config.gate_rules)
    with temporary_folder() as scratch:
        base = Path(scratch) / "base"
        take_source(repo, config.ref, base, sandbox=config.sandbox)
        view = FolderView(base)
        fence = Fence(view, find_parts(view, config.buildpacks, config.test), config)
        try:
            change = read_diff(diff, base)
        except NotADiff:
            raise
        except DiffError as error:
            hint = "make it with git diff on the tree as it is"
            return Vetted((), (Denied("schema.applies", DenialKind.SCHEMA, str(error), hint),))
        gate, context = Gate(further=further), fence.context()
        return Vetted(
            tuple(sorted(change.files)),
            gate.denials(change, context),
            gate.not_applied(change, context),
            new_requirements(change) if config.pull_request else (),
            gate.findings(change, context),
        )


def session_for(diff: bytes, repo: str | Remote, config: Config, out: Path | None) -> tuple[Vetted, Session | None]:
    """What the gate says about a diff on `repo`, and a new session that judges it; None if the gate denies it."""
    vetted = vet(diff, repo, config)
    if vetted.denials:
        return vetted, None
    source = repo.url if isinstance(repo, Remote) else repo
    packages = (*config.with_packages, *vetted.requirements)
    given = config.model_copy(update={"given": hashlib.sha256(diff).hexdigest(), "with_packages": packages})
    return vetted, Session.create(source, given, out, {GIVEN: diff})
