"""`rfsn gate`: the rules by themselves."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from gate.rules import CHANGE_RULES, PROPOSAL_RULES
from rfsn.cli.commands import guarded
from rfsn.cli.progress import printable
from rfsn.config import load_config
from rfsn.errors import UsageError
from rfsn.plugins import installed_rules
from rfsn.vetting import vet

__all__ = ["check", "rules"]


def check(patch: str, repo: str, options: Mapping[str, Any], config_file: Path | None, *, as_json: bool) -> int:
    """`rfsn gate check`: 0 where every rule is content, 1 where some are not."""

    def run() -> int:
        config = load_config(options, config_file)
        vetted = vet(_read(patch), repo, config)
        status = "denied" if vetted.denials else "allowed"
        if as_json:
            denials = [asdict(denied) for denied in vetted.denials]
            print(json.dumps({"status": status, "files": vetted.files, "denials": denials}))
        else:
            for denied in vetted.denials:
                print(printable(f"{denied.rule}: {denied.reason}; {denied.hint}"))
            print(printable(f"{status}: {', '.join(vetted.files) or patch}"))
        return 1 if vetted.denials else 0

    return guarded(run, as_json=as_json)


def rules(*, as_json: bool) -> int:
    """`rfsn gate rules`: the gate's own, and those that are installed; none of these is imported."""

    def run() -> int:
        own = [*(rule.id for rule in PROPOSAL_RULES), *(rule.id for rule in CHANGE_RULES)]
        installed = installed_rules()
        if as_json:
            print(json.dumps({"rules": own, "installed": [asdict(rule) for rule in installed]}))
        else:
            lines = [
                f"{printable(one.name)}  ({printable(one.object)} of {printable(one.distribution)})"
                for one in installed
            ]
            print("\n".join([*own, *lines]))
        return 0

    return guarded(run, as_json=as_json)


def _read(patch: str) -> bytes:
    if patch == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(patch).read_bytes()
    except OSError as error:
        raise UsageError(f"{patch}: the patch is not readable: {error.strerror}") from error
