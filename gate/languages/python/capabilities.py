"""The standard library by capability: what code can do with each module, and with single names in it."""

from __future__ import annotations

import re
from functools import lru_cache

from gate.languages.tables import DottedNames

__all__ = ["DECODERS", "HARD_MODULES", "REACH", "SOFT", "STANDARD", "USUAL", "capability_of", "inner_names", "words_of"]

_VARIANTS = ("l", "le", "lp", "lpe", "v", "ve", "vp", "vpe")

PURE = frozenset({
    "__future__", "_abc", "_ast", "_bisect", "_blake2", "_bz2", "_codecs", "_codecs_cn", "_codecs_hk",
    "_codecs_iso2022", "_codecs_jp", "_codecs_kr", "_codecs_tw", "_collections", "_collections_abc", "_compat_pickle",
    "_compression", "_contextvars", "_crypt", "_csv", "_datetime", "_decimal", "_elementtree", "_functools",
    "_hashlib", "_heapq", "_io", "_json", "_locale", "_lzma", "_markupbase", "_md5", "_multibytecodec", "_opcode",
    "_operator", "_py_abc", "_pydatetime", "_pydecimal", "_pyio", "_pylong", "_queue", "_sha1", "_sha2", "_sha3",
    "_sitebuiltins", "_sre", "_stat", "_statistics", "_string", "_strptime", "_struct", "_threading_local",
    "_tokenize", "_typing", "_warnings", "_weakref", "_weakrefset", "_zoneinfo", "abc", "aifc", "argparse", "array",
    "ast", "asyncio", "audioop", "base64", "binascii", "bisect", "bz2", "calendar", "cgi", "chunk", "cmath", "cmd",
    "codecs", "collections", "colorsys", "concurrent", "configparser", "contextlib", "contextvars", "copy", "copyreg",
    "crypt", "csv", "dataclasses", "datetime", "decimal", "difflib", "email", "encodings", "enum", "errno", "fnmatch",
    "fractions", "functools", "genericpath", "getopt", "gettext", "graphlib", "gzip", "hashlib", "heapq", "hmac",
    "html", "http", "imghdr", "importlib", "inspect", "io", "ipaddress", "itertools", "json", "keyword", "locale",
    "logging", "lzma", "math", "mimetypes", "nturl2path", "ntpath", "numbers", "opcode", "operator", "optparse", "os",
    "pathlib", "pickletools", "pipes", "pkgutil", "plistlib", "posixpath", "pprint", "pyexpat", "queue", "quopri",
    "re", "reprlib", "shlex", "sndhdr", "sre_compile", "sre_constants", "sre_parse", "stat", "statistics", "string",
    "stringprep", "struct", "sunau", "sys", "tabnanny", "textwrap", "token", "tokenize", "tomllib", "traceback",
    "types", "typing", "unicodedata", "urllib", "uu", "warnings", "wave", "weakref", "wsgiref", "xdrlib", "xml",
    "zlib", "zoneinfo", "gc", "signal", "this", "threading", "_scproxy", "netrc", "antigravity",
})  # fmt: skip
"""Modules with no capability of their own; single names of them may have one. Importing one of them is no use yet."""

_TABLE: dict[str, tuple[str, ...]] = {
    "processes": (
        "os.system", "os.popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.posix_spawnp", "os.startfile",
        *(f"os.exec{variant}" for variant in _VARIANTS), *(f"os.spawn{variant}" for variant in _VARIANTS),
        "subprocess.*", "_posixsubprocess.*", "pty.*", "multiprocessing.*", "_multiprocessing.*", "commands.*",
        "popen2.*", "pexpect.*", "sh.*", "plumbum.*", "concurrent.futures.ProcessPoolExecutor",
        "concurrent.futures.process.*", "asyncio.create_subprocess_exec", "asyncio.create_subprocess_shell",
        "asyncio.subprocess.*", "webbrowser.*", "os.putenv", "pipes.Template",
        "idlelib.*", "ensurepip.*", "venv.*", "_winapi.*", "_posixshmem.*", "_overlapped.*", "mailcap.*",
        "turtledemo.*",
    ),
    "network": (
        "socket.*", "_socket.*", "socketserver.*", "ssl.*", "_ssl.*", "urllib.request.*", "urllib2.*", "http.client.*",
        "httplib.*", "http.server.*", "ftplib.*", "smtplib.*", "poplib.*", "imaplib.*", "telnetlib.*", "nntplib.*",
        "xmlrpc.*", "requests.*", "httpx.*", "aiohttp.*", "urllib3.*", "websocket.*", "websockets.*",
        "paramiko.*", "pycurl.*", "asyncio.open_connection", "asyncio.start_server", "asyncio.start_unix_server",
        "asyncio.open_unix_connection", "urllib.robotparser.*", "wsgiref.simple_server.*", "logging.config.listen",
        "logging.handlers.SocketHandler", "logging.handlers.DatagramHandler", "logging.handlers.HTTPHandler",
        "logging.handlers.SMTPHandler", "logging.handlers.SysLogHandler", "syslog.*",
    ),
    "descriptors": (
        "os.write", "os.writev", "os.pwrite", "os.pwritev", "os.sendfile", "os.splice", "os.fdopen", "os.dup",
        "os.dup2", "os.pipe", "os.pipe2", "os.closerange", "os.ftruncate", "os.open", "os.openpty",
        "os.memfd_create", "fcntl.*", "mmap.*", "termios.*", "tty.*", "select.*", "selectors.*",
        "os.set_inheritable", "os.mkfifo", "os.close", "io.FileIO", "_io.FileIO", "_pyio.FileIO", "msvcrt.*",
    ),
    "native-code": (
        "ctypes.*", "_ctypes.*", "cffi.*", "_cffi_backend.*", "llvmlite.*", "numba.cfunc", "resource.*", "winreg.*",
        "msilib.*", "_msi.*", "winsound.*", "ossaudiodev.*",
    ),
    "dynamic-code": (
        "builtins.exec", "builtins.eval", "builtins.compile", "builtins.__import__", "builtins.execfile",
        "importlib.reload", "importlib.util.spec_from_file_location", "importlib.util.spec_from_loader",
        "importlib.util.module_from_spec", "importlib.util.find_spec", "importlib.find_loader",
        "importlib.metadata.EntryPoint",
        "importlib._bootstrap.*", "importlib._bootstrap_external.*", "_frozen_importlib.*",
        "_frozen_importlib_external.*", "_imp.*", "types.FunctionType", "types.CodeType", "types.LambdaType",
        "runpy.*", "code.*", "codeop.*", "imp.*",
        "importlib.machinery.*", "importlib.abc.*", "zipimport.*", "pdb.*", "builtins.breakpoint", "timeit.*",
        "cProfile.*", "profile.*", "_lsprof.*",
        "pkgutil.resolve_name", "pkgutil.find_loader", "pkgutil.get_loader", "pkgutil.get_importer", "pydoc.*",
        "logging.config.dictConfig",
        "logging.config.fileConfig", "typing.get_type_hints", "typing.ForwardRef", "typing._eval_type",
        "modulefinder.*", "compileall.*", "py_compile.*", "rlcompleter.*", "site.*", "zipapp.*", "lib2to3.*",
        "tkinter.*", "_tkinter.*", "turtle.*", "copyreg.__newobj__", "sqlite3.enable_load_extension",
    ),
    "obfuscation": (
        "marshal.*", "pickle.*", "_pickle.*", "cPickle.*", "dill.*", "cloudpickle.*", "shelve.*",
    ),
    "exits": (
        "os._exit", "os.abort", "os.kill", "os.killpg", "signal.raise_signal", "signal.pthread_kill", "_signal.*",
        "signal.alarm", "signal.setitimer", "_thread.interrupt_main", "_thread.exit", "_thread.start_new_thread",
        "_thread.start_new", "thread.interrupt_main", "sys.exitfunc", "posix.*", "nt.*", "atexit.*",
        "faulthandler.*", "threading._shutdown", "threading._register_atexit",
    ),
    "introspection": (
        "inspect.stack", "inspect.trace", "inspect.currentframe", "sys._getframe", "sys._current_frames",
        "sys._getframemodulename", "sys._current_exceptions", "traceback.extract_stack", "traceback.walk_stack",
        "logging.Logger.findCaller", "warnings.filters", "importlib.metadata.distributions",
        "importlib.metadata.packages_distributions",
        "gc.get_objects", "gc.get_referrers", "gc.get_referents", "sys.orig_argv",
        "sys.set_coroutine_origin_tracking_depth", "sys.getrefcount", "__main__.*",
    ),
    "patching": (
        "sys.settrace", "sys.setprofile", "sys.monitoring", "sys.addaudithook", "sys.meta_path", "sys.path_hooks",
        "sys.path_importer_cache", "sys.modules", "sys.excepthook", "sys.unraisablehook", "sys.displayhook",
        "sys.__stdout__", "sys.__stderr__", "threading.settrace", "threading.setprofile", "threading.excepthook",
        "threading.settrace_all_threads", "threading.setprofile_all_threads", "builtins.__builtins__", "builtins.*",
        "__builtin__.*", "gc.callbacks", "bdb.*", "trace.*", "test.*",
    ),
    "testing": ("unittest.*", "doctest.*"),
    "files": (
        "builtins.open", "io.open", "io.open_code", "_io.open", "_pyio.open", "codecs.open", "shutil.*", "tempfile.*",
        "glob.*", "fileinput.*", "filecmp.*", "linecache.*", "tarfile.*", "zipfile.*", "dbm.*", "_dbm.*", "_gdbm.*",
        "sqlite3.*", "_sqlite3.*", "mailbox.*", "gzip.open", "bz2.open", "lzma.open", "pathlib.Path",
        "pathlib.PosixPath", "pathlib.WindowsPath", "os.listdir", "os.scandir", "os.walk", "os.fwalk", "os.remove",
        "os.unlink", "os.rmdir", "os.removedirs", "os.rename", "os.renames", "os.replace", "os.mkdir", "os.makedirs",
        "os.stat", "os.lstat", "os.chmod", "os.chown", "os.link", "os.symlink", "os.readlink", "os.truncate",
        "os.utime", "os.access", "os.mknod", "os.path.exists", "os.path.isfile",
        "os.path.isdir", "os.path.getsize", "os.path.getmtime", "os.path.realpath", "os.path.islink",
    ),
    "environment": (
        "os.environ", "os.environb", "os.getenv", "os.getenvb", "os.getlogin", "os.uname", "os.getuid",
        "os.cpu_count", "platform.*", "getpass.*", "pwd.*", "grp.*", "spwd.*", "nis.*",
        "sysconfig.*", "_aix_support.*", "_osx_support.*", "sys.flags", "sys._xoptions", "sys.dont_write_bytecode",
        "sys.argv", "sys.executable", "sys.gettrace", "sys.getprofile", "readline.*", "curses.*", "_curses.*",
        "_curses_panel.*",
    ),
    "threads": (
        "threading.Thread", "threading.Timer", "_thread.*", "concurrent.futures.ThreadPoolExecutor",
        "concurrent.futures.thread.*", "sched.*",
        "_asyncio.*", "signal.signal", "signal.siginterrupt", "signal.set_wakeup_fd",
    ),
    "process-state": (
        "os.chdir", "os.fchdir", "os.chroot", "os.umask", "contextlib.chdir", "locale.setlocale", "time.tzset",
        "decimal.setcontext", "os.environ.update", "os.environ.setdefault", "os.environ.pop",
        "os.environ.clear", "os.environ.__setitem__", "sys.set_int_max_str_digits",
        "sys.setswitchinterval", "random.seed", "random.setstate", "logging.disable", "logging.setLoggerClass",
        "logging.setLogRecordFactory", "gc.disable", "gc.set_threshold", "os.unsetenv", "os.environ.popitem",
        "os.environ.__delitem__", "os.environ.__ior__", "codecs.register", "codecs.register_error",
        "csv.register_dialect", "csv.unregister_dialect", "csv.field_size_limit",
    ),
    "own-process": (
        "os.getpid", "os.getppid", "os.getpgid", "os.getpgrp", "os.getsid", "os.times", "sys.intern",
        "threading.main_thread", "threading.get_native_id", "time.process_time", "time.process_time_ns",
        "time.thread_time", "time.thread_time_ns",
    ),
    "clock": (
        "time.*", "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today",
    ),
    "chance": ("random.*", "_random.*", "secrets.*", "uuid.*", "_uuid.*", "os.urandom", "os.getrandom"),
    "reflection": (
        "inspect.getmembers", "inspect.getmembers_static", "inspect.getsource", "inspect.getsourcelines",
        "inspect.getsourcefile", "inspect.getfile", "inspect.getmodule", "inspect.getclosurevars", "gc.set_debug",
        "gc.freeze", "dis.*",
        "tracemalloc.*", "_tracemalloc.*", "symtable.*", "_symtable.*", "pyclbr.*", "cgitb.*", "pstats.*",
        "pydoc_data.*",
    ),
    "internals": (),  # the private names of all modules: `re._cache`
}  # fmt: skip

REACH: dict[str, DottedNames] = {capability: DottedNames(*names) for capability, names in _TABLE.items()}
"""By capability: the modules (`subprocess.*`) and single names (`os.system`) that have it."""

SOFT = (
    "files", "environment", "threads", "process-state", "own-process", "clock", "chance", "reflection", "internals",
)  # fmt: skip
"""Capabilities that no other rule denies; the others each have a rule of their own."""

USUAL = frozenset({"files", "environment", "clock", "chance"})
"""Those that ordinary repairs of small programs need: told, not denied."""

_MODULES = {
    name.removesuffix(".*"): capability
    for capability, names in _TABLE.items()
    for name in names
    if name.endswith(".*") and "." not in name.removesuffix(".*")
}
STANDARD = PURE | _MODULES.keys()
"""Every module that the table knows, among them all of the standard library."""

HARD_MODULES = frozenset(name for name, capability in _MODULES.items() if capability not in SOFT)
"""Modules of which every part has a capability that some rule denies."""

DECODERS = frozenset({
    *(f"base64.{name}" for name in (
        "b64decode", "b32decode", "b16decode", "a85decode", "b85decode", "decodebytes", "standard_b64decode",
        "urlsafe_b64decode", "b32hexdecode",
    )),
    "binascii.unhexlify", "binascii.a2b_hex", "binascii.a2b_base64", "binascii.a2b_uu", "binascii.a2b_qp",
    "zlib.decompress", "gzip.decompress", "bz2.decompress", "lzma.decompress", "codecs.decode",
    "builtins.bytes.fromhex", "builtins.bytearray.fromhex", "quopri.decodestring",
})  # fmt: skip
"""Functions that make text readable again."""

# Attributes of modules with the name of another module that are something else.
_VALUES = frozenset({
    "ast.keyword", "ast.operator", "copyreg.pickle", "datetime.time", "gettext.gettext", "inspect.trace",
    "locale.gettext", "optparse.gettext", "os.stat", "pathlib.stat", "pickletools.dis", "posix.stat", "pydoc.html",
    "shutil.copy", "sys.platform", "typing.io", "typing.re", "unicodedata.decimal", "os.access", "collections.abc",
    "symtable.symtable", "email.message", "string.string", "importlib.resources", "importlib.abc", "datetime.datetime",
})  # fmt: skip


_INTERNAL = re.compile(r"_[a-z]\w*")
_KNOWN = frozenset({"_asdict", "_attributes", "_empty", "_field_defaults", "_fields", "_make", "_replace"})


@lru_cache(maxsize=4096)
def capability_of(dotted: str) -> str | None:
    """The capability of a dotted name, or None: that of the longest name in the table that it is, or is in."""
    parts = dotted.split(".")
    for count in range(len(parts), 0, -1):
        prefix = ".".join(parts[:count])
        if (found := _CAPABILITIES.get(prefix)) is not None:
            return found
    return "internals" if parts[0] in STANDARD and any(map(_is_internal, parts[1:])) else None


def _is_internal(name: str) -> bool:
    """Whether a name is that of an object with which a module of the library works; classes serve as types, too."""
    return _INTERNAL.fullmatch(name) is not None and name not in _KNOWN


_CAPABILITIES = {name.removesuffix(".*"): capability for capability, names in _TABLE.items() for name in names}


@lru_cache(maxsize=32)
def words_of(capability: str) -> re.Pattern[bytes]:
    """What a source has somewhere if it has the capability: one of some words."""
    if capability == "internals":
        return re.compile(rb"\b" + _INTERNAL.pattern.encode())
    names = (name.removesuffix(".*") for name in _TABLE[capability])
    words = {"environ" if name.startswith("os.environ.") else name.rpartition(".")[2] for name in names}
    return re.compile(rb"\b(?:" + b"|".join(re.escape(word.encode()) for word in sorted(words)) + rb")\b")


@lru_cache(maxsize=4096)
def inner_names(dotted: str) -> tuple[str, ...]:
    """What a dotted name is as well, because a component of it names a module: `re._compiler.sys.exit` is `sys.exit`.

    In what is not of the standard library only modules count of which every part has a capability, and `os` and `sys`.
    """
    parts = dotted.split(".")
    known = STANDARD if parts[0] in STANDARD else HARD_MODULES | {"os", "sys", "builtins", "importlib"}
    found = []
    for at in range(1, len(parts)):
        module = parts[at] if parts[at] in known else parts[at].lstrip("_")
        if module in known and module != parts[at - 1] and f"{parts[at - 1]}.{parts[at]}" not in _VALUES:
            found.append(".".join([module, *parts[at + 1 :]]))
    return tuple(found)
