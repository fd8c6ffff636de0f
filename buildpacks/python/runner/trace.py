"""Traces the lines of the tree that a test executes, and the frames of its failure."""

import collections
import dis
import inspect
import json
import os
import sys
from traceback import format_exception_only
from types import BuiltinFunctionType, CodeType, FrameType, FunctionType, MethodType, TracebackType
from typing import Any, Callable, Dict, List, Optional, Set, Tuple

MAX_FRAMES = 60


class LineTracer:
    """Writes each (file, line) pair executed below a folder, by `sys.monitoring` if it exists (3.12).

    A pair is written when it is first seen, not at the end, so the lines of a test that crashes its process are known.
    Each pair comes with the kinds of the local variables' values there that were not seen before.
    """

    def __init__(self, root: str, out: int) -> None:
        self._root = root.rstrip("/") + "/"
        self._out = out
        self._seen: Set[Tuple[str, int]] = set()
        self._kinds: Set[Tuple[str, str, str, str]] = set()

    def __enter__(self) -> "LineTracer":  # noqa: PYI034  # typing has no Self before 3.11
        if hasattr(sys, "monitoring"):
            _watch(sys.monitoring.COVERAGE_ID, sys.monitoring.events.LINE, self._on_line)
        else:
            sys.settrace(self._on_call)
        return self

    def __exit__(self, *_: object) -> None:
        if hasattr(sys, "monitoring"):
            _unwatch(sys.monitoring.COVERAGE_ID)
        else:
            sys.settrace(None)

    def _on_line(self, code: CodeType, line: int) -> Any:
        # DISABLE switches off this location: only the first execution of a line has a cost.
        if code.co_filename.startswith(self._root):
            self._add(sys._getframe(1), line)  # noqa: SLF001  # the frame that runs the line
        return sys.monitoring.DISABLE

    def _on_call(self, frame: FrameType, _event: str, _arg: object) -> Optional[Callable[..., Any]]:
        if not frame.f_code.co_filename.startswith(self._root):
            return None
        self._add(frame, frame.f_lineno)
        return self._on_frame_line

    def _on_frame_line(self, frame: FrameType, event: str, _arg: object) -> Callable[..., Any]:
        if event == "line":
            self._add(frame, frame.f_lineno)
        return self._on_frame_line

    def _add(self, frame: FrameType, line: int) -> None:
        filename, function = frame.f_code.co_filename, frame.f_code.co_name
        if (filename, line) in self._seen:
            return
        self._seen.add((filename, line))
        kinds = []
        if frame.f_code.co_flags & inspect.CO_OPTIMIZED:  # a function: other code has its variables in a dictionary
            for name, value in frame.f_locals.items():
                kind = _kind_of(value)
                if kind and (filename, function, name, kind) not in self._kinds:
                    self._kinds.add((filename, function, name, kind))
                    kinds.append((name, kind))
        os.write(self._out, json.dumps([filename[len(self._root) :], line, function, kinds]).encode() + b"\n")


def read_trace(data: bytes) -> Tuple[Dict[str, List[int]], Dict[str, Dict[str, Dict[str, List[str]]]]]:
    """The output of a `LineTracer`: line numbers by path, and the kinds of each variable by path and function."""
    lines: Dict[str, List[int]] = {}
    kinds: Dict[str, Dict[str, Dict[str, List[str]]]] = {}
    for text in data.splitlines():
        try:
            path, line, function, kinds_here = json.loads(text)
        except ValueError:  # incomplete, or the answer that follows the lines
            continue
        lines.setdefault(path, []).append(line)
        for name, kind in kinds_here:
            kinds.setdefault(path, {}).setdefault(function, {}).setdefault(name, []).append(kind)
    return lines, kinds


def _kind_of(value: object) -> str:
    """A word for what can be done with a value; empty if it is unknown, as for None."""
    kind = type(value)
    if kind is bool or value is None:
        return ""
    if issubclass(kind, (int, float, complex)):
        return "number"
    if issubclass(kind, (set, frozenset)):
        return "set"
    if issubclass(kind, (str, bytes, list, tuple, dict, range, collections.deque)):
        return "sequence"
    return "callable" if issubclass(kind, (FunctionType, MethodType, BuiltinFunctionType, type)) else "object"


class ExecutedLines:
    """Collects the lines below a folder that run in its block; `usable` if `sys.monitoring` exists (3.12)."""

    def __init__(self, root: str) -> None:
        self._root = root.rstrip("/") + "/"
        self.lines: Set[Tuple[str, int]] = set()

    @staticmethod
    def usable() -> bool:
        """Whether `sys.monitoring` exists and nothing else uses it for the same purpose."""
        return hasattr(sys, "monitoring") and sys.monitoring.get_tool(sys.monitoring.COVERAGE_ID) is None

    def __enter__(self) -> "ExecutedLines":  # noqa: PYI034  # typing has no Self before 3.11
        _watch(sys.monitoring.COVERAGE_ID, sys.monitoring.events.LINE, self._on_line)
        sys.monitoring.restart_events()  # an earlier block switched lines off
        return self

    def __exit__(self, *_: object) -> None:
        _unwatch(sys.monitoring.COVERAGE_ID)

    def _on_line(self, code: CodeType, line: int) -> Any:
        if code.co_filename.startswith(self._root):
            self.lines.add((code.co_filename, line))
        return sys.monitoring.DISABLE


class CalledCode:
    """Collects the code objects of functions that are called between `start` and `stop`."""

    def __init__(self) -> None:
        self.code: Set[CodeType] = set()

    def start(self) -> None:
        """Begin collecting."""
        if hasattr(sys, "monitoring"):
            _watch(sys.monitoring.PROFILER_ID, sys.monitoring.events.PY_START, self._on_start)
        else:
            sys.setprofile(self._on_event)

    def stop(self) -> None:
        """Stop collecting."""
        if hasattr(sys, "monitoring"):
            _unwatch(sys.monitoring.PROFILER_ID)
        else:
            sys.setprofile(None)

    def lines(self, root: str) -> Dict[str, List[int]]:
        """The lines of those functions that lie below `root`, by path."""
        root = root.rstrip("/") + "/"
        by_path: Dict[str, Set[int]] = {}
        for code in self.code:
            if code.co_filename.startswith(root) and code.co_flags & inspect.CO_OPTIMIZED:
                lines = {line for _, line in dis.findlinestarts(code) if line}
                by_path.setdefault(code.co_filename[len(root) :], set()).update(lines - {code.co_firstlineno})
        return {path: sorted(lines) for path, lines in by_path.items()}

    def _on_start(self, code: CodeType, _offset: int) -> Any:
        self.code.add(code)
        return sys.monitoring.DISABLE

    def _on_event(self, frame: FrameType, event: str, _arg: object) -> None:
        if event == "call":
            self.code.add(frame.f_code)


def _watch(tool: int, event: int, callback: Callable[..., Any]) -> None:
    """Register a callback of `sys.monitoring` for an event, wherever it happens."""
    sys.monitoring.use_tool_id(tool, "rfsn")
    sys.monitoring.register_callback(tool, event, callback)
    sys.monitoring.set_events(tool, event)


def _unwatch(tool: int) -> None:
    sys.monitoring.set_events(tool, 0)
    sys.monitoring.free_tool_id(tool)


def words_of(error: BaseException) -> str:
    """An exception without its traceback, as Python words it."""
    return "".join(format_exception_only(type(error), error)).strip()


def frames_of(traceback: Optional[TracebackType], root: str) -> List[Tuple[str, int, str]]:
    """The frames of a traceback that lie below `root`, outermost first, as (path, line, function)."""
    root = root.rstrip("/") + "/"
    frames = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if code.co_filename.startswith(root):
            frames.append((code.co_filename[len(root) :], traceback.tb_lineno, code.co_name))
        traceback = traceback.tb_next
    return frames[:5] + frames[5:][-MAX_FRAMES:]
