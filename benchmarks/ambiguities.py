"""Whether the inputs that reports show really tell the patches apart: each is tried under both of them.

    benchmarks/ambiguities.py DIR [DIR ...]

DIR is what `rfsn eval` or a benchmark left (`DIR/sessions/ID`). Of each report that says where a repair is ambiguous,
every input that can be written down is called in the sandbox, under the patch and under each of the alternatives that
it is to tell from it. Prints the reports in which all of these answer otherwise, and those in which one does not.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rfsn.project.diffs import read_diff
from rfsn.project.environment import prepared_environment
from rfsn.project.project import Project
from rfsn.sessions.record import Record
from rfsn.trials.bench import Bench, Workspace
from sandbox import Command, SandboxProvider, choose

CALL_TIMEOUT_S = 30.0
ASK = """\
import importlib, sys
path, call = sys.argv[1:]
sys.path[:0] = [".", "src"]
module = importlib.import_module(path.removeprefix("src/").removesuffix(".py").replace("/", "."))
try:
    print("returns", eval(call, vars(module)))
except Exception as error:
    print("raises", type(error).__name__)
"""


def main() -> None:
    """Try the inputs of every report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path, metavar="DIR")
    options = parser.parse_args()
    counts = {"tell apart": 0, "DO NOT": 0, "cannot be written down": 0}
    provider = choose("auto")
    try:
        for session in sorted(path for folder in options.folders for path in (folder / "sessions").iterdir()):
            report = json.loads((session / "report.json").read_text("utf-8"))
            if report.get("ambiguities"):
                told = list(tried(session, report, provider))
                word = "cannot be written down" if not told else "tell apart" if all(told) else "DO NOT"
                counts[word] += 1
                print(f"{session.name:<40} {word}: {report['ambiguities'][0]['input']}", flush=True)
    finally:
        provider.close()
    print(", ".join(f"{word}: {count}" for word, count in counts.items()))
    sys.exit(1 if counts["DO NOT"] else 0)


def tried(session: Path, report: Mapping[str, Any], provider: SandboxProvider) -> Iterator[bool]:
    """Whether each input that can be written down has different answers."""
    record = Record.read(session)
    project = Project(record)
    part, plan = project.parts[0], project.plans[0]
    with (
        tempfile.TemporaryDirectory() as scratch,
        prepared_environment(part.pack, plan, record.base, provider) as environment,
    ):
        bench = Bench(record.base, project.view, environment, part, plan, provider, Path(scratch))
        for known in report["ambiguities"]:
            if "<" not in known["input"] and not known["input"].endswith("..."):
                own = answer(bench, record.base, report["patch"], known["input"])
                for number in known["alternatives"]:
                    other = report["alternatives"][number - 1]["patch"]
                    yield answer(bench, record.base, other, known["input"]) != own


def answer(bench: Bench, base: Path, diff: str, call: str) -> bytes:
    """What a call answers under a patch."""
    change = read_diff(diff.encode(), base)
    path = next(iter(change.files))
    with Workspace(bench, change) as sandbox:
        env = {**bench.plan.env, "PYTHONHASHSEED": "0"}
        return sandbox.run(Command(("python", "-c", ASK, path, call), CALL_TIMEOUT_S, env=env)).stdout


if __name__ == "__main__":
    main()
