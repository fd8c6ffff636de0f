"""What a bubblewrap sandbox looks like inside, as arguments of bwrap."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.model import ENV, REPO

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.model import SandboxSpec

__all__ = ["ENVIRONMENT", "files", "isolation", "overlay_work", "system", "tree"]

ENVIRONMENT = {"PATH": f"{ENV}/bin:/usr/local/bin:/usr/bin:/bin", "HOME": "/tmp", "LANG": "C.UTF-8", "TMPDIR": "/tmp"}  # noqa: S108
"""All variables of a command besides its own `env`."""

FILES = {
    "/etc/passwd": b"root:x:0:0:root:/nonexistent:/bin/false\nsandbox:x:1000:1000:sandbox:/tmp:/bin/sh\n",
    "/etc/group": b"root:x:0:\nsandbox:x:1000:\n",
    "/etc/nsswitch.conf": b"passwd: files\ngroup: files\nhosts: files dns\n",
}

# Listed one by one: /etc/ssl and /etc/pki also contain private keys, which a controller run as root could read.
ETC = (
    "/etc/alternatives",
    "/etc/ca-certificates",
    "/etc/crypto-policies",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    "/etc/mime.types",
    "/etc/pki/ca-trust",
    "/etc/pki/tls/certs",
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
)
NETWORK = ("/etc/hosts", "/etc/resolv.conf")
HOSTS = "127.0.0.1 localhost {}\n::1 localhost\n"

# A controller run as root maps uid 0 of the host, which may write /proc/sys/kernel/core_pattern without any capability:
# a command for the host to run. bwrap covers these only if access(2) says that they are writable.
PROC_READ_ONLY = ("/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus", "/proc/fs", "/proc/acpi", "/proc/mtrr")
PROC_HIDDEN = (
    *("/proc/kcore", "/proc/keys", "/proc/key-users", "/proc/timer_list", "/proc/kallsyms"),
    # No test needs what these reveal about the machine, its boot options and its disks.
    *("/proc/cmdline", "/proc/diskstats", "/proc/partitions", "/proc/swaps", "/proc/modules", "/proc/iomem"),
)


def files(spec: SandboxSpec) -> dict[str, bytes]:
    """Files in the sandbox that rfsn writes itself instead of taking them from the host."""
    return FILES if spec.network else FILES | {"/etc/hosts": HOSTS.format(spec.host).encode()}


def overlay_work(spec: SandboxSpec) -> Path:
    """The folder beside the workspace that the kernel needs for an overlay."""
    return spec.workspace.with_name(f"{spec.workspace.name}.work")


def isolation(spec: SandboxSpec) -> Iterator[str]:
    """The namespaces, identity and lifetime of the sandbox."""
    yield from ("--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--new-session")
    yield from ("--as-pid-1", "--clearenv", "--cap-drop", "ALL", "--hostname", spec.host)
    yield from ("--uid", "1000", "--gid", "1000")
    if spec.network:
        yield "--share-net"


def system(spec: SandboxSpec) -> Iterator[str]:
    """The host's programs and libraries, read-only, and fresh /proc, /dev, /tmp and /run."""
    yield from ("--ro-bind", "/usr", "/usr")
    for path in map(Path, ("/bin", "/sbin", "/lib", "/lib64", "/lib32")):
        if path.is_symlink():
            yield from ("--symlink", str(path.readlink()), str(path))
        elif path.is_dir():
            yield from ("--ro-bind", str(path), str(path))
    yield from ("--perms", "0755", "--dir", "/etc")
    for name in (*ETC, *(NETWORK if spec.network else ())):
        if Path(name).exists():
            yield from ("--ro-bind", name, name)
    yield from ("--proc", "/proc")
    for name in PROC_READ_ONLY:
        if Path(name).exists():
            yield from ("--ro-bind", name, name)
    for name in PROC_HIDDEN:
        if Path(name).exists():
            yield from ("--ro-bind", "/dev/null", name)
    size = str(spec.limits.file_bytes)
    yield from ("--dev", "/dev", "--size", size, "--perms", "1777", "--tmpfs", "/dev/shm", "--remount-ro", "/dev")  # noqa: S108
    for name in ("/tmp", "/run"):  # noqa: S108
        yield from ("--size", size, "--perms", "1777", "--tmpfs", name)


def tree(spec: SandboxSpec) -> Iterator[str]:
    """The workspace, the environment and the other mounts, then a read-only root."""
    if spec.lower:
        for layer in (*spec.lower, spec.workspace) if spec.read_only else spec.lower:
            yield from ("--overlay-src", str(layer))
        written = ("--ro-overlay",) if spec.read_only else ("--overlay", str(spec.workspace), str(overlay_work(spec)))
        yield from (*written, REPO)
    else:
        yield from ("--ro-bind" if spec.read_only else "--bind", str(spec.workspace), REPO)
    if spec.environment is not None:
        yield from ("--ro-bind", str(spec.environment), ENV)
    for mount in spec.mounts:
        yield from ("--bind" if mount.writable else "--ro-bind", str(mount.source), mount.target)
    yield from ("--remount-ro", "/", "--chdir", spec.cwd)
