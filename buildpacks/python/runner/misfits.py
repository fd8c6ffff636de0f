"""Whether it is the environment that keeps a file of tests from being loaded: it is newer than the project."""

import difflib
import os
import sys
import types
from typing import Any, Optional

_ALIKE = 0.75
"""How much like a missing name another one must be for the missing one to be a misspelling of it."""

# What the standard library had until 3.6 or later, and what setuptools had (https://docs.python.org/3/whatsnew/).
_MODULES = (
    "_dummy_thread _dummy_threading aifc asynchat asyncore audioop binhex cgi cgitb chunk crypt distutils"
    " dummy_threading formatter imghdr imp lib2to3 macpath mailcap msilib nis nntplib ossaudiodev parser pipes"
    " pkg_resources smtpd sndhdr spwd sunau symbol telnetlib uu xdrlib xml.etree.cElementTree"
)
_ABSTRACT = (
    "Awaitable AsyncIterable AsyncIterator ByteString Callable Collection Container Coroutine Generator Hashable"
    " ItemsView Iterable Iterator KeysView Mapping MappingView MutableMapping MutableSequence MutableSet Reversible"
    " Sequence Set Sized ValuesView"
)
_NAMES = {
    "ast": "Bytes Ellipsis NameConstant Num Str",
    "asyncio": "JoinableQueue async coroutine get_child_watcher",
    "base64": "decodestring encodestring",
    "cgi": "escape parse_qs parse_qsl",
    "collections": _ABSTRACT,
    "configparser": "SafeConfigParser",
    "email.utils": "localtime",
    "fractions": "gcd",
    "html.parser": "HTMLParseError",
    "importlib": "find_loader",
    "importlib.abc": "Finder ResourceReader Traversable TraversableResources",
    "inspect": "formatargspec getargspec getmoduleinfo",
    "locale": "format resetlocale",
    "logging": "warn",
    "pkgutil": "ImpImporter ImpLoader find_loader get_loader",
    "platform": "dist linux_distribution popen",
    "ssl": "match_hostname wrap_socket",
    "string": "maketrans",
    "time": "clock",
    "typing": "ByteString _ForwardRef io re",
    "unittest": "_TextTestResult findTestCases getTestCaseNames makeSuite",
}


def is_misfit(error: BaseException, root: str) -> bool:
    """Whether an error while tests are loaded says that the environment is not of the project's time.

    It is a warning that counts as an error; a module or name that releases of Python have removed; or something that an
    installed package lacks or cannot import, unless there is a name like it: the tree may have misspelt that.
    """
    if isinstance(error, Warning):
        return True
    if isinstance(error, ModuleNotFoundError):
        name = error.name or ""
        return _is_removed(name) or _is_installed(_last_file(error), root) or _lost(name)
    if isinstance(error, SyntaxError):
        return _is_installed(error.filename or "", root)
    if not isinstance(error, (ImportError, AttributeError)):
        return False
    module, missing = _missing(error)
    if module is None or not missing:
        return False
    if missing in _NAMES.get(module.__name__, "").split():
        return True
    if _is_installed(_last_file(error), root):
        return True
    return _is_installed(getattr(module, "__file__", None) or "", root) and not _is_like(missing, dir(module))


def _is_removed(module: str) -> bool:
    return not {module, module.partition(".")[0]}.isdisjoint(_MODULES.split())


def _missing(error: BaseException) -> "tuple[Optional[types.ModuleType], str]":
    """The loaded module that lacks a name, and the name, as the words of Python's own errors have them."""
    words = str(error).split("'")
    if isinstance(error, ImportError):
        module: Any = sys.modules.get(error.name or "")
        name = words[1] if words[0] == "cannot import name " and len(words) > 1 else ""
    else:
        module = sys.modules.get(words[1]) if words[0] == "module " and len(words) > 3 else None
        name = words[3] if len(words) > 3 else ""
    return (module if isinstance(module, types.ModuleType) else None), name


def _lost(name: str) -> bool:
    """Whether a module is missing from an installed package, which has none of a similar name."""
    package, _, last = name.rpartition(".")
    module: Any = sys.modules.get(package)
    file, places = getattr(module, "__file__", None) or "", list(getattr(module, "__path__", None) or [])
    if not _is_installed(file, ""):
        return False
    there = {os.path.splitext(entry)[0] for place in places if os.path.isdir(place) for entry in os.listdir(place)}
    return not _is_like(last, there)


def _is_like(name: str, there: Any) -> bool:
    return bool(difflib.get_close_matches(name, [one for one in there if isinstance(one, str)], 1, _ALIKE))


def _last_file(error: BaseException) -> str:
    """The file of the innermost frame of an error, besides those of the import system."""
    file, traceback = "", error.__traceback__
    while traceback is not None:
        name = traceback.tb_frame.f_code.co_filename
        if not name.startswith("<") and os.path.basename(os.path.dirname(name)) != "importlib":
            file = name
        traceback = traceback.tb_next
    return file


def _is_installed(file: str, root: str) -> bool:
    """Whether a file belongs to an installed package, and not to the tree or to the standard library."""
    inside = bool(root) and file.startswith(root.rstrip("/") + "/")
    return not inside and os.sep + os.path.join("site-packages", "") in file
