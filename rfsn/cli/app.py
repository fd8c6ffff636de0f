"""Every command and its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from rfsn import __version__
from rfsn.cli.evaluations import evaluations
from rfsn.cli.groups import Group, gates, models, packs, sandboxes, sessions
from rfsn.cli.options import (
    AllowCapability,
    AllowLarge,
    AllowPath,
    AllowTestEdits,
    BaseUrl,
    ConfigFile,
    Env,
    Environments,
    GateRule,
    Image,
    InstanceTimeout,
    Json,
    JudgeModel,
    Limit,
    MaxSteps,
    MetricsPort,
    MinConfidence,
    Model,
    Offline,
    Operator,
    Out,
    Planner,
    PythonName,
    Repos,
    Results,
    Retry,
    Sandbox,
    Seed,
    SessionName,
    SignKey,
    Strict,
    Target,
    Test,
    TimeLimit,
    WithPackage,
    settings,
)
from rfsn.cli.patches import grade, judge, verify

__all__ = ["app"]

app = typer.Typer(
    name="rfsn",
    cls=Group,
    help="Repair a git repository whose tests fail, and verify the repair. No model and no key needed.",
    context_settings={"help_option_names": ["--help", "-h"]},
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.add_typer(sessions, name="sessions")
app.add_typer(sandboxes, name="sandbox")
app.add_typer(gates, name="gate")
app.add_typer(models, name="models")
app.add_typer(packs, name="buildpacks")
app.add_typer(evaluations, name="eval")


def _version(wanted: bool) -> None:  # noqa: FBT001  # typer calls it with the flag
    if wanted:
        typer.echo(f"rfsn {__version__}")
        raise typer.Exit


@app.callback()
def root(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """The options that come before any command."""


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
    python: PythonName = None,
    with_package: WithPackage = None,
    offline: Offline = None,
    allow_test_edits: AllowTestEdits = None,
    allow_path: AllowPath = None,
    strict: Strict = None,
    allow_capability: AllowCapability = None,
    allow_large: AllowLarge = None,
    gate_rule: GateRule = None,
    operator: Operator = None,
    planner: Planner = None,
    model: Model = None,
    base_url: BaseUrl = None,
    max_cost: Annotated[
        float | None, typer.Option(metavar="USD", help="The most that models may cost together (default 2).")
    ] = None,
    judge_model: JudgeModel = None,
    issue: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The text of the issue to repair, for a model to read.")
    ] = None,
    min_confidence: MinConfidence = None,
    accept_generated: Annotated[
        bool | None,
        typer.Option("--accept-generated", help="Count a repair that only a test written from the issue shows."),
    ] = None,
    time_limit: TimeLimit = None,
    max_steps: MaxSteps = None,
    workers: Annotated[
        int | None, typer.Option(metavar="N", help="Candidates tried in parallel (default: one a processor, up to 4).")
    ] = None,
    seed: Seed = None,
    no_memory: Annotated[
        bool,
        typer.Option("--no-memory", help="Do not learn from earlier sessions, nor let later ones learn from this."),
    ] = False,
    out: Out = None,
    sign_key: SignKey = None,
    apply: Annotated[bool, typer.Option("--apply", help="Write a verified patch into REPO's working tree.")] = False,
    branch: Annotated[str | None, typer.Option(metavar="NAME", help="Commit a verified patch to a new branch.")] = None,
    config: ConfigFile = None,
    metrics_port: MetricsPort = None,
    json: Json = False,
) -> None:
    """Repair REPO: locate the fault, try patches, verify one."""
    from rfsn.cli import commands  # noqa: PLC0415

    options = settings(ref=ref, test=test, target=target, sandbox=sandbox, image=image, env=env, offline=offline)
    options |= {"time_limit": time_limit, "max_steps": max_steps, "workers": workers, "seed": seed, "python": python}
    options |= {"apply": apply or None, "branch": branch, "sign_key": sign_key}
    options |= {"memory": False if no_memory else None, "strict": strict}
    options |= settings(allow_test_edits=allow_test_edits, allow_path=allow_path, gate_rules=gate_rule)
    options |= settings(allow_capability=allow_capability, allow_large=allow_large)
    options |= settings(with_packages=with_package)
    options |= settings(operators=operator, planner=planner, model=model, base_url=base_url, max_cost=max_cost)
    options |= {"judge_model": judge_model, "accept_generated": accept_generated, "min_confidence": min_confidence}
    raise typer.Exit(commands.repair(repo, options, config, out, issue=issue, metrics_port=metrics_port, as_json=json))


@app.command()
def resume(
    session: SessionName,
    *,
    metrics_port: MetricsPort = None,
    json: Json = False,
) -> None:
    """Continue a session that was interrupted or killed."""
    from rfsn.cli import commands  # noqa: PLC0415

    raise typer.Exit(commands.resume(session, metrics_port=metrics_port, as_json=json))


@app.command()
def replay(
    session: SessionName,
    *,
    json: Json = False,
) -> None:
    """Replay a journal: check its chain and states, and that planner and gate decide the same again."""
    from rfsn.cli import commands  # noqa: PLC0415

    raise typer.Exit(commands.replay(session, as_json=json))


@app.command()
def report(
    session: SessionName,
    *,
    show: Annotated[bool, typer.Option("--open", help="Show the page in the browser.")] = False,
    messages: Annotated[
        bool, typer.Option("--messages", help="Only print what models were asked and answered, as JSON Lines.")
    ] = False,
) -> None:
    """Write a session's report.json, report.html and patch.diff again, and print where the page is."""
    from rfsn.cli import sessions as commands  # noqa: PLC0415

    raise typer.Exit(commands.messages(session) if messages else commands.report(session, show=show))


@evaluations.callback()
def evaluate(
    dataset: Annotated[
        str, typer.Argument(metavar="DATASET", help="JSON Lines, JSON, Parquet, or owner/name of Hugging Face.")
    ],
    *,
    repos: Repos = None,
    tests: Annotated[
        Literal["given", "hidden"],
        typer.Option(help="Whether the failing tests are shown, or the problem statement alone (needs a model)."),
    ] = "given",
    environments: Environments = None,
    workers: Annotated[int, typer.Option(metavar="N", min=1, help="Instances in parallel.")] = 1,
    ray: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Work on a Ray cluster (local: a new one here).")
    ] = None,
    total_timeout: Annotated[
        float, typer.Option(metavar="S", min=0, help="Seconds after which no instance is begun or goes on.")
    ] = float("inf"),
    instance_timeout: InstanceTimeout = None,
    out: Results = None,
    limit: Limit = None,
    only: Annotated[list[str] | None, typer.Option(metavar="ID", help="Only this instance; may be repeated.")] = None,
    retry: Retry = None,
    sandbox: Sandbox = None,
    image: Image = None,
    env: Env = None,
    python: PythonName = None,
    with_package: WithPackage = None,
    offline: Offline = None,
    allow_test_edits: AllowTestEdits = None,
    allow_path: AllowPath = None,
    allow_capability: AllowCapability = None,
    allow_large: AllowLarge = None,
    gate_rule: GateRule = None,
    operator: Operator = None,
    planner: Planner = None,
    model: Model = None,
    base_url: BaseUrl = None,
    max_cost: Annotated[
        float | None, typer.Option(metavar="USD", help="The most that models may cost in all instances (default 2).")
    ] = None,
    judge_model: JudgeModel = None,
    min_confidence: MinConfidence = None,
    max_steps: MaxSteps = None,
    seed: Seed = None,
    config: ConfigFile = None,
    metrics_port: MetricsPort = None,
    json: Json = False,
) -> None:
    """Repair every instance of a data set and count the results, or look at the results that there are."""
    from rfsn.cli import evaluating  # noqa: PLC0415

    options = settings(sandbox=sandbox, image=image, env=env, offline=offline)
    options |= {"time_limit": instance_timeout, "max_steps": max_steps, "seed": seed}
    options |= settings(allow_test_edits=allow_test_edits, allow_path=allow_path, gate_rules=gate_rule)
    options |= settings(allow_capability=allow_capability, allow_large=allow_large)
    options |= settings(with_packages=with_package)
    options |= settings(operators=operator, planner=planner, model=model, base_url=base_url, max_cost=max_cost)
    options |= {"judge_model": judge_model, "python": python, "min_confidence": min_confidence}
    chosen = evaluating.Selection(limit, tuple(only or ()), tuple(retry or ()))
    how = evaluating.Evaluation(workers, repos, environments, tests, total_timeout, ray)
    raise typer.Exit(
        evaluating.evaluate(dataset, options, config, out, chosen, how, metrics_port=metrics_port, as_json=json)
    )


@app.command("operators")
def list_operators(*, json: Json = False) -> None:
    """List the edit operators of the search, and those that installed plugins add."""
    from rfsn.cli import plugins as commands  # noqa: PLC0415

    raise typer.Exit(commands.operators(as_json=json))


@app.command("planners")
def list_planners(*, json: Json = False) -> None:
    """List who can make patches (--planner), and the planners that installed plugins add."""
    from rfsn.cli import plugins as commands  # noqa: PLC0415

    raise typer.Exit(commands.planners(as_json=json))


for command in (judge, verify, grade):
    app.command()(command)


@app.command()
def doctor(*, json: Json = False) -> None:
    """Check whether rfsn can repair on this machine, and say what to do if it cannot."""
    from rfsn.cli.doctor import doctor as examine  # noqa: PLC0415

    raise typer.Exit(examine(as_json=json))
