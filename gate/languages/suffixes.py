"""Which files are source code: the one table of the suffixes of programming languages."""

from __future__ import annotations

from posixpath import splitext

__all__ = ["is_source"]

# Data and prose (.json, .yaml, .toml, .csv, .txt, .md), markup and styles (.html, .xml, .css) are not source code, nor
# are Python's stubs (.pyi), which nothing runs.
_SUFFIXES = frozenset({
    ".py", ".pyw", ".pyx", ".pxd", ".pxi", ".ipynb",
    ".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx", ".vue", ".svelte", ".coffee", ".ejs",
    ".go", ".rs", ".zig", ".nim", ".d", ".cr", ".odin", ".swift", ".dart", ".sol", ".wat",
    ".java", ".kt", ".kts", ".scala", ".sc", ".groovy", ".gradle", ".clj", ".cljs", ".cljc", ".jsp",
    ".c", ".h", ".cc", ".cpp", ".cxx", ".c++", ".hh", ".hpp", ".hxx", ".h++", ".inl", ".ipp", ".tpp", ".tcc", ".inc",
    ".cu", ".cuh",
    ".m", ".mm", ".s", ".asm", ".f", ".f03", ".f08", ".f90", ".f95", ".for", ".pas", ".adb", ".ads", ".cob",
    ".cs", ".csx", ".cshtml", ".razor", ".fs", ".fsi", ".fsx", ".vb", ".asp", ".aspx",
    ".rb", ".rake", ".gemspec", ".ru", ".erb", ".php", ".phtml", ".pl", ".pm", ".lua", ".tcl", ".r", ".jl",
    ".ex", ".exs", ".eex", ".heex", ".erl", ".hrl", ".hs", ".lhs", ".ml", ".mli", ".elm", ".purs",
    ".rkt", ".scm", ".lisp", ".el", ".v", ".sv", ".vhd", ".vhdl",
    ".sh", ".bash", ".zsh", ".fish", ".ksh", ".ps1", ".psm1", ".bat", ".cmd", ".awk",
    ".sql", ".mk", ".cmake", ".bzl", ".nix",
})  # fmt: skip


def is_source(path: str) -> bool:
    """Whether a file is source code in some programming language, by its suffix (case-insensitive)."""
    return splitext(path)[1].lower() in _SUFFIXES
