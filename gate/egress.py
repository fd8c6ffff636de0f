"""Which files never leave this machine, whatever is in them."""

from __future__ import annotations

import re
from fnmatch import translate
from functools import cache, lru_cache
from pathlib import PurePosixPath

from gate.languages.suffixes import is_source
from gate.paths import fold

__all__ = ["may_leave"]

_FOLDERS = frozenset({".aws", ".azure", ".docker", ".gnupg", ".kube", ".ssh", ".vault"})
_NAMES = (
    # settings of one machine
    ".env*", "*.env", "secrets.*", "*.tfvars", "*.tfstate", "*.tfstate.backup",
    # keys and certificates with them
    "id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*", "*.pem", "*.key", "*.p8", "*.p12", "*.pfx", "*.ppk", "*.jks",
    "*.keystore", "*.gpg", "*.pgp", "*.asc", "*.ovpn",
    # logins of tools
    ".netrc", "_netrc", ".pypirc", ".npmrc", ".yarnrc*", ".dockercfg", ".dockerconfigjson", ".git-credentials",
    ".htpasswd", ".pgpass", "pgpass.conf", ".my.cnf", ".s3cfg", ".boto", ".vault-token", "kubeconfig*",
    # stores of passwords, and accounts of services
    "*.kdb", "*.kdbx", "*service-account*.json", "*service_account*.json", "client_secret*.json",
    "*firebase-adminsdk*.json", "application_default_credentials.json",
)  # fmt: skip
_SCRIPTS = frozenset({".sh", ".bash", ".zsh", ".fish", ".ksh", ".ps1", ".bat", ".cmd", ".sql"})


@cache
def _names() -> re.Pattern[str]:
    return re.compile("|".join(map(translate, _NAMES)))


@lru_cache(1 << 12)
def may_leave(path: str) -> bool:
    """Whether a model may see a file, by its path alone; what is private in its text is found elsewhere.

    Files whose names begin with `credentials` may if they are source code: libraries call their modules that. Scripts,
    which set variables, may not.
    """
    *folders, name = fold(path).split("/")
    if _names().match(name) or not _FOLDERS.isdisjoint(folders):
        return False
    is_code = is_source(name) and PurePosixPath(name).suffix not in _SCRIPTS
    return is_code or not name.lstrip("._").startswith("credentials")
