"""The commands in groups: sessions, sandboxes, and the gate by itself."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from rfsn.cli.options import AllowPath, AllowTestEdits, ConfigFile, GateRule, Json, PatchFile, Repo, settings

__all__ = ["Group", "gates", "sandboxes", "sessions"]

_WHOLE = 1000


class Group(TyperGroup):
    """A group whose help has the whole first sentence of each command: the library ends them with dots."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list of commands; a long summary goes on in the next line."""
        named = {name: self.get_command(ctx, name) for name in self.list_commands(ctx)}
        with formatter.section("Commands"):
            formatter.write_dl([(name, one.get_short_help_str(_WHOLE)) for name, one in named.items() if one])


def _group(about: str) -> typer.Typer:
    return typer.Typer(cls=Group, help=about, no_args_is_help=True, rich_markup_mode=None)


sessions = _group("The sessions in the home of sessions; those in other folders (--out) are yours to keep or remove.")
sandboxes = _group("What sandboxes leave on this machine.")
gates = _group("The rules that allow or deny a patch, by themselves.")


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


@gates.command("check")
def check_patch(
    patch: PatchFile,
    *,
    repo: Repo,
    allow_test_edits: AllowTestEdits = None,
    allow_path: AllowPath = None,
    gate_rule: GateRule = None,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Say what the rules have against PATCH; exit code 0 where that is nothing, else 1. Nothing is run."""
    from rfsn.cli import gate as commands  # noqa: PLC0415

    options = settings(allow_test_edits=allow_test_edits, allow_path=allow_path, gate_rules=gate_rule)
    raise typer.Exit(commands.check(patch, repo, options, config, as_json=json))


@gates.command("rules")
def list_rules(*, json: Json = False) -> None:
    """List the ids of the rules in their order, and the rules that plugins offer."""
    from rfsn.cli import gate as commands  # noqa: PLC0415

    raise typer.Exit(commands.rules(as_json=json))
