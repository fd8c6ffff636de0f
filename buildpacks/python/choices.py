"""The interpreter of a plan, the date of its packages, and what else to try if tests cannot be loaded with them."""

from __future__ import annotations

from dataclasses import dataclass

from buildpacks.api import BuildpackError, Choice, PlanOptions
from buildpacks.python import interpreters
from buildpacks.python.interpreters import Interpreter
from buildpacks.python.releases import Named, Release
from sandbox import Mount

__all__ = ["Chosen", "choose"]

_MAX_DATED = 4
"""How many other environments are tried at most, besides one with today's packages: each takes as long as the first."""

_EARLIEST = "2018-11-12"
"""No earlier date is used for packages: it is the day after pytest 3.10.1, the oldest that the runner works with."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """An interpreter as steps name it, the mounts that it needs, words for it, and other choices in their order.

    `release` is None if the interpreter is one of an image. `locks` says whether the versions of a lock file go with
    it: those of before it came out do not.
    """

    python: str
    release: Release | None
    mounts: tuple[Mount, ...]
    description: str
    others: tuple[Choice, ...] = ()
    locks: bool = False


def choose(requires: str, named: Named, options: PlanOptions) -> Chosen:
    """The interpreter for a project that `requires` a version of Python and names releases.

    It is one of the image, else one found here. Raises `BuildpackError` if there is none.
    """
    dated = f", packages as of {options.as_of}" if options.as_of else ""
    if options.image:
        asked = options.python or "3"
        python = asked if "/" in asked else f"python{asked}"
        others = _others([], options)
        locks = _goes_with_locks(None, options)
        return Chosen(python, None, (), f"Python of the image {options.image}{dated}", others, locks)
    namer = ""
    if options.python:
        interpreter: Interpreter | None = interpreters.asked(options.python)
    else:  # whoever lists exact packages has another environment in mind than those that the project supports
        interpreter, namer = interpreters.find(requires, named if options.packages is None else Named(named.pinned))
    if interpreter is None:
        raise BuildpackError(f"no interpreter here satisfies requires-python {requires!r}: install one that does")
    because = f", as in {namer}" if namer else ""
    description = "Python {}.{} ({}{}){}".format(*interpreter.version, interpreter.executable, because, dated)
    older = [] if options.python else interpreters.earlier(requires, interpreter.version, options.date)
    mounts = (Mount(interpreter.prefix, str(interpreter.prefix)),)
    release, others = interpreter.version, _others(older, options)
    locks = _goes_with_locks(release, options)
    return Chosen(str(interpreter.executable), release, mounts, description, others, locks)


def _goes_with_locks(release: Release | None, options: PlanOptions) -> bool:
    """Whether the tree is of a time when the release was there: the newest one, if it is not known which."""
    return not options.as_of and options.date >= interpreters.released(release)


def _others(older: list[Interpreter], options: PlanOptions) -> tuple[Choice, ...]:
    """The interpreter of the commit's time with packages of then, the same packages on this one, and on older ones.

    The last is that interpreter with today's packages: not every index has the dates of its files. An interpreter or
    packages that the user names stay as they are.
    """
    if options.as_of:  # it is such a choice itself
        return ()
    as_of = max(options.date, _EARLIEST) if options.date and options.packages is None else ""
    paths = [str(one.executable) for one in older]
    choices = [Choice(path, as_of) for path in paths]
    if as_of:
        choices.insert(1, Choice(options.python, as_of))
    return tuple(dict.fromkeys((*choices[:_MAX_DATED], *(Choice(path) for path in paths[:1]))))
