"""The commands in groups: sessions, sandboxes, models, and the gate by itself."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from rfsn.cli.options import (
    AllowCapability,
    AllowLarge,
    AllowPath,
    AllowTestEdits,
    BaseUrl,
    ConfigFile,
    Env,
    Folder,
    GateRule,
    Image,
    Json,
    Offline,
    PatchFile,
    PullRequest,
    PythonName,
    Repo,
    Sandbox,
    Target,
    Test,
    TimeLimit,
    WithPackage,
    settings,
)

__all__ = ["Group", "gates", "models", "packs", "sandboxes", "sessions"]

_WHOLE = 1000


class Group(TyperGroup):
    """A group whose help shows the whole first sentence of each command, which the library would cut off."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list of commands; a long summary continues on the next line."""
        commands = {name: self.get_command(ctx, name) for name in self.list_commands(ctx)}
        with formatter.section("Commands"):
            formatter.write_dl(
                [(name, command.get_short_help_str(_WHOLE)) for name, command in commands.items() if command]
            )


def _group(about: str) -> typer.Typer:
    return typer.Typer(cls=Group, help=about, no_args_is_help=True, rich_markup_mode=None)


sessions = _group("Sessions in rfsn's own folder; those in other folders (--out) are yours to manage.")
sandboxes = _group("What sandboxes leave behind on this machine.")
gates = _group("The rules that allow or deny a patch, without running any tests.")
packs = _group("The languages: what rfsn sees in a project, and how it would build and test it.")
models = _group("The models that --model can name: what they cost, and whether they answer.")


@sandboxes.command("prune")
def prune_sandboxes(*, json: Json = False) -> None:
    """Remove what killed controllers left behind: containers, workspaces, unfinished environments."""
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
    keep: Annotated[int, typer.Option(metavar="N", min=0, help="Keep the newest N sessions.")] = 20,
    older_than: Annotated[
        float, typer.Option(metavar="DAYS", min=0, help="Keep sessions used within DAYS days.")
    ] = 30.0,
    status: Annotated[
        list[str] | None, typer.Option(metavar="STATUS", help="Remove only sessions with this status; may be repeated.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list what would be removed.")] = False,
    json: Json = False,
) -> None:
    """Remove sessions that are both beyond the newest N and older than DAYS. One in use is never removed."""
    from rfsn.cli import sessions as commands  # noqa: PLC0415

    raise typer.Exit(commands.remove_old(keep, older_than, tuple(status or ()), dry_run=dry_run, as_json=json))


@gates.command("check")
def check_patch(
    patch: PatchFile,
    *,
    repo: Repo,
    test: Test = None,
    allow_test_edits: AllowTestEdits = None,
    allow_path: AllowPath = None,
    pull_request: PullRequest = None,
    allow_capability: AllowCapability = None,
    allow_large: AllowLarge = None,
    gate_rule: GateRule = None,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Check PATCH against every rule; exit code 0 if it is allowed, 1 if it is denied. Nothing is run.

    Files that the test command (--test) names are protected.
    """
    from rfsn.cli import gate as commands  # noqa: PLC0415

    options = settings(test=test, allow_test_edits=allow_test_edits, allow_path=allow_path, gate_rules=gate_rule)
    options |= settings(pull_request=pull_request, allow_capability=allow_capability, allow_large=allow_large)
    raise typer.Exit(commands.check(patch, repo, options, config, as_json=json))


@gates.command("rules")
def list_rules(*, json: Json = False) -> None:
    """List the ids of the rules in their order, and the rules that installed plugins add."""
    from rfsn.cli import gate as commands  # noqa: PLC0415

    raise typer.Exit(commands.rules(as_json=json))


@models.command("list")
def list_models(*, config: ConfigFile = None, json: Json = False) -> None:
    """List the configured models and some well-known ones, with their prices; nothing is sent."""
    from rfsn.cli import models as commands  # noqa: PLC0415

    raise typer.Exit(commands.list_all(config, as_json=json))


@models.command("check")
def check_model(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A model, [PROVIDER:]NAME.")],
    *,
    base_url: BaseUrl = None,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Ask NAME something short: key, endpoint, tools, price and window; exit code 0 if repairs can use it."""
    from rfsn.cli import models as commands  # noqa: PLC0415

    raise typer.Exit(commands.check(name, base_url, config, as_json=json))


@packs.command("list")
def list_packs(*, json: Json = False) -> None:
    """List the buildpacks that are installed, with the distributions that they come from."""
    from rfsn.cli import buildpacks as commands  # noqa: PLC0415

    raise typer.Exit(commands.list_all(as_json=json))


@packs.command("detect")
def detect_packs(folder: Folder, *, config: ConfigFile = None, json: Json = False) -> None:
    """Show the parts of the project in DIR, which buildpack each gets, and why. Nothing is run."""
    from rfsn.cli import buildpacks as commands  # noqa: PLC0415

    raise typer.Exit(commands.detect(folder, config, as_json=json))


@packs.command("plan")
def plan_packs(
    folder: Folder,
    *,
    test: Test = None,
    env: Env = None,
    sandbox: Sandbox = None,
    image: Image = None,
    python: PythonName = None,
    with_package: WithPackage = None,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Show what would be fetched, built and run for DIR, and what no repair may touch. Nothing is run."""
    from rfsn.cli import buildpacks as commands  # noqa: PLC0415

    options = settings(test=test, env=env, sandbox=sandbox, image=image, python=python, with_packages=with_package)
    raise typer.Exit(commands.plan(folder, options, config, as_json=json))


@packs.command("run")
def run_packs(
    folder: Folder,
    *,
    test: Test = None,
    target: Target = None,
    env: Env = None,
    sandbox: Sandbox = None,
    image: Image = None,
    python: PythonName = None,
    with_package: WithPackage = None,
    offline: Offline = None,
    time_limit: TimeLimit = None,
    canaries: Annotated[bool, typer.Option("--canaries", help="Add tests that must fail, as a verdict does.")] = False,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Run the tests of DIR once, cold, and show the report; exit code 0 if all pass, 1 if not, 3 if none ran."""
    from rfsn.cli import buildpacks as commands  # noqa: PLC0415

    options = settings(test=test, target=target, env=env, sandbox=sandbox, image=image, offline=offline)
    options |= settings(time_limit=time_limit, python=python, with_packages=with_package)
    raise typer.Exit(commands.run(folder, options, config, canaries=canaries, as_json=json))


@packs.command("check")
def check_pack(
    name: Annotated[str, typer.Argument(metavar="NAME", help="An installed buildpack.")],
    *,
    sandbox: Sandbox = None,
    image: Image = None,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Try the buildpack NAME on its own small projects: outcomes, hangs, crashes, forged results and more."""
    from rfsn.cli import buildpacks as commands  # noqa: PLC0415

    raise typer.Exit(commands.check(name, settings(sandbox=sandbox, image=image), config, as_json=json))
