from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import signal
import socket
import stat
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import sandbox
from sandbox import Command, Ending, Limits, Mount, UnsafePath
from sandbox.cgroup import Group, groups_work, remove_dead_groups
from sandbox.maker import Maker
from sandbox.orphans import MAKER, end_orphans
from sandbox.seccomp import filter_program

needs_groups = pytest.mark.skipif(not groups_work(), reason="no control group can be made here")

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sandbox.conftest import Box


def test_no_network(bubblewrap: Box) -> None:
    code = "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1])), 2)"
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        assert b"ConnectionRefusedError" in bubblewrap.python(code, port).stderr
        bubblewrap.reopen(network=True)
        assert bubblewrap.python(code, port).exit_code == 0


def test_its_own_loopback_works(bubblewrap: Box) -> None:
    code = "import socket; s = socket.create_server(('localhost', 0)); socket.create_connection(s.getsockname(), 2)"
    assert bubblewrap.python(code).stderr == b""


def test_host_files_are_invisible(bubblewrap: Box, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    for path in ("/etc/shadow", "/etc/ssl/private", "/home", "/var", "/sys", "/root/.ssh", str(tmp_path / "secret")):
        assert bubblewrap.sh('test -e "$1"', path).exit_code == 1, path
    assert bubblewrap.sh("ls /run /tmp /dev/shm").stdout == b"/dev/shm:\n\n/run:\n\n/tmp:\n" or INTERPRETER_IN_TMP


INTERPRETER_IN_TMP = sys.base_prefix.startswith("/tmp/")


def test_only_its_own_processes_are_visible(bubblewrap: Box) -> None:
    assert bubblewrap.sh("echo /proc/[0-9]*").stdout.split()[0] == b"/proc/1"
    assert len(bubblewrap.sh("echo /proc/[0-9]*").stdout.split()) < 5


def test_the_environment_is_small_and_known(bubblewrap: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RFSN_SECRET", "leak")
    result = bubblewrap.sandbox.run(Command(("/usr/bin/env",), 5, env={"EXTRA": "a b\nc", "HOME": "/repo"}))
    lines = set(result.stdout.decode().split("\n")) - {""}
    expected = {"PATH=/env/bin:/usr/local/bin:/usr/bin:/bin", "HOME=/repo", "LANG=C.UTF-8", "TMPDIR=/tmp"}
    assert lines - {"SHLVL=0", "SHLVL=1", "_=/usr/bin/prlimit", "OLDPWD=/"} == expected | {
        "PWD=/repo",
        "EXTRA=a b",
        "c",
    }


def test_the_environment_of_a_command_does_not_reach_bwrap_itself(bubblewrap: Box, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    bubblewrap.sandbox.run(Command(("true",), 5, env={"LD_DEBUG": "all", "LD_DEBUG_OUTPUT": str(trace)}))
    assert list(tmp_path.glob("trace*")) == []


def test_command_lines_on_the_host_show_no_variable(bubblewrap: Box) -> None:
    process = bubblewrap.sandbox.spawn(Command(("cat",), 5, env={"TOKEN": "rfsn-very-secret"}))
    lines = b"".join(path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists())
    process.kill()
    assert b"rfsn-very-secret" not in lines


def test_it_has_its_own_user_host_name_and_files(bubblewrap: Box) -> None:
    assert bubblewrap.sh("id -un; id -gn; id -u; hostname; getent hosts localhost | wc -l").stdout.split() == [
        *(b"sandbox", b"sandbox", b"1000", b"sandbox", b"1")
    ]


def test_no_descriptor_of_ours_is_open(bubblewrap: Box) -> None:
    assert (
        bubblewrap.python("import os; print(sorted(os.listdir('/proc/self/fd')))").stdout == b"['0', '1', '2', '3']\n"
    )


@pytest.mark.parametrize(
    "path",
    [
        "/x",
        "/etc/x",
        "/usr/x",
        "/dev/x",
        "/env/x",
        "/proc/sys/kernel/core_pattern",
        "/proc/sysrq-trigger",
        "/etc/passwd",
    ],
)
def test_not_writable(bubblewrap: Box, tmp_path: Path, path: str) -> None:
    bubblewrap.reopen(environment=tmp_path)
    before = Path("/proc/sys/kernel/core_pattern").read_text()
    assert bubblewrap.sh('echo core >> "$1"', path).exit_code != 0
    assert Path("/proc/sys/kernel/core_pattern").read_text() == before


def test_nothing_outside_a_process_is_writable_in_proc(bubblewrap: Box) -> None:
    code = """
import os
for folder, folders, names in os.walk("/proc"):
    if folder == "/proc":
        folders[:] = [name for name in folders if not name.isdigit() and "self" not in name]
    for name in names:
        path = os.path.join(folder, name)
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
        except OSError:
            continue
        if os.stat(path).st_rdev != os.makedev(1, 3):
            print(path)
"""
    writable = set(bubblewrap.python(code).stdout.decode().split())
    # Any process may subscribe to memory pressure.
    assert {path for path in writable if not path.startswith("/proc/pressure/")} == set()


def test_tmp_run_and_shm_are_writable(bubblewrap: Box) -> None:
    assert bubblewrap.sh("touch /tmp/x /run/x /dev/shm/x x").stderr == b""


def test_tmp_is_bounded_and_gone_with_the_command(bubblewrap: Box) -> None:
    bubblewrap.reopen(limits=Limits(file_bytes=1 << 20))
    script = "for i in 1 2 3; do head -c 600000 /dev/zero > /tmp/$i || exit 9; done"
    result = bubblewrap.sh(script)
    assert result.exit_code == 9
    assert b"No space left" in result.stderr
    assert bubblewrap.sh("ls /tmp").stdout.strip() in (b"", sys.base_prefix.split("/")[2].encode())


def test_mounts(bubblewrap: Box, tmp_path: Path) -> None:
    for name in ("open", "shut", "environment"):
        (tmp_path / name).mkdir()
    mounts = (Mount(tmp_path / "open", "/data/open", writable=True), Mount(tmp_path / "shut", "/data/shut"))
    bubblewrap.reopen(mounts=mounts, environment=tmp_path / "environment")
    assert bubblewrap.sh("touch /data/open/x /repo/x").exit_code == 0
    assert bubblewrap.sh("touch /data/shut/x").exit_code == 1
    assert bubblewrap.sh("touch /env/x").exit_code == 1
    assert (tmp_path / "open" / "x").exists()
    bubblewrap.reopen(mounts=(Mount(tmp_path / "environment", "/env", writable=True),), environment=None)
    assert bubblewrap.sh("touch /env/x").exit_code == 0


def test_a_workspace_may_be_an_overlay_on_other_trees(bubblewrap: Box, tmp_path: Path) -> None:
    if not bubblewrap.provider.overlays(tmp_path):
        pytest.skip("no overlay can be made here")
    base, more = tmp_path / "ba:se, \\", tmp_path / "more"  # with what mount options are separated by
    for tree, name in ((base, "below"), (more, "above")):
        (tree / "folder").mkdir(parents=True)
        (tree / "both").write_text(name)
        (tree / "folder" / name).write_text(name)
    before = [(path, path.stat().st_mtime_ns) for tree in (base, more) for path in sorted(tree.rglob("*"))]
    bubblewrap.reopen(lower=(base, more))
    bubblewrap.sandbox.write("folder/given", b"given")
    said = bubblewrap.sh("cat both folder/*; echo new > folder/made; echo more >> both; rm folder/below; ls folder")
    assert said.stdout == b"aboveabovebelowgivenabove\ngiven\nmade\n"
    assert bubblewrap.sh("ls folder; cat both").stdout == b"above\ngiven\nmade\nabovemore\n", "it lasts"
    assert bubblewrap.sandbox.read("both") == b"abovemore\n"
    assert bubblewrap.sandbox.read("folder/above") == b"above"
    with pytest.raises(UnsafePath):
        bubblewrap.sandbox.read("folder/below")
    with pytest.raises(FileNotFoundError):
        bubblewrap.sandbox.read("folder/nothing")
    assert [(path, path.stat().st_mtime_ns) for tree in (base, more) for path in sorted(tree.rglob("*"))] == before
    bubblewrap.reopen(lower=(base, more), read_only=True)
    assert bubblewrap.sh("cat both; echo x > both").stderr.strip().endswith(b"Read-only file system")


def test_read_only_workspace_still_lets_the_controller_write(bubblewrap: Box) -> None:
    bubblewrap.reopen(read_only=True)
    bubblewrap.sandbox.write("x", b"1")
    assert bubblewrap.sh("cat x; touch y").stdout == b"1"
    assert bubblewrap.sh("touch y").exit_code == 1


def test_no_capability_no_user_namespace_no_setuid(bubblewrap: Box) -> None:
    assert b"CapEff:\t0000000000000000" in bubblewrap.sh("cat /proc/self/status").stdout
    assert b"NoNewPrivs:\t1" in bubblewrap.sh("cat /proc/self/status").stdout
    assert bubblewrap.sh("unshare -U true").exit_code == 1
    assert bubblewrap.sh("mount -t tmpfs none /tmp").exit_code != 0


@pytest.mark.parametrize(
    ("call", "wanted"),
    [
        ("libc.syscall(321, 0, 0, 0)", "EPERM"),  # bpf
        ("libc.syscall(425, 1, 0)", "ENOSYS"),  # io_uring_setup
        ("libc.syscall(250, 0, 0, 0, 0, 0)", "EPERM"),  # keyctl
        ("libc.unshare(0x10000000)", "EPERM"),
        ("libc.syscall(56, 0x10000011, 0, 0, 0, 0)", "EPERM"),  # clone with a user namespace
        ("libc.socket(40, 1, 0)", "EAFNOSUPPORT"),  # vsock
        ("libc.ioctl(0, 0x5412, b'x')", "EPERM"),  # TIOCSTI
        ("libc.socket(2, 1, 0)", "0"),
        ("libc.ioctl(0, 0x5413, 0)", "ENOTTY"),  # TIOCGWINSZ
    ],
)
def test_system_calls_are_filtered(bubblewrap: Box, call: str, wanted: str) -> None:
    if filter_program() is None or platform.machine() != "x86_64":
        pytest.skip("libseccomp is not installed, or calls have other numbers here")
    code = "import ctypes, errno; libc = ctypes.CDLL(None, use_errno=True)"
    code += f"; print(errno.errorcode.get(ctypes.get_errno() if {call} < 0 else 0, '0'))"
    assert bubblewrap.python(code).stdout.decode().strip() == wanted


def test_devices_in_the_workspace_cannot_be_opened(bubblewrap: Box) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root makes devices")
    os.mknod(bubblewrap.workspace / "null", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    assert b"Permission denied" in bubblewrap.sh("cat null").stderr


def test_keys_of_the_controllers_session_cannot_be_read(bubblewrap: Box) -> None:
    if platform.machine() != "x86_64":
        pytest.skip("the test knows the system calls of x86_64 only")
    call = ctypes.CDLL(None).syscall
    key = call(248, b"user", b"rfsn-test", b"secret", 6, ctypes.c_long(-3))
    if key < 0:
        pytest.skip("no keyring here")
    read = f"print(ctypes.CDLL(None).syscall(250, 11, ctypes.c_long({key}), ctypes.create_string_buffer(9), 9))"
    try:
        assert bubblewrap.python(f"import ctypes; {read}").stdout == b"-1\n"
    finally:
        call(250, 9, key, ctypes.c_long(-3))


def test_memory_limit_fails_the_command(bubblewrap: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a control group, each process is limited by itself."""
    monkeypatch.setattr(Group, "create", lambda _: None)
    bubblewrap.reopen(limits=Limits(memory_bytes=256 << 20))
    result = bubblewrap.python("x = bytearray(1 << 30)")
    assert (result.exit_code, result.ending) == (1, Ending.EXITED)
    assert b"MemoryError" in result.stderr


@needs_groups
def test_no_group_is_left(bubblewrap: Box) -> None:
    bubblewrap.sh("true")
    bubblewrap.sh("sleep 5", timeout_s=0.1)
    bubblewrap.sandbox.spawn(Command(("cat",), 5)).kill()
    own = f"rfsn-{Maker.own()}.*"
    assert not [folder for place in Path("/sys/fs/cgroup").glob("*") for folder in place.rglob(own)]


@needs_groups
def test_groups_of_dead_controllers_are_removed_and_no_others(bubblewrap: Box) -> None:
    process = bubblewrap.sandbox.spawn(Command(("cat",), 5))
    group = Group.create(Limits())
    assert group is not None
    dead = group.memory.with_name(f"rfsn-{replace(Maker.own(), pid='999999999')}.0")
    dead.mkdir()
    remove_dead_groups()  # or another controller, whose start removes them too
    assert not dead.exists()
    assert group.memory.is_dir()
    group.remove()
    process.stdin.write(b"alive\n")
    assert process.stdout.readline() == b"alive\n"


@needs_groups
def test_what_a_dead_controller_left_in_its_group_is_killed() -> None:
    group = Group.create(Limits())
    assert group is not None
    name = f"rfsn-{replace(Maker.own(), pid='999999999')}.1"
    dead = [folder.with_name(name) for folder in (group.memory, group.pids)]
    start = ["/bin/sh", "-c", "sleep 600 >/dev/null & echo $!"]  # nobody but init waits for it
    left = int(subprocess.run(start, stdout=subprocess.PIPE, check=True).stdout)
    try:
        for folder in (group.memory, group.pids):
            (folder / "cgroup.procs").write_text(str(left))
        # Controllers of other tests remove groups of the dead: no group is named so while it is empty.
        for folder in (group.memory, group.pids):
            folder.rename(folder.with_name(name))
        remove_dead_groups()
        assert not any(folder.exists() for folder in dead), "a group with a living process cannot be removed"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(left, signal.SIGKILL)


@needs_groups
def test_a_command_enters_its_group_only_beneath_a_living_controller() -> None:
    """While it enters, its controller may be killed, which a different parent shows."""
    group = Group.create(Limits(memory_bytes=50 << 20))
    assert group is not None
    entering = group.enter(("cat", "/proc/self/cgroup"))
    said = subprocess.run(entering, capture_output=True, text=True, check=True).stdout
    assert said.count(group.memory.name) == len({group.memory, group.pids})
    orphan = subprocess.run(["/bin/sh", "-c", '"$@"; exit $?', "sh", *entering], capture_output=True, check=False)
    assert (orphan.returncode, orphan.stdout) == (125, b"")
    group.remove()
    assert not group.memory.exists()


def test_controllers_are_told_apart() -> None:
    own = Maker.own()
    assert Maker.parse(str(own)) == own
    assert not own.is_dead()
    for changes, dead in (
        ({"pid": "999999999"}, True),
        ({"started": "1"}, True),
        ({"boot": "0"}, True),
        ({"namespace": "1", "pid": "999999999"}, False),
    ):
        assert replace(own, **changes).is_dead() is dead, changes
    with subprocess.Popen(["true"]) as zombie:
        os.waitid(os.P_PID, zombie.pid, os.WEXITED | os.WNOWAIT)
        started = Path(f"/proc/{zombie.pid}/stat").read_text().rpartition(")")[2].split()[19]
        assert replace(own, pid=str(zombie.pid), started=started).is_dead()
    assert Maker.parse("something-else") is None


def test_limits_on_files_and_cores(bubblewrap: Box) -> None:
    bubblewrap.reopen(limits=Limits(file_bytes=100_000, open_files=64))
    assert bubblewrap.sh("head -c 200000 /dev/zero > big").exit_code != 0
    assert (bubblewrap.workspace / "big").stat().st_size == 100_000
    assert bubblewrap.python("import os\nwhile True: os.dup(0)").stderr.endswith(b"Too many open files\n")
    assert bubblewrap.sh("ulimit -c").stdout == b"0\n"


def test_limit_on_processes_counts_only_the_sandbox(bubblewrap: Box) -> None:
    if os.geteuid() == 0 and not groups_work():
        pytest.skip("root is exempt from this limit where there are no control groups")
    bubblewrap.reopen(limits=Limits(processes=8))
    code = "import os, time\nfor _ in range(20):\n  if os.fork() == 0: time.sleep(1); os._exit(0)"
    assert b"BlockingIOError" in bubblewrap.python(code).stderr
    assert bubblewrap.sh("true | true | true").exit_code == 0


def test_nothing_outlives_a_killed_controller(
    bubblewrap: Box, marker: str, survivors: Callable[..., list[str]]
) -> None:
    code = """
import sys
from pathlib import Path
from sandbox import Command, SandboxSpec, choose

sandbox = choose("bubblewrap").open(SandboxSpec(workspace=Path(sys.argv[1])))
sandbox.spawn(Command(("sh", "-c", "setsid sleep $0 & sleep $0", sys.stdin.readline().strip()), 60))
print("up", flush=True)
sys.stdin.read()
"""
    root = Path(sandbox.__file__).parent.parent
    with subprocess.Popen(
        [sys.executable, "-c", code, str(bubblewrap.workspace)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=root,
        text=True,
    ) as controller:
        assert controller.stdin is not None
        assert controller.stdout is not None
        controller.stdin.write(marker + "\n")
        controller.stdin.flush()
        assert controller.stdout.readline() == "up\n"
        assert survivors() != []
        controller.send_signal(signal.SIGKILL)
    assert survivors(3.0) == []


def test_what_a_killed_controller_had_started_is_ended() -> None:
    """A bwrap that was being set up when its controller was killed waits forever; its environment names its maker."""
    dead, alive = replace(Maker.own(), started="0"), Maker.own()
    with (
        subprocess.Popen(["sleep", "1000"], env={MAKER: str(dead)}) as orphan,
        subprocess.Popen(["sleep", "1000"], env={MAKER: str(alive)}) as child,
    ):
        end_orphans()  # or another controller, whose start ends them too
        assert orphan.wait(10) == -signal.SIGKILL
        assert child.poll() is None
        child.kill()


def test_the_first_process_of_a_sandbox_that_was_never_set_up_is_ended() -> None:
    """It is alone in a pid namespace of its own, and waits for a bwrap that was killed."""
    dead = {MAKER: str(replace(Maker.own(), started="0"))}
    with subprocess.Popen(["/usr/bin/unshare", "-Ur", "--pid", "--fork", "/bin/sleep", "1000"], env=dead) as outer:
        children = Path("/proc", str(outer.pid), "task", str(outer.pid), "children")
        deadline = time.monotonic() + 30
        while not (first := children.read_text().split()) and time.monotonic() < deadline:
            time.sleep(0.01)
        outer.kill()
        outer.wait()
        end_orphans()  # or another controller, whose start ends them too
        while (alive := _is_alive(first[0])) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not alive


def _is_alive(number: str) -> bool:
    """Whether it does more than wait for init to ask how it ended."""
    try:
        return "State:\tZ" not in Path("/proc", number, "status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_bwrap_names_its_maker_and_a_command_does_not_see_it(bubblewrap: Box) -> None:
    assert MAKER.encode() not in bubblewrap.sh("env").stdout
    process = bubblewrap.sandbox.spawn(Command(("sleep", "100"), 60))
    try:
        named = [path for path in Path("/proc").glob("[0-9]*/environ") if f"{MAKER}={Maker.own()}" in _environ(path)]
        assert named
    finally:
        process.kill()


def _environ(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def test_a_process_in_a_sandbox_is_not_an_orphan_whatever_it_claims(bubblewrap: Box) -> None:
    claim = f"{MAKER}={replace(Maker.own(), started='0')}"
    talk = "echo up; read line; echo still here"
    process = bubblewrap.sandbox.spawn(Command(("env", "-i", claim, "/bin/sh", "-c", talk), 60))
    try:
        assert process.stdout.readline() == b"up\n"
        end_orphans()
        process.stdin.write(b"go on\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"still here\n"
    finally:
        process.kill()


@pytest.mark.parametrize(
    "text", ["a-1-/sys/block/loop0-1", "a-1-self/cwd/d-1", "a-1-..-1", "x-x-x-x", "", "a-1-1", "a-1-1-1\n"]
)
def test_other_texts_are_not_controllers(text: str) -> None:
    assert Maker.parse(text) is None
