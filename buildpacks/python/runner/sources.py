"""Files of the base, and their code with edits: only the function or class around an edit is compiled."""

import __future__

import ast
import functools
import io
import tokenize
import types
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Tuple

_FUTURE = 0
for _name in __future__.all_feature_names:
    _FUTURE |= getattr(__future__, _name).compiler_flag
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class NewDefaults(NamedTuple):
    """A function by its name and first line, and those of its defaults that differ, by their places or their names."""

    name: str
    line: int
    values: Dict[int, Any]
    keywords: Dict[str, Any]


class _Block(NamedTuple):
    """A function or class: where its source begins and ends, and its first line.

    `around` are the lines that its source needs before it, to be compiled as it is inside classes and conditions.
    """

    start: int
    end: int
    line: int
    around: bytes

    def placed(self, source: bytes) -> bytes:
        """Another source of it, at its own place."""
        return b"\n" * (self.line - 1 - self.around.count(b"\n")) + self.around + source


class Source:
    """A file of the base, ready for edits: compiling one function is much faster than the whole file.

    Raises `FileNotFoundError` if the base has no such file, and one of `INVALID` if it is not valid Python.
    """

    def __init__(self, filename: str) -> None:
        self._filename = filename
        with open(filename, "rb") as file:
            self._content = file.read()
        self._future = compile(self._content, filename, "exec", dont_inherit=True).co_flags & _FUTURE
        self._compile = functools.lru_cache(maxsize=64)(self._compile_part)  # parts that several candidates share
        self._blocks: List[_Block] = []
        self._imports = b""
        if tokenize.detect_encoding(io.BytesIO(self._content).readline)[0] == "utf-8":
            tree = ast.parse(self._content)
            self._blocks, self._imports = _blocks(tree, self._content), _imports(tree)

    def edited(self, edits: List[Tuple[int, int, str]]) -> bytes:
        """The whole file with the edits applied."""
        return spliced(self._content, edits)

    def compiled(self, edits: List[Tuple[int, int, str]]) -> List[Tuple[types.CodeType, types.CodeType]]:
        """The code before and after: of the edited functions or classes if possible, else of the whole file."""
        return [(self._compile(before), self._compile(after)) for before, after in self._parts(edits)]

    def defaults(self, edits: List[Tuple[int, int, str]]) -> Optional[List[NewDefaults]]:
        """The defaults that differ, if nothing else does and all have plain values."""
        try:
            return [change for parts in self._parts(edits) for change in _new_defaults(*map(ast.parse, parts))]
        except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
            return None

    def _parts(self, edits: List[Tuple[int, int, str]]) -> List[Tuple[bytes, bytes]]:
        """The source before and after: of the edited functions or classes if possible, else of the whole file."""
        inside: Dict[_Block, List[Tuple[int, int, str]]] = {}
        for from_, to, text in edits:
            around = [block for block in self._blocks if block.start < from_ and to < block.end]
            if not around:
                return [(self._content, self.edited(edits))]
            block = min(around, key=lambda block: block.end - block.start)
            inside.setdefault(block, []).append((from_ - block.start, to - block.start, text))
        if any(one is not other and one.start <= other.start < one.end for one in inside for other in inside):
            return [(self._content, self.edited(edits))]
        parts = [(block, self._content[block.start : block.end], own) for block, own in inside.items()]
        return [
            (self._placed(block, source), self._placed(block, spliced(source, own))) for block, source, own in parts
        ]

    def _placed(self, block: _Block, source: bytes) -> bytes:
        return block.placed(source) + self._imports

    def _compile_part(self, text: bytes) -> types.CodeType:
        code: types.CodeType = compile(text, self._filename, "exec", flags=self._future, dont_inherit=True)
        return code


def _new_defaults(old: ast.Module, new: ast.Module) -> Iterator[NewDefaults]:
    """The defaults that differ between two versions. Raises an error if something else does, or one is not plain."""
    functions = [[node for node in ast.walk(tree) if isinstance(node, _SCOPES[:2])] for tree in (old, new)]
    for before, after in zip(*functions):
        values, keywords = {}, {}
        for at, (one, other) in enumerate(zip(before.args.defaults, after.args.defaults)):
            if ast.dump(one) != ast.dump(other):
                before.args.defaults[at], values[at] = other, ast.literal_eval(other)
        for at, (one, other) in enumerate(zip(before.args.kw_defaults, after.args.kw_defaults)):
            if one and other and ast.dump(one) != ast.dump(other):
                before.args.kw_defaults[at] = other
                keywords[before.args.kwonlyargs[at].arg] = ast.literal_eval(other)
        if values or keywords:
            line = min([before.lineno, *(decorator.lineno for decorator in before.decorator_list)])
            yield NewDefaults(before.name, line, values, keywords)
    if ast.dump(old) != ast.dump(new):
        raise ValueError("more than defaults differs")


def _imports(tree: ast.Module) -> bytes:
    """An import of what the module itself imports: since 3.12, calls by such names are compiled in another way.

    Without it, code of a part of the module would not be the code that is live.
    """
    names = []
    waiting: List[ast.AST] = [tree]
    while waiting:
        for node in ast.iter_child_nodes(waiting.pop()):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                names += [alias.asname or alias.name.partition(".")[0] for alias in node.names if alias.name != "*"]
            elif isinstance(node, (ast.stmt, ast.ExceptHandler)) and not isinstance(node, _SCOPES):
                waiting.append(node)
    return b"\nimport " + ", ".join(sorted(set(names))).encode() + b"\n" if names else b""


def _blocks(tree: ast.Module, content: bytes) -> List[_Block]:
    """The functions and classes of a file that are not inside functions. None before 3.8, which has no end of them."""
    starts = [0]
    for text in content.splitlines(keepends=True):
        starts.append(starts[-1] + len(text))
    blocks: List[_Block] = []
    waiting: List[Tuple[ast.AST, bytes]] = [(tree, b"")]
    while waiting:
        parent, around = waiting.pop()
        for node in ast.iter_child_nodes(parent):
            line, end = getattr(node, "lineno", 0), getattr(node, "end_lineno", None)  # since 3.8
            if not end:
                continue
            indent = content[starts[line - 1] : starts[line - 1] + getattr(node, "col_offset", 0)]
            if isinstance(node, _SCOPES):
                line = min([line, *(decorator.lineno for decorator in node.decorator_list)])
                blocks.append(_Block(starts[line - 1], starts[end], line, around))
            if isinstance(node, ast.ClassDef) and not getattr(node, "type_params", ()):  # its functions may use them
                waiting.append((node, around + indent + b"class %s:\n" % node.name.encode()))
            elif isinstance(node, (ast.If, ast.Try, ast.With)) and not indent.strip():  # an elif is no line of its own
                waiting.append((node, around + indent + b"if 1:\n"))
    return blocks


def spliced(content: bytes, edits: List[Tuple[int, int, str]]) -> bytes:
    """The content with the edits (start, end, text) applied."""
    parts: List[bytes] = []
    at = 0
    for start, end, text in edits:
        parts += [content[at:start], text.encode("utf-8", "surrogateescape")]
        at = end
    return b"".join([*parts, content[at:]])
