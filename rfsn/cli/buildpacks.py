"""`rfsn buildpacks`: the inner loop of whoever writes a pack, or wonders what rfsn sees in a tree."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from buildpacks import API_VERSION, CaseResult, RunRequest, SuiteReport
from rfsn.cli.commands import guarded
from rfsn.compose import opened_suite
from rfsn.config import Config, load_config
from rfsn.conformance import conform
from rfsn.errors import UsageError
from rfsn.machine.home import temporary_folder
from rfsn.machine.terminal import give_json, tell
from rfsn.machine.text import counted, one_line
from rfsn.plugins import buildpack_entries, installed_buildpacks, load_conformance
from rfsn.project.layout import Layout
from rfsn.project.packs import load_pack
from rfsn.source.source import take_source

__all__ = ["check", "detect", "list_all", "plan", "run"]

_MAX_MESSAGE = 300
_MAX_SHOWN = 500
_NO_TESTS = 3


def list_all(*, as_json: bool) -> int:
    """`rfsn buildpacks list`: where each pack comes from; those of others are not imported."""

    def show() -> int:
        packs = installed_buildpacks()
        if as_json:
            give_json({"api": API_VERSION, "buildpacks": [asdict(pack) for pack in packs]})
            return 0
        for pack in packs:
            tell(f"{pack.name:<10}  {pack.distribution} {pack.version}  {pack.object}")
        tell(f"API {API_VERSION}; rfsn buildpacks check NAME shows whether a pack keeps it")
        return 0

    return guarded(show, as_json=as_json)


def detect(folder: str, config_file: Path | None, *, as_json: bool) -> int:
    """`rfsn buildpacks detect`: the parts of a tree, and the signs of them."""

    def show(layout: Layout) -> int:
        parts = [
            {"root": part.root or ".", "buildpack": part.pack.name, "language": part.pack.language}
            | {"confidence": found.confidence, "signs": list(found.reasons)}
            for part in layout.parts
            for found in (part.pack.detect(part.view(layout.view)),)
        ]
        if as_json:
            give_json({"parts": parts})
        for part in parts if not as_json else ():
            signs = one_line(", ".join(part["signs"]))  # type: ignore[arg-type]  # the values are of several types
            tell(f"{part['root']}: {part['buildpack']} ({part['confidence']:g}): {signs}")
        return 0

    return _looking(folder, {}, config_file, show, as_json=as_json)


def plan(folder: str, options: Mapping[str, Any], config_file: Path | None, *, as_json: bool) -> int:
    """`rfsn buildpacks plan`: what would be fetched, built and run, part by part. Nothing is."""

    def show(layout: Layout) -> int:
        plans = [
            {
                "root": part.root or ".",
                "buildpack": made.pack,
                "description": made.description,
                "requirements": list(made.requirements),
                "build": [list(step.argv) for step in made.build],
                "test": list(made.test),
                "env": dict(made.env),
                "mounts": [mount.target for mount in made.mounts],
                "protected": list(part.pack.protected(part.view(layout.view))),
            }
            for part, made in zip(layout.parts, layout.plans, strict=True)
        ]
        if as_json:
            give_json({"parts": plans})
        for made in plans if not as_json else ():
            for name, value in made.items():
                tell(f"{name:<14} {_shortened(one_line(_shown(value)))}")
        return 0

    return _looking(folder, options, config_file, show, as_json=as_json)


def run(folder: str, options: Mapping[str, Any], config_file: Path | None, *, canaries: bool, as_json: bool) -> int:
    """`rfsn buildpacks run`: the report of one cold run as the pack reads it; 0 if all tests pass, 3 if none ran."""

    def show(layout: Layout) -> int:
        config = layout.config
        with temporary_folder() as scratch, opened_suite(layout, Path(scratch)) as suite:
            report = suite.run_tests(RunRequest(config.target, canaries=canaries, alone=canaries), config.time_limit)
        if as_json:
            give_json(_told(report))
        else:
            _tell(report)
        if report.problem and not report.cases:
            return _NO_TESTS
        return int(bool(report.problem) or any(case.outcome.failing for case in report.cases))

    return _looking(folder, options, config_file, show, as_json=as_json)


def check(name: str, options: Mapping[str, Any], config_file: Path | None, *, as_json: bool) -> int:
    """`rfsn buildpacks check`: 0 if the pack passes every check of the conformance kit, else 1."""

    def run() -> int:
        config = load_config(options, config_file)
        entry = next((entry for entry in buildpack_entries() if entry.name == name), None)
        if entry is None:
            raise UsageError(f"no buildpack {name!r} is installed: see rfsn buildpacks list")
        told = load_conformance(name)
        checks = []
        for one in conform(load_pack(entry), told, config):
            checks.append(one)
            if not as_json:
                tell(one_line(f"{'problem' if one.problem else 'ok':<8} {one.name}" + f"  {one.problem}".rstrip()))
        if as_json:
            give_json({"buildpack": name, "checks": [asdict(one) for one in checks]})
        return int(any(one.problem for one in checks))

    return guarded(run, as_json=as_json)


def _looking(
    folder: str,
    options: Mapping[str, Any],
    config_file: Path | None,
    show: Callable[[Layout], int],
    *,
    as_json: bool,
) -> int:
    """What `show` says of a tree, which is taken as a session would take it."""

    def look() -> int:
        with _layout(folder, load_config(options, config_file)) as layout:
            return show(layout)

    return guarded(look, as_json=as_json)


@contextmanager
def _layout(folder: str, config: Config) -> Iterator[Layout]:
    with temporary_folder() as scratch:
        base = Path(scratch) / "base"
        snapshot = take_source(folder, config.ref, base, sandbox=config.sandbox)
        yield Layout(base, config, snapshot.version, date=snapshot.date)


def _shortened(text: str) -> str:
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}... ({len(text)} characters: see --json)"


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return shlex.join(f"{name}={word}" for name, word in value.items())
    if not isinstance(value, list):
        return str(value)
    if value and isinstance(value[0], list):
        return "; ".join(map(shlex.join, value))
    return shlex.join(value)


def _told(report: SuiteReport) -> dict[str, Any]:
    return {
        "problem": report.problem,
        "exit_code": report.exit_code,
        "duration_s": round(report.duration_s, 3),
        "basis": report.basis,
        "totals": dict(Counter(case.outcome for case in report.cases)) | {"tests": len(report.cases)},
        "cases": [_case(case) for case in report.cases],
        "canaries": [_case(case) for case in report.canaries],
        "unbuilt": report.unbuilt,
    }


def _case(case: CaseResult) -> dict[str, Any]:
    parsed = asdict(case.parsed)
    return {"id": case.id, "outcome": case.outcome, "message": case.message, "duration_s": case.duration_s} | parsed


def _tell(report: SuiteReport) -> None:
    for case in (*report.cases, *report.canaries):
        message = f"  {one_line(case.message)[:_MAX_MESSAGE]}" if case.message else ""
        canary = " (canary)" if case in report.canaries else ""
        tell(f"{case.outcome:<8} {one_line(case.id)}{canary}{message}")
    failing = sum(case.outcome.failing for case in report.cases)
    total = counted(len(report.cases), "test")
    ended = f"exit code {report.exit_code}, {report.duration_s:.1f} s"
    tell(one_line(f"{total}, {failing} failing; {ended}" + (f"; {report.problem}" if report.problem else "")))
