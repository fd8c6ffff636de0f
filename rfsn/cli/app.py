"""Every command and its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from rfsn import __version__

__all__ = ["app"]

app = typer.Typer(
    name="rfsn",
    help="Repair a git repository whose tests fail, and prove the repair. No model and no key needed.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
sessions = typer.Typer(
    help="The sessions in the home of sessions; those in other folders (--out) are yours to keep or remove.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(sessions, name="sessions")
sandboxes = typer.Typer(help="What sandboxes leave on this machine.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(sandboxes, name="sandbox")

gates = typer.Typer(
    help="The rules that allow or deny a patch, by themselves.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(gates, name="gate")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout and nothing else there.")]
Test = Annotated[str | None, typer.Option("--test", metavar="CMD", help="The test command, split as a shell would.")]
Target = Annotated[
    list[str] | None,
    typer.Option("--target", metavar="ID", help="A test to repair, or a file of them; may be repeated."),
]
Sandbox = Annotated[str | None, typer.Option(metavar="auto|docker|bubblewrap|local", help="What holds untrusted code.")]
Image = Annotated[str | None, typer.Option(metavar="NAME", help="The image of the Docker sandbox.")]
Env = Annotated[list[str] | None, typer.Option("--env", metavar="K=V", help="An environment variable of the tests.")]
Offline = Annotated[bool | None, typer.Option("--offline", help="Make environments from caches alone.")]
MaxSteps = Annotated[int | None, typer.Option(metavar="N", help="The most steps of a session (default 200).")]
Seed = Annotated[int | None, typer.Option(metavar="N", help="Where every random choice comes from (default 0).")]
MetricsPort = Annotated[
    int | None,
    typer.Option(metavar="P", min=0, max=65535, help="Serve metrics on this port (0: a free one) meanwhile."),
]
AllowTestEdits = Annotated[
    bool | None, typer.Option("--allow-test-edits", help="Let patches change tests; not their configuration.")
]
AllowPath = Annotated[
    list[str] | None,
    typer.Option("--allow-path", metavar="GLOB", help="Let patches change these files in any way; may be repeated."),
]
SignKey = Annotated[
    str | None, typer.Option("--sign-key", metavar="KEY", help="Sign the session's evidence with this SSH key.")
]
GateRule = Annotated[
    list[str] | None,
    typer.Option("--gate-rule", metavar="NAME", help="Ask this installed rule as well; may be repeated."),
]
Operator = Annotated[
    list[str] | None,
    typer.Option("--operator", metavar="NAME", help="Search with this installed edit operator too; may be repeated."),
]
ConfigFile = Annotated[Path | None, typer.Option("--config", metavar="FILE", help="A rfsn.toml instead of the user's.")]


def _version(wanted: bool) -> None:  # noqa: FBT001  # typer calls it with the flag
    if wanted:
        typer.echo(f"rfsn {__version__}")
        raise typer.Exit


@app.callback()
def root(
    *, version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show it.")] = False
) -> None:
    """Options before any command."""


@app.command()
def repair(
    repo: Annotated[str, typer.Argument(metavar="REPO", help="A git repository: a path or a URL.")],
    *,
    ref: Annotated[str | None, typer.Option(metavar="REV", help="A revision instead of the working tree.")] = None,
    test: Test = None,
    target: Target = None,
    sandbox: Sandbox = None,
    image: Image = None,
    env: Env = None,
    offline: Offline = None,
    allow_test_edits: AllowTestEdits = None,
    allow_path: AllowPath = None,
    gate_rule: GateRule = None,
    operator: Operator = None,
    time_limit: Annotated[float | None, typer.Option(metavar="S", help="Seconds in all (default 900).")] = None,
    max_steps: MaxSteps = None,
    workers: Annotated[int | None, typer.Option(metavar="N", help="Validators side by side (default 1).")] = None,
    seed: Seed = None,
    no_memory: Annotated[
        bool, typer.Option("--no-memory", help="Neither learn from earlier sessions nor have later ones learn.")
    ] = False,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="The session's folder.")] = None,
    sign_key: SignKey = None,
    apply: Annotated[bool, typer.Option("--apply", help="Write a verified patch into REPO's working tree.")] = False,
    branch: Annotated[str | None, typer.Option(metavar="NAME", help="Commit a verified patch to a new branch.")] = None,
    config: ConfigFile = None,
    metrics_port: MetricsPort = None,
    json: Json = False,
) -> None:
    """Repair REPO: find the fault, try patches, verify one."""
    from rfsn.cli import commands  # noqa: PLC0415

    options = _options(ref=ref, test=test, target=target, sandbox=sandbox, image=image, env=env, offline=offline)
    options |= {"time_limit": time_limit, "max_steps": max_steps, "workers": workers, "seed": seed}
    options |= {"apply": apply or None, "branch": branch, "sign_key": sign_key}
    options |= {"memory": False if no_memory else None}
    options |= _options(allow_test_edits=allow_test_edits, allow_path=allow_path, gate_rules=gate_rule)
    options |= _options(operators=operator)
    raise typer.Exit(commands.repair(repo, options, config, out, metrics_port=metrics_port, as_json=json))


@app.command()
def resume(
    session: Annotated[str, typer.Argument(metavar="SESSION", help="A session's name or folder.")],
    *,
    metrics_port: MetricsPort = None,
    json: Json = False,
) -> None:
    """Go on with a session that was interrupted or killed."""
    from rfsn.cli import commands  # noqa: PLC0415

    raise typer.Exit(commands.resume(session, metrics_port=metrics_port, as_json=json))


@app.command()
def replay(
    session: Annotated[str, typer.Argument(metavar="SESSION", help="A session's name or folder.")],
    *,
    json: Json = False,
) -> None:
    """Check a journal: its chain, its states, and that planner and gate decide the same again."""
    from rfsn.cli import commands  # noqa: PLC0415

    raise typer.Exit(commands.replay(session, as_json=json))


@app.command()
def report(
    session: Annotated[str, typer.Argument(metavar="SESSION", help="A session's name or folder.")],
    *,
    show: Annotated[bool, typer.Option("--open", help="Show the page in the browser.")] = False,
) -> None:
    """Write a session's report.json, report.html and patch.diff again, and say where the page is."""
    from rfsn.cli import sessions as commands  # noqa: PLC0415

    raise typer.Exit(commands.report(session, show=show))


@sandboxes.command("prune")
def prune_sandboxes(*, json: Json = False) -> None:
    """Remove what killed controllers left behind: containers, workspaces, environments half made."""
    from rfsn.cli import sessions as commands  # noqa: PLC0415

    raise typer.Exit(commands.remove_left_behind(as_json=json))


@sessions.command("list")
def list_sessions(*, json: Json = False) -> None:
    """List the sessions, newest first."""
    from rfsn.cli import sessions as commands  # noqa: PLC0415

    raise typer.Exit(commands.list_all(as_json=json))


@sessions.command()
def prune(
    *,
    keep: Annotated[int, typer.Option(metavar="N", min=0, help="Leave the newest N sessions.")] = 20,
    older_than: Annotated[
        float, typer.Option(metavar="DAYS", min=0, help="Leave what was worked on within these days.")
    ] = 30.0,
    status: Annotated[list[str] | None, typer.Option(metavar="STATUS", help="Remove only these; repeatable.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be removed.")] = False,
    json: Json = False,
) -> None:
    """Remove old sessions: those beyond the newest N that are also older than DAYS. One in use is never removed."""
    from rfsn.cli import sessions as commands  # noqa: PLC0415

    raise typer.Exit(commands.remove_old(keep, older_than, tuple(status or ()), dry_run=dry_run, as_json=json))


@app.command("eval")
def evaluate(
    dataset: Annotated[Path, typer.Argument(metavar="DATASET.jsonl", help="One instance a line.")],
    *,
    repos: Annotated[Path | None, typer.Option(metavar="DIR", help="Clones that rows name, as owner/name.")] = None,
    workers: Annotated[int, typer.Option(metavar="N", min=1, help="Instances side by side.")] = 1,
    instance_timeout: Annotated[float | None, typer.Option(metavar="S", help="Seconds for each instance.")] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where results go (default: a new folder here).")
    ] = None,
    limit: Annotated[int | None, typer.Option(metavar="N", min=1, help="Only the first N instances.")] = None,
    only: Annotated[list[str] | None, typer.Option(metavar="ID", help="Only this instance; may be repeated.")] = None,
    retry: Annotated[list[str] | None, typer.Option(metavar="STATUS", help="Run those with this status again.")] = None,
    sandbox: Sandbox = None,
    image: Image = None,
    env: Env = None,
    offline: Offline = None,
    allow_test_edits: AllowTestEdits = None,
    allow_path: AllowPath = None,
    gate_rule: GateRule = None,
    operator: Operator = None,
    max_steps: MaxSteps = None,
    seed: Seed = None,
    config: ConfigFile = None,
    metrics_port: MetricsPort = None,
    json: Json = False,
) -> None:
    """Repair every instance of a data set and count the results."""
    from rfsn.cli import commands  # noqa: PLC0415

    options = _options(sandbox=sandbox, image=image, env=env, offline=offline)
    options |= {"time_limit": instance_timeout, "max_steps": max_steps, "seed": seed}
    options |= _options(allow_test_edits=allow_test_edits, allow_path=allow_path, gate_rules=gate_rule)
    options |= _options(operators=operator)
    chosen = commands.Selection(limit, tuple(only or ()), tuple(retry or ()))
    raise typer.Exit(
        commands.evaluate(
            dataset, options, config, out, workers, chosen, repos, metrics_port=metrics_port, as_json=json
        )
    )


@gates.command("check")
def check_patch(
    patch: Annotated[str, typer.Argument(metavar="PATCH", help="A diff: a file, or - for standard input.")],
    *,
    repo: Annotated[str, typer.Option(metavar="DIR", help="The repository that the patch is for, without it.")],
    allow_test_edits: AllowTestEdits = None,
    allow_path: AllowPath = None,
    gate_rule: GateRule = None,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Say what the rules have against PATCH; exit code 0 where that is nothing, else 1. Nothing is run."""
    from rfsn.cli import gate as commands  # noqa: PLC0415

    options = _options(allow_test_edits=allow_test_edits, allow_path=allow_path, gate_rules=gate_rule)
    raise typer.Exit(commands.check(patch, repo, options, config, as_json=json))


@gates.command("rules")
def list_rules(*, json: Json = False) -> None:
    """List the ids of the rules in their order, and the rules that plugins offer."""
    from rfsn.cli import gate as commands  # noqa: PLC0415

    raise typer.Exit(commands.rules(as_json=json))


@app.command("operators")
def list_operators(*, json: Json = False) -> None:
    """List the ids of the search's edit operators, and the operators that plugins offer."""
    from rfsn.cli import plugins as commands  # noqa: PLC0415

    raise typer.Exit(commands.operators(as_json=json))


@app.command()
def judge(
    patch: Annotated[str, typer.Argument(metavar="PATCH", help="A diff: a file, or - for standard input.")],
    *,
    repo: Annotated[str, typer.Option(metavar="DIR", help="The repository that the patch is for, without it.")],
    test: Test = None,
    target: Target = None,
    sandbox: Sandbox = None,
    image: Image = None,
    env: Env = None,
    offline: Offline = None,
    allow_test_edits: AllowTestEdits = None,
    allow_path: AllowPath = None,
    gate_rule: GateRule = None,
    time_limit: Annotated[float | None, typer.Option(metavar="S", help="Seconds in all (default 900).")] = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="The session's folder.")] = None,
    sign_key: SignKey = None,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Judge PATCH, whoever made it: the gate's rules, then the verdict of the tests. Exit code 0 where it holds."""
    from rfsn.cli import gate as commands  # noqa: PLC0415

    options = _options(test=test, target=target, sandbox=sandbox, image=image, env=env, offline=offline)
    options |= _options(allow_test_edits=allow_test_edits, allow_path=allow_path, gate_rules=gate_rule)
    options |= {"time_limit": time_limit, "sign_key": sign_key}
    raise typer.Exit(commands.judge(patch, repo, options, config, out, as_json=json))


@app.command()
def verify(
    session: Annotated[str, typer.Argument(metavar="SESSION", help="A session's name or folder.")],
    *,
    allowed_signers: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Check the signature: who may sign (see ssh-keygen).")
    ] = None,
    signer: Annotated[str | None, typer.Option(metavar="NAME", help="Whose signature it must be.")] = None,
    json: Json = False,
) -> None:
    """Check a session's journal, evidence and base, and run its verdict again."""
    from rfsn.cli import gate as commands  # noqa: PLC0415

    raise typer.Exit(commands.verify(session, allowed_signers, signer, as_json=json))


@app.command()
def doctor(*, json: Json = False) -> None:
    """Say whether rfsn can repair on this machine, and what to do where it cannot."""
    from rfsn.cli.doctor import doctor as examine  # noqa: PLC0415

    raise typer.Exit(examine(as_json=json))


def _options(**given: Any) -> dict[str, Any]:
    """Options in the form that the configuration has them."""
    import shlex  # noqa: PLC0415

    if given.get("test") is not None:
        try:
            given["test"] = tuple(shlex.split(given["test"]))
        except ValueError as error:
            raise typer.BadParameter(str(error), param_hint="--test") from error
    if given.get("env") is not None:
        pairs = [entry.partition("=") for entry in given["env"]]
        if any(not name or not sign for name, sign, _ in pairs):
            raise typer.BadParameter("give it as NAME=VALUE", param_hint="--env")
        given["env"] = {name: value for name, _, value in pairs}
    return {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
