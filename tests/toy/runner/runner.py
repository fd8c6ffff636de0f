"""Runs the checks of a toy project: `cold` once, or `warm` for candidates. It runs in a sandbox, on what Python has.

A file `NAME.sums` has lines `name = number op number`; one in `checks/` has lines `name = number`, each of them a test.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

SUM = re.compile(r"(\w+) = (\d+) ([-+*]) (\d+)")
SIGNS = {"+": int.__add__, "-": int.__sub__, "*": int.__mul__}
CANARY = "checks > canary"

type Files = Mapping[str, str]
type Tests = Mapping[str, tuple[str, int]]
type Found = Mapping[str, tuple[int, str, int]]


def tree() -> Files:
    """The texts of all files of the language."""
    return {str(path): path.read_text() for path in sorted(Path().rglob("*.sums"))}


def tests(files: Files) -> Tests:
    """By id, the name and the value that each test wants."""
    lines = ((path, line) for path in files if path.startswith("checks/") for line in files[path].splitlines())
    wanted = ((path, *line.split(" = ")) for path, line in lines)
    return {f"{path} > {name}": (name, int(value)) for path, name, value in wanted}


def sums(files: Files) -> Found:
    """By name, the value, the file and the line."""
    found: dict[str, tuple[int, str, int]] = {}
    for path, text in files.items():
        for number, line in enumerate(text.splitlines(), 1):
            if match := SUM.fullmatch(line):
                found[match[1]] = SIGNS[match[3]](int(match[2]), int(match[4])), path, number
    return found


def problem(test: tuple[str, int], found: Found) -> str:
    """Why a test fails; empty if it passes."""
    name, wanted = test
    value = found[name][0] if name in found else None
    return "" if value == wanted else f"WrongSum: {name} is {value}, not {wanted}"


def cold() -> int:
    """One run; its exit code."""
    asked = json.load(sys.stdin)
    files = tree()
    found = sums(files)
    cases = {id: problem(test, found) for id, test in tests(files).items() if not asked["ids"] or id in asked["ids"]}
    results: list[Mapping[str, object]] = [{"canary": CANARY}] if asked["canaries"] else []
    cases |= {CANARY: "it must"} if asked["canaries"] else {}
    code = 1 if any(cases.values()) else 0 if cases else 9
    for id, why in cases.items():
        results.append({"case": id, "outcome": "failed" if why else "passed", "duration_s": 0.0, "message": why})
    for number, result in enumerate([*results, {"end": code}]):
        data = json.dumps(result)
        mac = hmac.new(bytes.fromhex(asked["key"]), number.to_bytes(8, "big") + data.encode(), hashlib.sha256)
        sys.stdout.write(f"{mac.hexdigest()} {data}\n")
    return code


def answer(**words: object) -> None:
    """One answer of the warm protocol."""
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


def warm() -> int:
    """Answer until the controller leaves."""
    files = tree()
    known = tests(files)
    targets: list[str] = []
    others: list[str] = []
    answer(ready=[*known], errors=0)
    for line in sys.stdin:
        asked = json.loads(line)
        if asked["op"] == "plan":
            targets, others = ([id for id, _ in asked[name] if id in known] for name in ("targets", "tests"))
            answer(planned=len(targets) + len(others), screened=len(targets) + len(others))
        elif asked["op"] == "trace":
            answer(**traced(asked["id"], known, sums(files)))
        elif asked["op"] == "try":
            for candidate in asked["candidates"]:
                found = sums({**files, **edited(files, candidate["files"])})
                answer(index=candidate["index"], **tried(known, found, targets, others))
        else:
            answer(ended=True)
    return 0


def traced(id: str, known: Tests, found: Found) -> Mapping[str, object]:
    """The line that a test depends on, and how it ends."""
    _, path, number = found[known[id][0]]
    why = problem(known[id], found)
    places = {"frames": [[path, number, "sum"]] if why else [], "lines": {path: [number]}}
    return {"id": id, "outcome": "failed" if why else "passed", "cpu_s": 0.001, "message": why, **places}


def edited(files: Files, edits: Mapping[str, Sequence[tuple[int, int, str]]]) -> Files:
    """The files that a candidate changes."""
    changed: dict[str, str] = {}
    for path, parts in edits.items():
        text = files.get(path, "")
        for start, end, new in reversed(parts):
            text = text[:start] + new + text[end:]
        changed[path] = text
    return changed


def tried(known: Tests, found: Found, targets: Sequence[str], others: Sequence[str]) -> Mapping[str, Any]:
    """How a candidate ends."""
    fixed = [id for id in targets if not problem(known[id], found)]
    broken = [id for id in others if problem(known[id], found)]
    if not fixed or broken:
        return {"outcome": "failed", "id": [*broken, *targets][0], "exception": "WrongSum"}
    return {"outcome": "passed"} if len(fixed) == len(targets) else {"outcome": "passed", "fixed": fixed}


if __name__ == "__main__":
    sys.exit({"cold": cold, "warm": warm}[sys.argv[1]]())
