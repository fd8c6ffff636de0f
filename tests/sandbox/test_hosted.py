from __future__ import annotations

import gc
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sandbox import Command, Ending, SandboxFailed, UnsafePath

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox import CommandResult
    from tests.sandbox.conftest import Box


def test_close_ends_spawned_processes_and_refuses_more(
    box: Box, marker: str, survivors: Callable[..., list[str]]
) -> None:
    process = box.sandbox.spawn(Command(("sleep", marker), 60))
    box.sandbox.close()
    box.sandbox.close()
    assert process.stdout.closed
    assert survivors(1.0) == []
    with pytest.raises(SandboxFailed, match="closed"):
        box.sh("true")
    with pytest.raises(SandboxFailed, match="closed"):
        box.sandbox.spawn(Command(("true",), 1))


def test_close_ends_a_command_of_another_thread(box: Box, marker: str) -> None:
    results: list[CommandResult] = []
    thread = threading.Thread(target=lambda: results.append(box.sh('sleep "$1"', marker, timeout_s=60)))
    thread.start()
    time.sleep(0.3)
    box.sandbox.close()
    thread.join(5)
    assert results[0].ending is Ending.INFRA_ERROR


def test_closing_the_provider_closes_its_sandboxes(box: Box, marker: str, survivors: Callable[..., list[str]]) -> None:
    box.sandbox.spawn(Command(("sleep", marker), 60))
    box.provider.close()
    assert survivors(1.0) == []


def test_processes_outlive_the_thread_that_asked_for_them(box: Box) -> None:
    with ThreadPoolExecutor(1) as short:
        process = short.submit(box.sandbox.spawn, Command(("cat",), 10)).result()
    time.sleep(0.1)
    process.stdin.write(b"alive\n")
    assert process.stdout.readline() == b"alive\n"
    process.kill()


def test_commands_run_side_by_side(box: Box) -> None:
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda number: box.sh(f"sleep 0.3; exit {number}"), range(8)))
    assert [result.exit_code for result in results] == list(range(8))


def descriptors() -> set[str]:
    # The names that scandir sees include its own descriptor, which is the lowest free one each time.
    return {entry.name for entry in Path("/proc/self/fd").iterdir()}


@pytest.mark.sample(1)
def test_no_descriptor_is_leaked(box: Box) -> None:
    def use(times: int) -> int:
        for _ in range(times):
            box.sh("cat", timeout_s=5)
            box.sandbox.run(Command(("cat",), 5, stdin=b"x"))
            box.sh("sleep 5", timeout_s=0.05)
            box.sh("x" * 200_000)
            box.sandbox.spawn(Command(("cat",), 5)).kill()
        gc.collect()
        return len(descriptors())

    before = use(2)
    assert use(5) <= before + 3, "more than the connections that are kept for later"


def test_a_nul_is_refused(box: Box) -> None:
    with pytest.raises(ValueError, match=r"NUL|null"):
        box.sandbox.run(Command(("true",), 5, env={"A": "x\0--bind\0/\0/host"}))
    with pytest.raises(ValueError, match=r"NUL|null"):
        box.sandbox.run(Command(("true\0",), 5))


def test_what_the_command_wrote_is_read_and_the_other_way_round(box: Box) -> None:
    box.sandbox.write("run.sh", b"#!/bin/sh\necho $((6 * 7)) > made", executable=True)
    assert box.sh("./run.sh").exit_code == 0
    assert box.sandbox.read("made") == b"42\n"
    assert box.sandbox.read("made", 1) == b"4"


def test_traps_laid_by_the_command_are_refused(box: Box) -> None:
    box.sh("ln -s /etc/passwd link; ln -s / root; mkfifo fifo; mkdir folder")
    for path in ("link", "root/etc/passwd", "fifo", "folder"):
        with pytest.raises(UnsafePath):
            box.sandbox.read(path)
        with pytest.raises(UnsafePath):
            box.sandbox.write(path, b"")
    with pytest.raises(FileNotFoundError):
        box.sandbox.read("nothing")
