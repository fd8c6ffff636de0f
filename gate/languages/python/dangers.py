"""What the `danger` rules forbid in Python: code generated at run time, and ways out of the process."""

from __future__ import annotations

from gate.languages.api import Construct, Forbidden, Kind, Tree
from gate.languages.tables import DottedNames, Table
from gate.languages.texts import DESCRIPTORS, is_opaque

__all__ = ["DANGERS"]

_VARIANTS = ("l", "le", "lp", "lpe", "v", "ve", "vp", "vpe")


class _DynamicCode(Table):
    """The `__self__` of a built-in function leads to all built-ins."""

    def forbids(self, construct: Construct, path: str, modules: frozenset[str], tree: Tree) -> bool:
        if construct.kind is Kind.USE and construct.name.startswith("builtins.") and ".__self__" in construct.name:
            return True
        return super().forbids(construct, path, modules, tree)


class _Obfuscation(Table):
    """Computed names, except `__builtins__` and the like, which `tamper.interpreter` covers; opaque strings."""

    def forbids(self, construct: Construct, path: str, modules: frozenset[str], tree: Tree) -> bool:
        if construct.kind is Kind.COMPUTED:
            return not construct.name.startswith("through __")
        if construct.kind is Kind.TEXT:
            return is_opaque(construct.name)
        return super().forbids(construct, path, modules, tree)


DANGERS: dict[str, Forbidden] = {
    "danger.dynamic-code": _DynamicCode(
        uses=DottedNames(
            "builtins.exec", "builtins.eval", "builtins.compile", "builtins.__import__", "builtins.execfile",
            "importlib.reload", "importlib.util.spec_from_file_location", "importlib.util.spec_from_loader",
            "importlib.util.module_from_spec", "types.FunctionType", "types.CodeType", "types.LambdaType",
            "runpy.*", "code.*", "codeop.*", "imp.*", "importlib.machinery.*", "importlib.abc.*", "zipimport.*",
            "pdb.*", "builtins.breakpoint", "timeit.*",
        ),
        attributes=frozenset({
            "__builtins__", "__closure__", "__code__", "__globals__", "__import__", "__loader__", "__subclasses__",
            "co_code", "cell_contents", "__reduce_ex__", "func_globals", "func_code", "load_module", "exec_module",
        }),
    ),
    "danger.obfuscation": _Obfuscation(
        uses=DottedNames(
            "base64.*", "binascii.*", "marshal.*", "zlib.*", "lzma.*", "bz2.*", "pickle.*", "_pickle.*", "cPickle.*",
            "dill.*", "cloudpickle.*", "shelve.*", "codecs.decode", "gzip.decompress", "builtins.bytes.fromhex",
        ),
        attributes=frozenset({"fromhex"}),
    ),
    "danger.processes": Table(
        uses=DottedNames(
            "os.system", "os.popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.posix_spawnp", "os.startfile",
            *(f"os.exec{variant}" for variant in _VARIANTS), *(f"os.spawn{variant}" for variant in _VARIANTS),
            "subprocess.*", "_posixsubprocess.*", "pty.*", "multiprocessing.*", "commands.*", "popen2.*", "pexpect.*",
            "sh.*", "plumbum.*", "concurrent.futures.ProcessPoolExecutor", "asyncio.create_subprocess_exec",
            "asyncio.create_subprocess_shell", "webbrowser.*", "os.putenv",
        ),
    ),
    "danger.network": Table(
        uses=DottedNames(
            "socket.*", "_socket.*", "socketserver.*", "ssl.*", "urllib.request.*", "urllib2.*", "http.client.*",
            "httplib.*", "http.server.*", "ftplib.*", "smtplib.*", "poplib.*", "imaplib.*", "telnetlib.*",
            "xmlrpc.*", "requests.*", "httpx.*", "aiohttp.*", "urllib3.*", "websocket.*", "websockets.*",
            "paramiko.*", "pycurl.*", "asyncio.open_connection", "asyncio.start_server",
            "asyncio.open_unix_connection",
        ),
    ),
    "danger.descriptors": Table(
        uses=DottedNames(
            "os.write", "os.writev", "os.pwrite", "os.pwritev", "os.sendfile", "os.splice", "os.fdopen", "os.dup",
            "os.dup2", "os.pipe", "os.pipe2", "os.closerange", "os.ftruncate", "os.open", "os.openpty",
            "os.memfd_create", "fcntl.*", "mmap.*", "termios.*", "tty.*", "select.*", "selectors.*",
            "os.set_inheritable", "os.mkfifo", "os.close",
        ),
        texts=DESCRIPTORS,
    ),
    "danger.native-code": Table(
        uses=DottedNames(
            "ctypes.*", "_ctypes.*", "cffi.*", "_cffi_backend.*", "llvmlite.*", "numba.cfunc", "resource.*",
        ),
    ),
}  # fmt: skip
"""By rule id."""
