"""The commands on patches from elsewhere: what tests say of one, of a session's own, and of those for a data set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rfsn.cli.options import (
    AllowCapability,
    AllowLarge,
    AllowPath,
    AllowTestEdits,
    ConfigFile,
    Env,
    Environments,
    GateRule,
    Image,
    InstanceTimeout,
    Json,
    Limit,
    Offline,
    Out,
    PatchFile,
    PullRequest,
    PythonName,
    Repo,
    Repos,
    Results,
    Retry,
    Sandbox,
    SessionName,
    SignKey,
    Strict,
    Target,
    Test,
    TimeLimit,
    WithPackage,
    settings,
)

__all__ = ["grade", "judge", "verify"]


def judge(
    patch: PatchFile,
    *,
    repo: Repo,
    test: Test = None,
    target: Target = None,
    sandbox: Sandbox = None,
    image: Image = None,
    env: Env = None,
    python: PythonName = None,
    with_package: WithPackage = None,
    offline: Offline = None,
    allow_test_edits: AllowTestEdits = None,
    allow_path: AllowPath = None,
    pull_request: PullRequest = None,
    strict: Strict = None,
    allow_capability: AllowCapability = None,
    allow_large: AllowLarge = None,
    gate_rule: GateRule = None,
    time_limit: TimeLimit = None,
    out: Out = None,
    sign_key: SignKey = None,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Judge a patch from anywhere: the gate's rules, then the verdict of the tests. Exit code 0 if it is accepted."""
    from rfsn.cli import gate as commands  # noqa: PLC0415

    options = settings(test=test, target=target, sandbox=sandbox, image=image, env=env, offline=offline)
    options |= settings(allow_test_edits=allow_test_edits, allow_path=allow_path, gate_rules=gate_rule)
    options |= settings(allow_capability=allow_capability, allow_large=allow_large)
    options |= settings(with_packages=with_package, pull_request=pull_request)
    options |= {"time_limit": time_limit, "sign_key": sign_key, "python": python, "strict": strict}
    raise typer.Exit(commands.judge(patch, repo, options, config, out, as_json=json))


def verify(
    session: SessionName,
    *,
    allowed_signers: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Check the signature against this file of allowed signers (see ssh-keygen)."),
    ] = None,
    signer: Annotated[str | None, typer.Option(metavar="NAME", help="Who must have signed.")] = None,
    json: Json = False,
) -> None:
    """Check a session's journal, evidence and base, and reach its verdict again."""
    from rfsn.cli import gate as commands  # noqa: PLC0415

    raise typer.Exit(commands.verify(session, allowed_signers, signer, as_json=json))


def grade(
    predictions: Annotated[
        Path | None, typer.Argument(metavar="PREDICTIONS", help="Patches: JSON Lines, or JSON; none with --check.")
    ] = None,
    *,
    dataset: Annotated[str, typer.Option(metavar="DATASET", help="The rows that the patches are for.")],
    repos: Repos = None,
    workers: Annotated[int, typer.Option(metavar="N", min=1, help="Rows in parallel.")] = 1,
    repeat: Annotated[int, typer.Option(metavar="N", min=1, help="Grade N times, and name what differs.")] = 1,
    check: Annotated[
        bool, typer.Option("--check", help="Grade the gold patch of each row, which must resolve it, and no patch.")
    ] = False,
    limit: Limit = None,
    retry: Retry = None,
    environments: Environments = None,
    instance_timeout: InstanceTimeout = None,
    out: Results = None,
    sandbox: Sandbox = None,
    image: Image = None,
    env: Env = None,
    offline: Offline = None,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Grade patches for rows of SWE-bench by its rules, on results that the code under test cannot write."""
    from rfsn.cli import grading  # noqa: PLC0415

    given = settings(sandbox=sandbox, image=image, env=env, offline=offline) | {"time_limit": instance_timeout}
    options = grading.Options(workers, repeat, check, json, environments, limit, tuple(retry or ()))
    raise typer.Exit(grading.grade(predictions, dataset, given, config, out, repos, options))
