"""The options that several commands share, and the settings that they stand for."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

__all__ = [
    "AllowCapability",
    "AllowLarge",
    "AllowPath",
    "AllowTestEdits",
    "BaseUrl",
    "ConfigFile",
    "Env",
    "Environments",
    "Folder",
    "GateRule",
    "Image",
    "InstanceTimeout",
    "Json",
    "JudgeModel",
    "Limit",
    "MaxSteps",
    "MetricsPort",
    "MinConfidence",
    "Model",
    "Offline",
    "Operator",
    "Out",
    "PatchFile",
    "Planner",
    "PullRequest",
    "PythonName",
    "Repo",
    "Repos",
    "Results",
    "Retry",
    "Sandbox",
    "Seed",
    "SessionName",
    "SignKey",
    "Strict",
    "Target",
    "Test",
    "TimeLimit",
    "WithPackage",
    "settings",
]

Folder = Annotated[str, typer.Argument(metavar="DIR", help="A project: a folder or a repository.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout and nothing else there.")]
Test = Annotated[str | None, typer.Option("--test", metavar="CMD", help="The test command, split as a shell would.")]
Target = Annotated[
    list[str] | None,
    typer.Option("--target", metavar="ID", help="A test to repair, or a file of them; may be repeated."),
]
Sandbox = Annotated[
    str | None, typer.Option(metavar="auto|docker|bubblewrap|local", help="The sandbox for untrusted code.")
]
Image = Annotated[str | None, typer.Option(metavar="NAME", help="The image of the Docker sandbox.")]
Env = Annotated[list[str] | None, typer.Option("--env", metavar="K=V", help="An environment variable of the tests.")]
PythonName = Annotated[
    str | None, typer.Option("--python", metavar="VERSION|PATH", help="The interpreter of Python projects.")
]
WithPackage = Annotated[
    list[str] | None,
    typer.Option("--with", metavar="PACKAGE", help="Add this requirement to a Python project's; may be repeated."),
]
Offline = Annotated[bool | None, typer.Option("--offline", help="Make environments from caches only.")]
MaxSteps = Annotated[int | None, typer.Option(metavar="N", help="The most steps of a session (default 200).")]
Seed = Annotated[int | None, typer.Option(metavar="N", help="The seed of every random choice (default 0).")]
MetricsPort = Annotated[
    int | None,
    typer.Option(metavar="P", min=0, max=65535, help="Serve metrics on this port during the run (0: any free one)."),
]
AllowTestEdits = Annotated[
    bool | None, typer.Option("--allow-test-edits", help="Let patches change tests, but not their configuration.")
]
PullRequest = Annotated[
    bool | None,
    typer.Option(
        "--pull-request", help="Let the patch bring tests, which run beside those of the base, and change metadata."
    ),
]
AllowPath = Annotated[
    list[str] | None,
    typer.Option("--allow-path", metavar="GLOB", help="Let patches change these files in any way; may be repeated."),
]
AllowCapability = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-capability", metavar="NAME", help="Let patches newly do this, such as `network`; may be repeated."
    ),
]
AllowLarge = Annotated[
    bool | None, typer.Option("--allow-large", help="Let patches change any number of files and lines.")
]
SignKey = Annotated[
    str | None, typer.Option("--sign-key", metavar="KEY", help="Sign the session's evidence with this SSH key.")
]
Strict = Annotated[
    bool | None,
    typer.Option("--strict", help="Reject patches that only change the answers to calls of the tests."),
]
GateRule = Annotated[
    list[str] | None,
    typer.Option("--gate-rule", metavar="NAME", help="Also check this installed rule; may be repeated."),
]
Operator = Annotated[
    list[str] | None,
    typer.Option("--operator", metavar="NAME", help="Also search with this installed edit operator; may be repeated."),
]
Planner = Annotated[
    str | None,
    typer.Option(metavar="auto|search|llm|agent|NAME", help="Who makes patches; NAME is an installed planner."),
]
Model = Annotated[
    list[str] | None,
    typer.Option("--model", metavar="NAME", help="A model to ask, [PROVIDER:]NAME, the cheapest first; repeatable."),
]
BaseUrl = Annotated[
    str | None, typer.Option(metavar="URL", help="The Chat Completions endpoint of models named without a provider.")
]
JudgeModel = Annotated[str | None, typer.Option(metavar="NAME", help="A model that helps to rank plausible patches.")]
SessionName = Annotated[str, typer.Argument(metavar="SESSION", help="A session's name or folder.")]
Repo = Annotated[
    str, typer.Option(metavar="DIR", help="The repository that the patch is for, as it is before the patch.")
]
Repos = Annotated[
    Path | None, typer.Option(metavar="DIR", help="The folder of the clones that rows name as owner/name.")
]
Results = Annotated[Path | None, typer.Option(metavar="DIR", help="The folder for results (default: a new one here).")]
Environments = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Python, packages and test command by repository and version."),
]
InstanceTimeout = Annotated[
    float | None, typer.Option("--instance-timeout", "--time-limit", metavar="S", help="Seconds for each instance.")
]
MinConfidence = Annotated[
    float | None,
    typer.Option(metavar="P", help="Only count repairs that are right with at least this confidence, 0 to 1."),
]
Limit = Annotated[int | None, typer.Option(metavar="N", min=1, help="Only the first N instances.")]
Retry = Annotated[list[str] | None, typer.Option(metavar="STATUS", help="Run instances with this status again.")]
PatchFile = Annotated[str, typer.Argument(metavar="PATCH", help="A diff: a file, or - for standard input.")]
TimeLimit = Annotated[float | None, typer.Option(metavar="S", help="Seconds for the whole session (default 900).")]
Out = Annotated[Path | None, typer.Option(metavar="DIR", help="The session's folder.")]
ConfigFile = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="An rfsn.toml to read instead of the user's.")
]


def settings(**given: Any) -> dict[str, Any]:
    """Options in the form that the configuration takes."""
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
