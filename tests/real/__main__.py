"""`make model-test`: the command line with a small real model on this machine.

What the model repairs is told, and may be nothing; the protocol must hold, and every session must end in time.
`RECORD=1` replaces the cassette that the ordinary tests replay. Where only rfsn's prompts have changed since,
`python -m tests.real ask-again` writes the same answers down for the questions of today, without the model.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.request import urlopen

from tests.real.sessions import CASSETTE, MODEL, SETTINGS, WINDOW, asked_again, calls, faulty, recorded

_SERVER = Path(__file__).resolve().parents[2] / "scripts" / "model-server"
_RFSN = Path(sys.executable).with_name("rfsn")
_READY_S = 120.0
_TIME_LIMIT_S = 600


@contextmanager
def serving() -> Iterator[str]:
    """The model's server during the block, by its base URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(_SERVER), "serve", str(port), str(WINDOW)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    base_url = f"http://127.0.0.1:{port}/v1"
    try:
        wait(f"{base_url}/models", server)
        yield base_url
    finally:
        server.terminate()
        server.wait()


def wait(url: str, server: subprocess.Popen[bytes]) -> None:
    """Wait until the server answers."""
    last = time.monotonic() + _READY_S
    while server.poll() is None and time.monotonic() < last:
        try:
            with urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.5)
    raise SystemExit(f"the model's server does not start: run {_SERVER} serve 8000 {WINDOW} to see why")


def rfsn(*arguments: object) -> tuple[int, dict[str, Any]]:
    """The exit code of a command, and the object that it prints."""
    command = [str(_RFSN), *map(str, arguments), "--json"]
    ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    return ran.returncode, json.loads(ran.stdout)


def settings_of(planner: str, folder: Path) -> Path:
    """An `rfsn.toml` with the settings of the model for a planner."""
    file = folder / f"{planner}.toml"
    settings = SETTINGS[planner].model_dump(exclude_defaults=True)
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    file.write_text("\n".join([f'[models."{MODEL}"]', *lines, ""]))
    return file


def check(base_url: str, folder: Path) -> list[str]:
    """Ask whether the model can be used: it has to answer, and one of this size need not call the tool."""
    options = ("--base-url", base_url, "--config", settings_of("agent", folder))
    code, told = rfsn("models", "check", MODEL, *options)
    print(f"rfsn models check: exit code {code}, {told['status']}: {told['problem']}")
    print(f"  {told['usage']}, {told['latency_s']:.1f} s")
    return [] if code in {0, 1} and told["answered"] and told["usage"] else [f"models check: {told}"]


def repair(planner: str, base_url: str, folder: Path) -> list[str]:
    """A session with one planner: what is wrong with it, whether or not it repaired anything."""
    session, began, settings = folder / planner, time.monotonic(), SETTINGS[planner]
    code, told = rfsn(
        "repair", faulty(folder / f"project-{planner}"), "--planner", planner, "--model", MODEL, "--base-url", base_url,
        "--config", settings_of(planner, folder), "--time-limit", _TIME_LIMIT_S, "--no-memory", "--out", session,
    )  # fmt: skip
    seconds = time.monotonic() - began
    print(f"rfsn repair --planner {planner}: exit code {code}, {told['status']} in {seconds:.0f} s: {told['reason']}")
    problems = [f"{planner}: {told}"] if code not in {0, 1} or seconds > _TIME_LIMIT_S + 60 else []
    ends = list(calls(session))
    for end in ends:
        said = f"{end.proposal} {end.sample}: {end.status}, {end.usage}, {end.latency_s:.1f} s {end.problem}"
        print(f"  {said}")
        counted = settings.stream if end.usage is None else 0 < end.usage.input <= WINDOW - settings.max_tokens
        if end.status not in {"ok", "cut"} or not counted:
            problems.append(f"{planner}: {said}")
    return problems if ends else [*problems, f"{planner}: the model was not asked: {told}"]


def main() -> int:
    """Make the model, ask it, replay without it; 1 if anything but the model failed."""
    with TemporaryDirectory(prefix="rfsn-model-test-") as temporary:
        folder = Path(temporary)
        if sys.argv[1:] == ["ask-again"]:
            CASSETTE.write_text("".join(asked_again(folder)))
            return 0
        subprocess.run([_SERVER, "make"], check=True)
        with serving() as base_url:
            problems = check(base_url, folder)
            for planner in SETTINGS:
                problems += repair(planner, base_url, folder)
        for planner in SETTINGS:
            code, told = rfsn("replay", folder / planner)
            print(f"rfsn replay of {planner}: exit code {code}")
            problems += [f"replay of {planner}: {told}"] if code else []
        if os.environ.get("RECORD") and not problems:
            lines = [line for planner in SETTINGS for line in recorded(folder / planner)]
            CASSETTE.write_text("".join(lines))
            print(f"recorded {len(lines)} calls in {CASSETTE}")
    print("\n".join([*problems, f"{len(problems)} problems"]))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
