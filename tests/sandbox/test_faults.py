"""Faults stay inside the sandbox, end in time and are reported as what they are, with both backends."""

from __future__ import annotations

import os
import shutil
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sandbox import Command, Ending, Limits, UnsafePath
from sandbox.cgroup import groups_work
from sandbox.workspace import read_beneath, write_beneath
from tests.sandbox.conftest import Box, open_box

if TYPE_CHECKING:
    from collections.abc import Iterator

MIB = 1 << 20


@pytest.fixture(params=["bubblewrap", "docker"])
def isolated(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Box]:
    yield from open_box(request.param, tmp_path)


@pytest.fixture
def limited(isolated: Box) -> Box:
    """A sandbox whose limits apply to all of its processes together."""
    if isolated.provider.name == "bubblewrap" and not groups_work():
        pytest.skip("no control groups can be made here: only the limits on each process hold")
    return isolated


def works(box: Box) -> bool:
    return box.sh("echo after", timeout_s=120).stdout == b"after\n"  # a container begins slowly beside a full group


def test_too_much_memory_in_a_command(limited: Box) -> None:
    limited.reopen(limits=Limits(memory_bytes=100 * MIB))
    result = limited.python("x = bytearray(300 << 20)")
    assert (result.exit_code, result.ending) == (None, Ending.OOM)
    assert works(limited)


def test_too_much_memory_in_a_child(limited: Box) -> None:
    limited.reopen(limits=Limits(memory_bytes=100 * MIB))
    grandchild = "subprocess.run([sys.executable, '-c', 'bytearray(300 << 20)'])"
    assert limited.python(f"import subprocess, sys; sys.exit({grandchild}.returncode != 0)").ending is Ending.OOM
    assert limited.python(f"import subprocess, sys; {grandchild}").ending is Ending.EXITED, "it could do without"
    assert works(limited)


def test_too_much_memory_in_many_processes_together(limited: Box) -> None:
    """Each by itself is far below the limit."""
    limited.reopen(limits=Limits(memory_bytes=100 * MIB))
    code = """
import os, sys, time
children = []
for _ in range(6):
    pid = os.fork()
    if not pid:
        kept = b"x" * (40 << 20)
        time.sleep(5)
        os._exit(0)
    children.append(pid)
sys.exit(any([os.waitpid(pid, 0)[1] for pid in children]))
"""
    assert limited.python(code, timeout_s=30).ending is Ending.OOM
    assert works(limited)


def test_files_in_memory_count(limited: Box) -> None:
    """They belong to no process: to stay within the limit, the kernel kills any process."""
    limited.reopen(limits=Limits(memory_bytes=60 * MIB, file_bytes=500 * MIB))
    result = limited.sh("head -c 400000000 /dev/zero > /dev/shm/x", timeout_s=30)
    assert (result.exit_code, result.ending) == (None, Ending.OOM)
    assert works(limited)


def test_a_fork_bomb(limited: Box) -> None:
    limited.reopen(limits=Limits(processes=64))
    result = limited.sh("bomb() { bomb | bomb & wait; }; (bomb); exec sleep 60", timeout_s=1)
    assert result.ending is Ending.TIMEOUT
    assert works(limited)


@pytest.mark.parametrize("folder", ["/tmp", "/dev/shm", "/run"])
def test_a_filled_folder_of_its_own(isolated: Box, folder: str) -> None:
    isolated.reopen(limits=Limits(file_bytes=8 * MIB))
    before = shutil.disk_usage("/").free
    script = f"for i in 1 2 3; do head -c 4000000 /dev/zero > {folder}/$i; done"
    assert b"No space left" in isolated.sh(script).stderr
    assert shutil.disk_usage("/").free > before - 64 * MIB
    assert works(isolated)


def test_ten_gigabytes_of_output(isolated: Box) -> None:
    before = _memory_kib()
    result = isolated.sh("head -c 10000000000 /dev/zero", timeout_s=60)
    assert result.ending is Ending.OUTPUT_LIMIT
    assert len(result.stdout) <= isolated.spec.limits.output_bytes
    assert _memory_kib() - before < 50 << 10
    began = time.monotonic()
    isolated.sandbox.close()
    assert time.monotonic() - began < 2


def _memory_kib() -> int:
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(fields["VmRSS"].split()[0])


def test_binary_output(isolated: Box) -> None:
    result = isolated.python("import os; os.write(1, bytes(range(256))); os.write(2, b'\\0\\xff')")
    assert (result.stdout, result.stderr) == (bytes(range(256)), b"\0\xff")


def test_a_thousand_orphans_leave_no_zombie(isolated: Box) -> None:
    isolated.sh("for i in $(seq 1000); do (sleep 0 &) ; done; sleep 0.5", timeout_s=60)
    many = "for i in $(seq 1000); do (true &) ; done; sleep 0.5; cat /proc/[0-9]*/stat"
    result = isolated.sh(many, timeout_s=60)
    assert result.stdout.count(b") Z ") == 0
    assert result.stdout


CONNECT = "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect({})"
PROBES = {
    "tcp": "import socket; socket.create_connection(('1.1.1.1', 53), 2)",
    "udp": "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.sendto(b'x', ('8.8.8.8', 53))",
    "dns": "import socket; socket.getaddrinfo('example.org', 80)",
    "ipv6": "import socket; socket.create_connection(('2606:4700:4700::1111', 53), 2)",
    "docker": CONNECT.format("'/var/run/docker.sock'"),
    "docker in run": CONNECT.format("'/run/docker.sock'"),
    "the engine's own": CONNECT.format(repr(os.environ.get("DOCKER_HOST", "").removeprefix("unix://") or "/nowhere")),
    "raw": "import socket; socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)",
    "packets": "import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW)",
}


@pytest.mark.parametrize("probe", PROBES)
def test_no_way_out(isolated: Box, probe: str) -> None:
    result = isolated.python(PROBES[probe])
    assert result.exit_code == 1
    assert b"error" in result.stderr.lower()


def test_no_service_of_the_host(isolated: Box) -> None:
    name = f"\0rfsn-test-{os.getpid()}"
    with socket.create_server(("0.0.0.0", 0)) as server, socket.socket(socket.AF_UNIX) as abstract:
        abstract.bind(name)
        abstract.listen()
        port = server.getsockname()[1]
        for host in ("127.0.0.1", "172.17.0.1", socket.gethostname()):
            code = f"import socket; socket.create_connection(({host!r}, {port}), 2)"
            assert b"error" in isolated.python(code).stderr.lower(), host
        assert b"ConnectionRefusedError" in isolated.python(CONNECT.format(repr(name))).stderr


def test_no_namespace_and_no_mount_of_its_own(isolated: Box) -> None:
    for attempt in (
        "unshare -U true",
        "unshare -Ur true",
        "unshare -m true",
        "mount -t tmpfs none /tmp",
        "mount --bind /tmp /repo",
        "umount /tmp",
        "/usr/sbin/chroot / true",
    ):
        assert isolated.sh(attempt).exit_code != 0, attempt
        assert isolated.sh(attempt).exit_code != 127, attempt


def test_no_secret_of_the_host_in_proc_and_sys(isolated: Box, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "hunter2-of-the-controller")
    (tmp_path / "hunter2-of-the-host").write_text("x")
    probed = isolated.sh(
        "env; cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline /proc/[0-9]*/maps /proc/[0-9]*/mountinfo; "
        "ls /proc/1/root /proc/self/cwd/.. /proc/1/fd; cat /etc/hostname /proc/sys/kernel/hostname"
    )
    assert b"hunter2" not in probed.stdout
    assert socket.gethostname().encode() not in probed.stdout.split()
    for path in ("/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/kallsyms"):
        result = isolated.sh(f"head -c 100000 {path} | grep -v '^0000000000000000 ' | wc -c")
        assert result.stdout.strip() == b"0", path
    for path in ("/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/sys/kernel/uevent_helper"):
        assert isolated.sh(f"echo x > {path}").exit_code != 0, path


def test_variables_with_keys_stay_outside(isolated: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ANTHROPIC_API_KEY", "AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "SSH_AUTH_SOCK", "DOCKER_HOST_X"):
        monkeypatch.setenv(name, "hunter2")
    result = isolated.sandbox.run(Command(("env",), 10, env={"GIVEN": "yes"}))
    names = {line.split("=")[0] for line in result.stdout.decode().splitlines()}
    assert names <= {"GIVEN", "PATH", "HOME", "LANG", "TMPDIR", "PWD", "HOSTNAME", "SHLVL", "_"}
    assert "GIVEN" in names


def test_links_and_pipes_that_change_places(isolated: Box, tmp_path: Path) -> None:
    """The file that is checked is the one that was opened: replacing it by a link or a pipe leaks nothing."""
    secret = tmp_path / "secret"
    secret.write_text("hunter2")
    swap = f"""
import os, itertools
os.makedirs("real", exist_ok=True)
for n in itertools.count():
    for make in (
        lambda: open("new", "w").write("plain"),
        lambda: os.symlink({str(secret)!r}, "new"),
        lambda: os.mkfifo("new"),
        lambda: os.symlink("/etc/passwd", "new"),
    ):
        make()
        os.rename("new", "target")
    for folder in ({str(tmp_path)!r}, "real"):
        os.symlink(folder, "newlink")
        os.rename("newlink", "folder")
"""
    seconds = 3
    running = threading.Thread(target=isolated.python, args=(swap,), kwargs={"timeout_s": seconds})
    running.start()
    while not (isolated.workspace / "folder").is_symlink():
        assert running.is_alive()
    deadline = time.monotonic() + seconds
    reads = refused = 0
    while time.monotonic() < deadline:
        try:
            content = read_beneath(isolated.workspace, "target", 100)
        except (UnsafePath, FileNotFoundError):
            refused += 1
        else:
            assert content in {b"", b"plain", b"ours"}
            reads += 1
        for path in ("target", "folder/secret"):
            with suppress(UnsafePath, FileNotFoundError):
                write_beneath(isolated.workspace, path, b"ours")
        with pytest.raises((UnsafePath, FileNotFoundError)):
            read_beneath(isolated.workspace, "folder/secret", 100)
    running.join()
    assert secret.read_text() == "hunter2"
    assert refused
    assert reads
