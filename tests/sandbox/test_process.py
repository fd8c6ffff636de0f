from __future__ import annotations

import resource
import time
from typing import TYPE_CHECKING

import pytest

from sandbox import Command, Ending, Limits, SandboxFailed
from sandbox.process import Capture

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.sandbox.conftest import Box

    Survivors = Callable[..., list[str]]


@pytest.mark.parametrize("chunk", [1, 7, 100, 5000])
def test_capture_keeps_head_and_tail(chunk: int) -> None:
    content = b"".join(b"%06d" % number for number in range(500))
    capture = Capture(1000)
    for start in range(0, len(content), chunk):
        capture.add(content[start : start + chunk])
    head, marker, tail = capture.content().split(b"\n")
    assert marker == b"[rfsn: %d bytes left out]" % (3000 - len(head) - len(tail))
    assert content.startswith(head)
    assert content.endswith(tail)
    assert len(head) == len(tail) == 476
    assert len(capture.content()) <= 1000


@pytest.mark.parametrize("size", [0, 1, 475, 476, 477, 999, 1000])
def test_capture_keeps_all_up_to_the_limit(size: int) -> None:
    capture = Capture(1000)
    for _ in range(size):
        capture.add(b"x")
    assert capture.content() == b"x" * size


def test_exit_code_streams_and_stdin(box: Box) -> None:
    result = box.python("import sys; print(sys.stdin.read()[::-1]); sys.stderr.write('err'); sys.exit(3)", stdin=b"abc")
    assert (result.exit_code, result.stdout, result.stderr, result.ending) == (3, b"cba\n", b"err", Ending.EXITED)
    assert 0 < result.duration_s < 10


def test_much_stdin_is_fed_while_output_is_read(box: Box) -> None:
    content = bytes(range(256)) * 8000
    result = box.sandbox.run(Command(("cat",), 10, stdin=content))
    assert result.stdout == content


def test_unread_stdin_is_not_an_error(box: Box) -> None:
    result = box.sandbox.run(Command(("true",), 10, stdin=b"x" * 3_000_000))
    assert (result.exit_code, result.ending) == (0, Ending.EXITED)


def test_without_stdin_its_end_is_read_at_once(box: Box) -> None:
    assert box.sandbox.run(Command(("cat",), 10)).exit_code == 0


def test_a_signal_shows_as_128_and_its_number_and_nothing_is_added_to_stderr(box: Box) -> None:
    result = box.sh("kill -9 $$")
    assert (result.exit_code, result.stderr, result.ending) == (137, b"", Ending.EXITED)
    assert box.python("import os; os.abort()").exit_code == 134


def test_command_not_found(box: Box) -> None:
    result = box.sandbox.run(Command(("no-such-command",), 10))
    assert (result.exit_code, result.ending) == (127, Ending.EXITED)
    assert b"no-such-command" in result.stderr


def test_invalid_utf8_is_kept_as_it_is(box: Box) -> None:
    assert box.sh(r"printf '\377\300\200'").stdout == b"\xff\xc0\x80"


def test_cpu_time_of_the_whole_tree(box: Box) -> None:
    burn = "import time\nwhile time.process_time() < 0.4: pass"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-Ic', {burn!r}])"
    assert 0.4 <= box.python(code).cpu_s < 3


def test_timeout_kills_processes_that_ignore_sigterm(box: Box, marker: str, survivors: Survivors) -> None:
    result = box.sh('trap "" TERM INT HUP; sleep "$1" & wait; wait', marker, timeout_s=0.4)
    assert (result.exit_code, result.ending) == (None, Ending.TIMEOUT)
    assert survivors(1.0) == []


def test_timeout_kills_grandchildren_in_sessions_of_their_own(
    bubblewrap: Box, marker: str, survivors: Survivors
) -> None:
    result = bubblewrap.sh('setsid setsid sleep "$1" & setsid sleep "$1"', marker, timeout_s=0.4)
    assert result.ending is Ending.TIMEOUT
    assert survivors() == []


def test_output_before_a_timeout_is_kept(box: Box, marker: str) -> None:
    result = box.sh('echo started; sleep "$1"', marker, timeout_s=3)
    assert (result.stdout, result.ending) == (b"started\n", Ending.TIMEOUT)


def test_background_child_that_keeps_stdout_does_not_hold_the_call(box: Box, marker: str, survivors: Survivors) -> None:
    result = box.sh('sleep "$1" & echo done', marker)
    assert (result.exit_code, result.stdout) == (0, b"done\n")
    assert result.duration_s < 10
    assert survivors(1.0) == []


def test_background_child_in_a_session_of_its_own_does_not_hold_the_call(box: Box) -> None:
    result = box.sh("setsid sleep 60 & sleep 0.2; echo done")
    assert (result.exit_code, result.stdout) == (0, b"done\n")
    assert result.duration_s < 10


def test_closed_pipes_do_not_end_a_command(box: Box) -> None:
    result = box.sh("exec >&- 2>&-; sleep 0.3; exit 5")
    assert result.exit_code == 5
    assert result.duration_s > 0.3


def test_long_output_keeps_head_and_tail(box: Box) -> None:
    box.reopen(limits=Limits(output_bytes=10_000))
    result = box.sh("seq 10000; seq 10000 >&2")
    for output in (result.stdout, result.stderr):
        assert len(output) <= 10_000
        assert output.startswith(b"1\n2\n3\n")
        assert output.endswith(b"9999\n10000\n")
        assert b" bytes left out]\n" in output
    assert result.ending is Ending.EXITED


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_gigabyte_of_output_ends_the_command_in_little_memory(box: Box, stream: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result = box.sh(f"head -c 1000000000 /dev/zero {'>&2' if stream == 'stderr' else ''}")
    assert (result.exit_code, result.ending) == (None, Ending.OUTPUT_LIMIT)
    assert len(getattr(result, stream)) <= 4 << 20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 << 10


def test_setup_failure_says_nothing_about_the_command(box: Box, tmp_path: Path) -> None:
    box.reopen(workspace=tmp_path / "missing")
    result = box.sh("exit 0")
    assert (result.exit_code, result.ending) == (None, Ending.INFRA_ERROR)
    assert b"missing" in result.stderr
    with pytest.raises(SandboxFailed, match="missing"):
        box.sandbox.spawn(Command(("cat",), 10))


def test_an_argument_too_long_for_the_kernel_is_an_infrastructure_error(box: Box) -> None:
    assert box.sh("x" * 200_000).ending is Ending.INFRA_ERROR


def test_spawn_round_trip_and_kill(box: Box, marker: str, survivors: Survivors) -> None:
    process = box.sandbox.spawn(Command(("sh", "-c", 'echo warn >&2; cat; sleep "$1"', "sh", marker), 10))
    for line in (b"one\n", b"two\n"):
        process.stdin.write(line)
        assert process.stdout.readline() == line
    result = process.kill()
    assert (result.exit_code, result.stderr, result.stdout) == (137, b"warn\n", b"")
    assert process.kill() is result
    assert survivors(1.0) == []


def test_spawned_process_that_ends_by_itself(box: Box) -> None:
    process = box.sandbox.spawn(Command(("sh", "-c", "read line; exit $line"), 10))
    process.stdin.write(b"7\n")
    assert process.stdout.read() == b""
    time.sleep(0.1)
    result = process.kill()
    assert (result.exit_code, result.ending) == (7, Ending.EXITED)


def test_lifetime_of_a_spawned_process_is_bounded(box: Box, marker: str, survivors: Survivors) -> None:
    process = box.sandbox.spawn(Command(("sleep", marker), 0.4))
    assert process.stdout.read() == b""
    result = process.kill()
    assert (result.exit_code, result.ending) == (None, Ending.TIMEOUT)
    assert survivors(1.0) == []


def test_spawned_process_that_floods_stderr_ends(box: Box) -> None:
    box.reopen(limits=Limits(output_bytes=10_000))
    process = box.sandbox.spawn(Command(("sh", "-c", "yes >&2"), 10))
    assert process.stdout.read() == b""
    result = process.kill()
    assert result.ending is Ending.OUTPUT_LIMIT
    assert len(result.stderr) <= 10_000
