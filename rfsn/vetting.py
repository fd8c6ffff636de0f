"""Asking the gate about a patch that somebody else made."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from buildpacks.view import FolderView
from gate import Denied, Gate, Rejection
from rfsn.config import Config
from rfsn.diffs import DiffError, read_diff
from rfsn.fence import Fence
from rfsn.home import temporary_folder
from rfsn.plugins import detect_buildpack, load_rules
from rfsn.remote import Remote
from rfsn.source import take_source

__all__ = ["Vetted", "vet"]


@dataclass(frozen=True, slots=True)
class Vetted:
    """The files that a patch changes, and everything that the rules have against it."""

    files: tuple[str, ...]
    denials: tuple[Denied, ...]


def vet(diff: bytes, repo: str | Remote, config: Config) -> Vetted:
    """Ask every rule about a diff on the repository `repo` (a path or a URL), which stays as it is. Nothing is run."""
    further = load_rules(config.gate_rules)
    with temporary_folder() as scratch:
        base = Path(scratch) / "base"
        take_source(repo, config.ref, base, sandbox=config.sandbox)
        view = FolderView(base)
        fence = Fence(view, detect_buildpack(view), config)
        try:
            change = read_diff(diff, base)
        except DiffError as error:
            hint = "make the diff on the tree as it is, with git diff"
            return Vetted((), (Denied("schema.applies", Rejection.SCHEMA, str(error), hint),))
        return Vetted(tuple(sorted(change.files)), Gate(further=further).denials(change, fence.context()))
