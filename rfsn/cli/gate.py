"""Patches from elsewhere: `rfsn gate` checks the rules, `rfsn judge` also runs the tests, `rfsn verify` audits."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

from gate.rules import CHANGE_RULES, PROPOSAL_RULES
from rfsn.audit import Audit, audit_session
from rfsn.cli.commands import finish, guarded
from rfsn.cli.plugins import list_plugins
from rfsn.compose import check_config
from rfsn.config import Config, load_config
from rfsn.errors import UsageError
from rfsn.machine.terminal import give_json, say, tell
from rfsn.machine.text import to_json
from rfsn.patches import Vetted, session_for, vet
from rfsn.plugins import installed_rules
from rfsn.project.diffs import MAX_DIFF_BYTES
from rfsn.project.downloads import silent
from rfsn.reporting.evidence import settings_of
from rfsn.sessions.session import session_folder
from rfsn.sessions.signing import Signer
from rfsn.source.remote import Remote
from rfsn.source.source import place_of

__all__ = ["check", "judge", "rules", "verify"]


def check(patch: str, repo: str, options: Mapping[str, Any], config_file: Path | None, *, as_json: bool) -> int:
    """`rfsn gate check`: 0 if every rule allows the patch, 1 if one denies it."""

    def run() -> int:
        config = load_config(options, config_file)
        return _show(vet(_read(patch), repo, config), patch, as_json=as_json)

    return guarded(run, as_json=as_json)


def judge(
    patch: str, repo: str, options: Mapping[str, Any], config_file: Path | None, out: Path | None, *, as_json: bool
) -> int:
    """`rfsn judge`: 0 if the patch repairs what fails, or if nothing fails before or after it; else 1."""

    def run() -> int:
        config = load_config(options, config_file)
        remote = Remote.parse(repo)
        place = place_of(repo, remote, config.ref)
        check_config(config, asks=False)
        vetted, session = session_for(_read(patch), remote or place, config, out)
        if session is None:
            return _show(vetted, patch, as_json=as_json)
        if not as_json:
            _tell_findings(vetted)
        return finish(session, remote=remote, as_json=as_json)

    return guarded(run, as_json=as_json)


def verify(session: str, allowed: Path | None, signer: str | None, *, as_json: bool) -> int:
    """`rfsn verify`: 0 if everything agrees, else 1."""

    def run() -> int:
        if (allowed is None) != (signer is None):
            raise UsageError("to check a signature, give both --allowed-signers and --signer")
        expected = Signer(allowed, signer) if allowed is not None and signer is not None else None
        audit = audit_session(session_folder(session), expected, silent if as_json else say)
        status = "differs" if audit.problems else "verified"
        accepted = audit.verdict.accepted if audit.verdict else None
        if as_json:
            result = {"status": status, "accepted": accepted, "signed": audit.signed and not audit.problems}
            give_json({**result, **audit.facts, "settings": audit.settings, "problems": audit.problems})
        else:
            _show_audit(audit, status)
        return 1 if audit.problems else 0

    return guarded(run, as_json=as_json)


def _show_audit(audit: Audit, status: str) -> None:
    """Print what was audited, the settings that are not the defaults, and what came of it."""
    defaults = settings_of(Config())
    for name, value in audit.facts.items():
        tell(f"{name:<9} {value or 'none'}")
    for name, value in audit.settings.items():
        if value != defaults[name]:
            tell(f"{name.replace('_', ' ')}: {to_json(value)}")
    for problem in audit.problems:
        tell(problem)
    what = {
        True: "the patch is accepted again",
        False: "the patch is rejected again",
        None: "there is no patch to verify",
    }
    again = what[audit.verdict.accepted if audit.verdict else None]
    if audit.verdict and audit.verdict.partly:
        fixed, left = len(audit.verdict.fixed), len(audit.verdict.unfixed)
        again = f"the patch repairs {fixed} of {fixed + left} targets again"
    tell(status if audit.problems else f"{status}: journal, files and base agree; {again}")


def _show(vetted: Vetted, patch: str, *, as_json: bool) -> int:
    status = "denied" if vetted.denials else "allowed"
    if as_json:
        denials = [asdict(denied) for denied in vetted.denials]
        silent = [asdict(skipped) for skipped in vetted.not_applied]
        found = [asdict(finding) for finding in vetted.findings]
        answer = {"status": status, "files": vetted.files, "denials": denials, "not_applied": silent}
        give_json(answer | {"findings": found})
    else:
        for denied in vetted.denials:
            tell(f"{denied.rule}: {denied.reason}; {denied.hint}")
        for skipped in vetted.not_applied:
            files = ", ".join(skipped.files) + (f" and {skipped.more} more" if skipped.more else "")
            tell(f"not applied to {files}: {', '.join(skipped.rules)}")
        _tell_findings(vetted)
        tell(f"{status}: {', '.join(vetted.files) or patch}")
    return 1 if vetted.denials else 0


def _tell_findings(vetted: Vetted) -> None:
    for finding in vetted.findings:
        tell(f"found: {finding.path} newly uses {finding.name}, the first {finding.capability} in the product")


def rules(*, as_json: bool) -> int:
    """`rfsn gate rules`: the gate's own and the installed ones, of which none is imported."""
    own = [*(rule.id for rule in PROPOSAL_RULES), *(rule.id for rule in CHANGE_RULES)]
    return guarded(lambda: list_plugins("rules", own, own, installed_rules(), as_json=as_json), as_json=as_json)


def _read(patch: str) -> bytes:
    """The patch, from a file, a pipe or standard input. Raises `UsageError` if it is longer than a diff may be."""
    try:
        with nullcontext(sys.stdin.buffer) if patch == "-" else Path(patch).open("rb") as file:
            diff = file.read(MAX_DIFF_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{patch}: the patch cannot be read: {error.strerror}") from error
    if len(diff) > MAX_DIFF_BYTES:
        raise UsageError(f"{patch}: the patch is larger than {MAX_DIFF_BYTES >> 20} MiB")
    return diff
