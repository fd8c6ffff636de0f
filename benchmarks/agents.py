"""rfsn's agent beside mini-swe-agent: CPU time, time between requests and memory of the controllers, and of long runs.

    benchmarks/agents.py [--rounds N] [--steps N] [--folder DIR]

One scripted model behind a real server has both take the same looks at the same project, each with its own tools: read
a file, search for a text. Then mini-swe-agent ends, and rfsn's agent hands in the repair, whose verdict is named apart,
like the tests that rfsn runs before the first request. The runs of both alternate. CPU time is that of the controllers
alone, without child processes, and from their first instruction on. A long session of `--steps` looks follows, to see
whether a step costs the same at its end.
"""

from __future__ import annotations

import argparse
import inspect
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.scripted import Message
from benchmarks.watching import Watched, watch

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
LOOKS = 20
SHARE, MOST_MB = 0.25, 120
MODULES = ("bisect", "calendar", "csv", "fractions", "heapq", "shlex", "statistics", "string", "textwrap", "tokenize")
"""Modules of the standard library: code that people wrote, for the project to look like one."""

WINDOWS = 5
SETTLED = 40
"""The steps after which the agent's conversation has its full length."""

FILES = {
    "least.py": "def least(first, second):\n    return first if first > second else second\n",
    "test_least.py": "from least import least\n\n\ndef test_least():\n    assert least(1, 2) == 1\n",
}
REPAIR = """\
The comparison is the wrong way round.

least.py
<<<<<<< SEARCH
    return first if first > second else second
=======
    return first if first < second else second
>>>>>>> REPLACE
"""

MINI = """
import sys
import yaml
from minisweagent.agents.default import DefaultAgent
from minisweagent.config import builtin_config_dir
from minisweagent.environments.local import LocalEnvironment
from minisweagent.models.litellm_model import LitellmModel

config = yaml.safe_load((builtin_config_dir / "mini.yaml").read_text())
config["model"]["model_kwargs"] |= {"api_base": sys.argv[1], "api_key": "none"}
model = LitellmModel(model_name="openai/scripted", cost_tracking="ignore_errors", **config["model"])
environment = LocalEnvironment(cwd=sys.argv[2], **config["environment"])
ended = DefaultAgent(model, environment, **config["agent"]).run(sys.argv[3])
assert ended["exit_status"] == "Submitted", ended
"""


LONG = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from planners.llm.agent import Agent
from planners.localizing import Localize
from planners.meta import Stuck
from planners.steps import Reproduce
from rfsn.compose import run_session
from rfsn.config import Config
from rfsn.models.cards import cards_of
from rfsn.sessions.session import Session

config = Config(model=("scripted",), base_url=sys.argv[2], max_steps=int(sys.argv[5]), time_limit=86_400, memory=False)
(card,) = cards_of(config).models
strategies = (Reproduce(), Localize(), Agent(card, most_calls=None), Stuck(asks=True))

class First:
    def propose(self, state, context):
        return next(step for known in strategies if (step := known.propose(state, context)) is not None)

session = Session.create(sys.argv[3], config, Path(sys.argv[4]))
run_session(session, planner=First())
session.close()
"""
"""A session with the agent alone, which may call as often as it likes: the product's own bound is lower."""


class Looks:
    """A model that looks at a project: it reads files in turn, and searches for one word of them after another."""

    def __init__(self, call: Callable[[str, str], Mapping[str, Any]], last: Mapping[str, Any], count: int) -> None:
        self._call = call
        self._last = last
        self._count = count
        self._words = sorted({*re.findall(r"\w{5,}", "".join(map(inspect.getsource, map(import_module, MODULES))))})
        self.asked = 0

    def __call__(self, _: Sequence[Message]) -> Mapping[str, Any]:
        """The next answer."""
        number, self.asked = self.asked, self.asked + 1
        if number >= self._count:
            return self._last
        if number % 2:
            return self._call("search", self._words[number * 3 % len(self._words)])
        return self._call("read", f"{MODULES[number // 2 % len(MODULES)]}.py")


def calling(name: str, arguments: Mapping[str, str], text: str = "I look around.") -> dict[str, Any]:
    """A message that calls one tool."""
    function = {"name": name, "arguments": json.dumps(arguments)}
    return {"content": text, "tool_calls": [{"id": f"call_{name}", "type": "function", "function": function}]}


def by_rfsn(kind: str, what: str) -> dict[str, Any]:
    """A look with the tools of rfsn's agent."""
    if kind == "read":
        return calling("read_file", {"path": what})
    return calling("search_code", {"text": what, "pattern": "*"})


def by_mini(kind: str, what: str) -> dict[str, Any]:
    """The same look with a shell."""
    return calling("bash", {"command": f"cat {what}" if kind == "read" else f"grep -rnF '{what}' ."})


MINI_ENDS = calling("bash", {"command": "echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT"})
RFSN_ENDS = calling("apply_patch", {}, REPAIR)


@contextmanager
def folder_of(wanted: Path | None) -> Iterator[Path]:
    """A folder to work in: the wanted one, which stays, or a temporary one."""
    if wanted:
        wanted.mkdir(parents=True, exist_ok=True)
        yield wanted.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="rfsn-agents-") as name:
        yield Path(name)


def put_project(folder: Path) -> Path:
    """A project with a fault, and with code to look at."""
    project = folder / "project"
    if not project.exists():
        project.mkdir()
        for name, text in FILES.items():
            (project / name).write_text(text, "utf-8")
        for module in MODULES:
            shutil.copy(inspect.getsourcefile(import_module(module)), project)  # type: ignore[arg-type]  # each has one
        identity = ("-c", "user.name=benchmark", "-c", "user.email=benchmark@localhost")
        for arguments in (("init", "--quiet"), ("add", "--all"), (*identity, "commit", "--quiet", "--message", "all")):
            subprocess.run(["git", *arguments], cwd=project, check=True)  # noqa: S607  # the git of the machine
    return project


def installed_mini(folder: Path) -> Path:
    """The interpreter of an environment with mini-swe-agent and its bytecode, as `make setup` compiles rfsn's."""
    python = folder / "mini" / "bin" / "python"
    if not python.exists():
        uv = [str(BIN / "uv"), "--quiet"]
        subprocess.run([*uv, "venv", "--python", sys.executable, str(folder / "mini")], check=True)
        wanted = ("mini-swe-agent>=2,<3", "mcp")
        install = ["pip", "install", "--compile-bytecode", "--python", str(python), *wanted]
        subprocess.run([*uv, *install], check=True)
    return python


def run_mini(python: Path, folder: Path, project: Path) -> Watched:
    """One run of mini-swe-agent with its own prompts and its local environment."""
    variables = {"MSWEA_GLOBAL_CONFIG_DIR": str(folder / "mini-home"), "MSWEA_SILENT_STARTUP": "1"}
    variables |= {"LITELLM_LOCAL_MODEL_COST_MAP": "True"}  # or its import waits for a list of prices from the internet
    task = "least(1, 2) is 2 and should be 1."
    return watch(
        lambda url: [str(python), "-c", MINI, url, str(project), task],
        clean_environment() | variables,
        Looks(by_mini, MINI_ENDS, LOOKS),
    )


def run_rfsn(folder: Path, project: Path, name: str) -> Watched:
    """One session of rfsn's agent, with the repair at its end."""
    command = [str(BIN / "rfsn"), "repair", str(project), "--planner", "agent", "--model", "scripted"]
    return watch(
        lambda url: [*command, "--base-url", url, "--out", str(folder / name)],
        rfsn_environment(folder),
        Looks(by_rfsn, RFSN_ENDS, LOOKS),
    )


def clean_environment() -> dict[str, str]:
    """The environment without settings of rfsn."""
    return {name: value for name, value in os.environ.items() if not name.startswith("RFSN_")}


def rfsn_environment(folder: Path) -> dict[str, str]:
    """The environment of rfsn, with a home of its own."""
    return clean_environment() | {"RFSN_HOME": str(folder / "home"), "RFSN_MEMORY": "false"}


def main() -> None:
    """Print a table of both agents and one of a long session."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=1_000, help="the looks of the long session; 0 for none")
    parser.add_argument("--folder", type=Path, metavar="DIR", help="where to work and keep sessions (default: nowhere)")
    options = parser.parse_args()
    with folder_of(options.folder) as folder:
        if options.rounds:
            compare(folder, options.rounds)
        if options.steps:
            long_session(folder, options.steps)


def compare(folder: Path, rounds: int) -> None:
    """Alternate both agents, after one run of each that fills caches, and print the medians side by side."""
    project, python = put_project(folder), installed_mini(folder)
    both: dict[str, list[Watched]] = {"rfsn": [], "mini": []}
    for number in range(rounds + 1):
        both["rfsn"].append(run_rfsn(folder, project, f"session-{os.getpid()}-{number}"))
        both["mini"].append(run_mini(python, folder, project))
    ours, theirs = both["rfsn"][1:], both["mini"][1:]
    print(f"{LOOKS} looks each, medians of {rounds} runs that alternate; load {load()}")
    print(f"{'':<44}{'rfsn':>9}{'mini':>9}{'share':>8}{'goal':>8}")
    show(
        "CPU ms of the controller, all of it", [run.cpu_s * 1000 for run in ours], [run.cpu_s * 1000 for run in theirs]
    )
    parts = {
        "  before the first request": lambda run: run.requests[0],
        "  the looks": lambda run: run.requests[LOOKS] - run.requests[0],
        "  after them": lambda run: run.cpu_s - run.requests[LOOKS],
    }
    for name, part in parts.items():
        show(name, *([part(run) * 1000 for run in runs] for runs in (ours, theirs)), goal=None)
    reproduced = [(run.line("localize") - run.line("environment")) * 1000 for run in ours]
    verified = [(run.line("verify") - run.requests[LOOKS]) * 1000 for run in ours]
    print(f"{'  rfsn: reproducing and tracing':<44}{statistics.median(reproduced):>9.0f}")
    print(f"{'  rfsn: the verdict':<44}{statistics.median(verified):>9.0f}")
    rest = [run.cpu_s * 1000 - more - most for run, more, most in zip(ours, reproduced, verified, strict=True)]
    show("CPU ms without reproduction and verdict", rest, [run.cpu_s * 1000 for run in theirs])
    show(
        "ms from an answer to the next request", [run.gap_ms for run in ours], [run.gap_ms for run in theirs], digits=1
    )
    show("peak memory MB", [run.peak_mb for run in ours], [run.peak_mb for run in theirs], goal=f"< {MOST_MB}")


def show(
    name: str, ours: Sequence[float], theirs: Sequence[float], *, goal: str | None = f"<= {SHARE:.0%}", digits: int = 0
) -> None:
    """Print one line: the medians of both, and their ratio."""
    mine, other = statistics.median(ours), statistics.median(theirs)
    print(f"{name:<44}{mine:>9.{digits}f}{other:>9.{digits}f}{mine / other:>8.0%}{goal or '':>8}")


def load() -> str:
    """The load of the machine: other work makes all times longer."""
    return f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def long_session(folder: Path, steps: int) -> None:
    """Run an agent for `steps` looks, and print what each costs in windows of equal length."""
    project = put_project(folder)
    session = folder / f"long-{os.getpid()}"
    watched = watch(
        lambda url: [sys.executable, "-P", "-c", LONG, str(ROOT), url, str(project), str(session), str(10 * steps)],
        rfsn_environment(folder),
        Looks(by_rfsn, calling("finish", {"reason": "enough"}), steps),
    )
    account = watched.account
    print(f"\n{steps} looks in one session; load {load()}")
    print(f"{'steps':<16}{'CPU ms a step':>15}{'gap ms':>9}{'request kB':>12}")
    size = (steps - SETTLED) // WINDOWS
    for start in (0, *range(SETTLED, steps - size + 1, size)):
        stop = start + size if start else SETTLED
        spent = (watched.requests[stop] - watched.requests[start]) / (stop - start)
        pairs = zip(account.answered[start:stop], account.times[start + 1 : stop + 1], strict=True)
        gap = statistics.median(came - answered for answered, came in pairs)
        sent = statistics.median(account.sizes[start:stop])
        print(f"{f'{start + 1} to {stop}':<16}{spent * 1000:>15.1f}{gap * 1000:>9.1f}{sent / 1000:>12.1f}")
    print(f"peak memory {watched.peak_mb:.0f} MB")


if __name__ == "__main__":
    main()
