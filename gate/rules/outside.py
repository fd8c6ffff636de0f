"""A repair starts no process, opens no connection and writes to no descriptor that it did not open."""

from __future__ import annotations

import re

from gate.decision import Context
from gate.languages.python import Construct, Introduced, Kind
from gate.rules.source import SourceRule, Table

__all__ = ["NoDescriptors", "NoNativeCode", "NoNetwork", "NoProcesses"]

_DESCRIPTOR_PATHS = re.compile(r"^/proc/|/dev/(?:fd|std|tty|pts|shm)")


class NoProcesses(SourceRule):
    """Denies starting programs and forking."""

    id = "danger.processes"
    uses = Table(
        "os.system", "os.popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.posix_spawnp", "os.startfile",
        *(f"os.exec{kind}" for kind in ("l", "le", "lp", "lpe", "v", "ve", "vp", "vpe")),
        *(f"os.spawn{kind}" for kind in ("l", "le", "lp", "lpe", "v", "ve", "vp", "vpe")),
        "subprocess.*", "_posixsubprocess.*", "pty.*", "multiprocessing.*", "commands.*", "popen2.*", "pexpect.*",
        "sh.*", "plumbum.*", "concurrent.futures.ProcessPoolExecutor", "asyncio.create_subprocess_exec",
        "asyncio.create_subprocess_shell", "webbrowser.*", "os.putenv",
    )  # fmt: skip
    hint = "do it in the process, or use the function of the project that already starts the program"


class NoNetwork(SourceRule):
    """Denies connections, in files that had none."""

    id = "danger.network"
    uses = Table(
        "socket.*", "_socket.*", "socketserver.*", "ssl.*", "urllib.request.*", "urllib2.*", "http.client.*",
        "httplib.*", "http.server.*", "ftplib.*", "smtplib.*", "poplib.*", "imaplib.*", "telnetlib.*", "xmlrpc.*",
        "requests.*", "httpx.*", "aiohttp.*", "urllib3.*", "websocket.*", "websockets.*", "paramiko.*", "pycurl.*",
        "asyncio.open_connection", "asyncio.start_server", "asyncio.open_unix_connection",
    )  # fmt: skip
    hint = "work on what the caller gives"


class NoDescriptors(SourceRule):
    """Denies writing to open descriptors, where results of the test runner may pass."""

    id = "danger.descriptors"
    uses = Table(
        "os.write", "os.writev", "os.pwrite", "os.pwritev", "os.sendfile", "os.splice", "os.fdopen", "os.dup",
        "os.dup2", "os.pipe", "os.pipe2", "os.closerange", "os.ftruncate", "os.open", "os.openpty", "os.memfd_create",
        "fcntl.*", "mmap.*", "termios.*", "tty.*", "select.*", "selectors.*", "os.set_inheritable", "os.mkfifo",
        "os.close",
    )  # fmt: skip
    hint = "open files by their names with open()"

    def forbids(self, construct: Construct, path: str, found: Introduced, context: Context) -> bool:
        if construct.kind is Kind.TEXT:
            return bool(_DESCRIPTOR_PATHS.search(construct.name))
        return super().forbids(construct, path, found, context)


class NoNativeCode(SourceRule):
    """Denies calling native code, which no other rule can read."""

    id = "danger.native-code"
    uses = Table("ctypes.*", "_ctypes.*", "cffi.*", "_cffi_backend.*", "llvmlite.*", "numba.cfunc", "resource.*")
    hint = "use a module of the standard library or of the project"
