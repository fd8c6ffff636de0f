"""Code is what a reader sees: none is made, decoded or found by a computed name while the program runs."""

from __future__ import annotations

import re

from gate.decision import Context
from gate.languages.python import Construct, Introduced, Kind
from gate.rules.source import SourceRule, Table

__all__ = ["NoDynamicCode", "NoObfuscation"]

_INTERNALS = frozenset({
    "__builtins__", "__closure__", "__code__", "__globals__", "__import__", "__loader__", "__subclasses__", "co_code",
    "cell_contents", "__reduce_ex__", "func_globals", "func_code", "load_module", "exec_module",
})  # fmt: skip
_OPAQUE = re.compile(r"(?:[A-Za-z0-9+/_-]{160,}={0,2}|(?:\\x[0-9a-fA-F]{2}){24,}|[0-9a-fA-F]{160,})")
_UNREADABLE = 24


class NoDynamicCode(SourceRule):
    """Denies running text as code, and reaching into the insides of functions and modules."""

    id = "danger.dynamic-code"
    uses = Table(
        "builtins.exec", "builtins.eval", "builtins.compile", "builtins.__import__", "builtins.execfile",
        "importlib.reload", "importlib.util.spec_from_file_location", "importlib.util.spec_from_loader",
        "importlib.util.module_from_spec", "types.FunctionType", "types.CodeType", "types.LambdaType",
        "runpy.*", "code.*", "codeop.*", "imp.*", "importlib.machinery.*", "importlib.abc.*", "zipimport.*",
        "pdb.*", "builtins.breakpoint", "timeit.*",
    )  # fmt: skip
    hint = "write the code itself"

    def forbids(self, construct: Construct, path: str, found: Introduced, context: Context) -> bool:
        if construct.kind is Kind.ATTRIBUTE:
            return construct.name in _INTERNALS
        if construct.kind is Kind.USE and construct.name.startswith("builtins.") and ".__self__" in construct.name:
            return True
        return super().forbids(construct, path, found, context)


class NoObfuscation(SourceRule):
    """Denies names that are computed, modules passed around as values, decoders, and texts that nobody can read."""

    id = "danger.obfuscation"
    uses = Table(
        "base64.*", "binascii.*", "marshal.*", "zlib.*", "lzma.*", "bz2.*", "pickle.*", "_pickle.*", "cPickle.*",
        "dill.*", "cloudpickle.*", "shelve.*", "codecs.decode", "gzip.decompress", "builtins.bytes.fromhex",
    )  # fmt: skip
    hint = "name what you use, as plain text"

    def forbids(self, construct: Construct, path: str, found: Introduced, context: Context) -> bool:
        if construct.kind is Kind.COMPUTED:
            return not construct.name.startswith("through __")
        if construct.kind is Kind.ATTRIBUTE:
            return construct.name == "fromhex"
        if construct.kind is Kind.TEXT:
            hidden = sum(not character.isprintable() and not character.isspace() for character in construct.name)
            return hidden >= _UNREADABLE or bool(_OPAQUE.search(construct.name))
        return super().forbids(construct, path, found, context)
