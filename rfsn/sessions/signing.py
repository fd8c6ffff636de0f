"""Signatures on evidence, made and checked by ssh-keygen."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rfsn.errors import UsageError
from rfsn.machine.home import temporary_folder
from sandbox import UnsafePath, read_beneath

__all__ = ["Signer", "check_key", "seal_problem", "sign", "signature_problem"]

_NAMESPACE = "rfsn"
"""What signatures are for (ssh-keygen(1), -n): one made for something else is not accepted."""

_SUFFIX = ".sig"
_TIMEOUT_S = 60.0
_MAX_SIGNED, _MAX_SIGNATURE = 64 << 20, 64 << 10


@dataclass(frozen=True, slots=True)
class Signer:
    """Who must have signed: a file of allowed signers (ssh-keygen(1)), and the name in it."""

    allowed: Path
    name: str


def check_key(key: str | None) -> None:
    """Raise `UsageError` if a signature is asked for that cannot be made."""
    if key is None:
        return
    if shutil.which("ssh-keygen") is None:
        raise UsageError("--sign-key needs ssh-keygen: install OpenSSH's client")
    if not Path(key).is_file():
        raise UsageError(f"--sign-key {key}: no such file")


def sign(path: Path, key: str) -> None:
    """Sign a file; the signature is written beside it. Raises `UsageError` if the key cannot be used."""
    _beside(path).unlink(missing_ok=True)
    # In a session of its own there is no terminal to ask for a passphrase on.
    argv = ["ssh-keygen", "-Y", "sign", "-q", "-f", key, "-n", _NAMESPACE, str(path)]
    done = subprocess.run(
        argv,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        encoding="utf-8",
        errors="replace",
        timeout=_TIMEOUT_S,
        check=False,
        start_new_session=True,
        env={**os.environ, "SSH_ASKPASS_REQUIRE": "never"},
    )
    if done.returncode:
        raise UsageError(f"{path.name} cannot be signed with {key}: {done.stderr.strip()}")


def signature_problem(path: Path, signer: Signer) -> str | None:
    """Why a file has no valid signature of `signer`; None if it has. Raises `UsageError` without ssh-keygen."""
    said = _checked(path, ["verify", "-f", str(signer.allowed), "-I", signer.name])
    return said and f"{_beside(path)}: no valid signature of {signer.name}: {said}"


def seal_problem(path: Path) -> str | None:
    """Why a file is not what somebody signed, whoever that was; None if it is. Raises `UsageError` as well."""
    said = _checked(path, ["check-novalidate"])
    return said and f"{_beside(path)}: no valid signature: {said}"


def _beside(path: Path) -> Path:
    return path.with_name(path.name + _SUFFIX)


def _checked(path: Path, how: Sequence[str]) -> str | None:
    """What ssh-keygen says against the signature of a file; None if nothing."""
    if shutil.which("ssh-keygen") is None:
        raise UsageError("checking a signature needs ssh-keygen: install OpenSSH's client")
    try:
        signed = read_beneath(path.parent, path.name, _MAX_SIGNED)
        content = read_beneath(path.parent, _beside(path).name, _MAX_SIGNATURE)
    except (OSError, UnsafePath):
        return "it does not exist: the session was not signed"
    with temporary_folder() as scratch:
        copy = Path(scratch) / "signature"
        copy.write_bytes(content)
        argv = ["ssh-keygen", "-Y", *how, "-n", _NAMESPACE, "-s", str(copy)]
        done = subprocess.run(argv, input=signed, capture_output=True, timeout=_TIMEOUT_S, check=False)
    return (done.stderr or done.stdout).decode(errors="replace").strip() if done.returncode else None
