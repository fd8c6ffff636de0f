"""The evidence of a session: one file that says what was verified, how, and with what, for others to check."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from gate import Allowed, ApplyPatch, Denied, Patch, Proposal
from rfsn import __version__
from rfsn.config import Config
from rfsn.machine.files import write_whole
from rfsn.machine.text import to_json
from rfsn.project.project import Project
from rfsn.reporting.report import diff_of
from rfsn.sessions.events import Proposed
from rfsn.sessions.record import Record
from rfsn.sessions.signing import sign

__all__ = ["EVIDENCE", "evidence_of", "settings_of", "verdict_patch", "write_evidence"]

EVIDENCE = "evidence.json"

_NO_MATTER = frozenset({
    "apply", "base_url", "branch", "cache_gib", "judge_model", "max_cost", "max_steps", "memory", "model", "models",
    "operators", "planner", "seed", "sign_key", "workers",
})  # fmt: skip
"""The settings that bear on how a patch is found or delivered, not on what gate and verdict say of it."""


def verdict_patch(record: Record) -> Patch | None:
    """The patch of the session's last verdict: the verified one, else the one that was applied last."""
    decided = _decided(record)
    return decided[0] if decided else None


def _decided(record: Record) -> tuple[Patch, Allowed] | None:
    """That patch, and the decision that allowed it."""
    verified = record.projection.state.verified
    applied = None
    for entry in record.entries():
        match entry.event:
            case Proposed(proposal=Proposal(action=ApplyPatch(patch)), decision=Allowed() as allowed):
                if verified is None or patch == verified[0]:
                    applied = patch, allowed
    return applied


def evidence_of(record: Record, files: Mapping[str, bytes]) -> dict[str, Any]:
    """The content of `evidence.json`, all of which comes from the journal, its blobs and the snapshot.

    `files` are the others that the session leaves, by name: the evidence has their hashes.
    """
    projection, state = record.projection, record.projection.state
    denied: Counter[str] = Counter()
    for entry in record.entries():
        if isinstance(entry.event, Proposed) and isinstance(entry.event.decision, Denied):
            denied[entry.event.decision.rule] += 1
    source, environment, baseline, told = projection.source, projection.environment, state.baseline, state.last_verdict
    decided = _decided(record)
    patch = diff_of(record, decided[0]) if decided else None
    return {
        "rfsn": __version__,
        "session": record.started.session,
        "status": projection.ended.status if projection.ended else "interrupted",
        "base": {"origin": source.origin, "tree": source.tree} if source else None,
        "patch": {"sha256": _hash(patch.encode("utf-8", "surrogateescape")), "diff": patch} if patch else None,
        "settings": settings_of(record.config),
        "environment": environment.model_dump(mode="json", exclude={"kind"}) if environment else None,
        "before": {
            "report": baseline.report,
            "total": baseline.total,
            "passed": baseline.passed,
            "failing": baseline.failing_total,
        }
        if baseline
        else None,
        "test_side": list(Project(record).fence.observed) if baseline else None,
        "oracle": state.oracle,
        "confidence": projection.ended.confidence if projection.ended else None,
        "after": {
            "accepted": told.accepted,
            "fixed": list(told.fixed),
            "unfixed": list(told.unfixed),
            "broken": list(told.broken),
            "reasons": list(told.reasons),
            "runs": told.runs,
            "canaries": told.canaries,
            "altered": told.altered,
            "basis": told.basis,
            "narrow": told.narrow,
            "narrow_because": told.narrow_because,
        }
        if told
        else None,
        "not_applied": [asdict(rules) for rules in decided[1].not_applied]
        if decided and decided[1].not_applied
        else None,
        "findings": [asdict(finding) for finding in decided[1].findings] if decided else [],
        "decisions": {"proposals": state.steps, "denied": dict(sorted(denied.items()))},
        "files": {name: _hash(content) for name, content in files.items()},
        "journal": {"lines": record.last.sequence + 1, "sha256": _hash_of_file(record.folder / "journal.jsonl")},
    }


def settings_of(config: Config) -> dict[str, Any]:
    """The settings that bear on a verdict, each lift among them; of variables, which may be secrets, hashes."""
    settings = config.model_dump(mode="json", exclude=set(_NO_MATTER))
    return {name: _without_secrets(name, value) for name, value in sorted(settings.items())}


def _without_secrets(name: str, value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if name == "env":
        return {variable: f"sha256:{_hash(f'{variable}={text}'.encode())}" for variable, text in value.items()}
    return {key: _without_secrets(key, inner) for key, inner in value.items()}


def write_evidence(record: Record, evidence: Mapping[str, Any]) -> None:
    """Write the evidence of an ended session, and its signature if the configuration names a key."""
    path = record.folder / EVIDENCE
    write_whole(path, to_json(evidence, indent=2) + "\n")
    if record.config.sign_key:
        sign(path, record.config.sign_key)


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _hash_of_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
