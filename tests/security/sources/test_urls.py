"""Repositories behind a URL: which are taken, where a redirect may lead, and what becomes of credentials."""

from __future__ import annotations

import base64
import os
import random
import socket
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from rfsn.errors import InfraError, UsageError
from rfsn.source import redirects, remote
from rfsn.source.redirects import is_public
from rfsn.source.remote import Remote, shown
from rfsn.source.source import take_source

if TYPE_CHECKING:
    from tests.security.sources.conftest import GitServer

type Git = Callable[..., str]
type Make = Callable[..., Path]
type Rfsn = Callable[..., Any]

SECRET = "s3cr3t-t0ken"
FILES = {
    "thing.py": "def least(a, b):\n    return a if a > b else b\n",
    "test_thing.py": "from thing import least\n\n\ndef test_least():\n    assert least(1, 2) == 1\n",
}

# --- which URLs are taken --------------------------------------------------------------------------------------------

REFUSED = [
    "http://example.org/a.git", "git://example.org/a.git", "ftp://example.org/a.git", "ftps://example.org/a.git",
    "ext::sh -c touch% /tmp/rfsn-proof", "fd::17", "file::/etc", "http::https://example.org/a", "persistent-https://a/b",
    "ext://sh", "ssh+git://example.org/a", "rsync://example.org/a", "dav://example.org/a", "data://x/y",
    "https://-oProxyCommand=x/a", "ssh://-oProxyCommand=touch/a", "-oProxyCommand=x@host:path",
    "git@-oProxyCommand=x:a",
    "git@host:-oProxyCommand=x", "git@host:--upload-pack=x", "ssh://-l@host/a", "ssh://git@host", "ssh://git:pw@host/a",
    "https://example.org/a\nhost: evil", "https://example.org/a\rb", "https://exa\tmple.org/a", "https://example.org/\x1b[2J",

    "https://example.org/a b", "https://example.org\\@evil.org/a", "https://example.org#@evil.org/a", "https:///a",
    "https://example.org/a?x=y", "https://example.org/a#b", "https://example.org:99999/a", "https://example.org:0/a",
    "https://example.org:x/a", "https://[::1/a", "https://[::1]x/a", "https://u:p%0a@example.org/a",
    "https://ex%61mple.org/a",
    "https://\u0435xample.org/a", "file://elsewhere/a", "file:///a\0b", "https://example.org", "://x/y",
    "ssh://ho st/a",
    "git@ho;st:a", "https://a,b/c", "https://a@b@/c", "https://user@-x/c",
]  # fmt: skip


@pytest.mark.parametrize("source", REFUSED)
def test_other_urls_are_refused(source: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        take_source(source, None, tmp_path / "base")
    assert str(caught.value).isprintable()
    assert not list(tmp_path.iterdir())
    assert not Path("/tmp/rfsn-proof").exists()


@pytest.mark.parametrize(
    ("source", "url"),
    [
        ("https://example.org/a/b.git", "https://example.org/a/b.git"),
        ("HTTPS://Example.org:8443/a~b/%20c", "https://Example.org:8443/a~b/%20c"),
        ("https://[2001:db8::1]:443/a", "https://[2001:db8::1]:443/a"),
        (f"https://ada:{SECRET}@example.org/a", "https://example.org/a"),
        (f"https://{SECRET}@example.org/a", "https://example.org/a"),
        ("ssh://git@example.org:22/a.git", "ssh://git@example.org:22/a.git"),
        ("ssh://example.org/~ada/a.git", "ssh://example.org/~ada/a.git"),
        ("git@example.org:ada/a.git", "git@example.org:ada/a.git"),
        ("file:///srv/a%20b", "file:///srv/a%20b"),
        ("file://localhost/srv/a", "file:///srv/a"),
    ],
)
def test_these_are_taken(source: str, url: str) -> None:
    found = Remote.parse(source)
    assert found is not None
    assert found.url == url
    assert SECRET not in repr(found)
    if found.path:
        assert str(found.path) in {"/srv/a b", "/srv/a"}


@pytest.mark.parametrize("source", [".", "/srv/a", "a/b", "C:thing", "-x", "a:b/c"])
def test_paths_are_no_urls(source: str) -> None:
    assert Remote.parse(source) is None


@pytest.mark.parametrize("ref", ["-x", "--upload-pack=touch /tmp/rfsn-proof", "a\nb", "", " ", "\x1b[2J"])
def test_a_revision_is_no_option(ref: str, server: GitServer, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="invalid revision"):
        take_source(server.url("hosted"), ref, tmp_path / "base")
    assert server.asked == []


# --- https -----------------------------------------------------------------------------------------------------------


def test_one_commit_is_fetched_and_the_version_is_known(server: GitServer, tmp_path: Path, git: Git) -> None:
    snapshot = take_source(server.url("hosted"), "fixed", tmp_path / "base")
    assert "min(a, b)" in (tmp_path / "base" / "thing.py").read_text()
    assert git("rev-list", "--all", "--count", cwd=tmp_path / "base").strip() == "1"
    assert snapshot.version == "1.4.0"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("base")] == ["base"]


@pytest.mark.parametrize(("path", "ref"), [("hosted", "nowhere"), ("hosted-missing", "HEAD"), ("-missing", "HEAD")])
def test_what_is_not_there_is_said(path: str, ref: str, server: GitServer, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be fetched"):
        take_source(server.url(path), ref, tmp_path / "base")


def test_a_certificate_that_nobody_vouches_for_is_refused(
    server: GitServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GIT_SSL_CAINFO")
    with pytest.raises(UsageError, match=r"cannot be fetched.*certificate"):
        take_source(server.url("hosted"), None, tmp_path / "base")
    assert server.asked == []


def test_a_pack_without_end_is_cut_off(
    server: GitServer, git: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = server.root / "hosted"
    (folder / "big").write_bytes(random.Random(1).randbytes(500_000))
    git("add", "--all", cwd=folder)
    git("commit", "--quiet", "--message", "big", cwd=folder)
    monkeypatch.setattr(remote, "_MAX_PACK_BYTES", 100_000)
    with pytest.raises(UsageError, match="cannot be fetched"):
        take_source(server.url("hosted"), None, tmp_path / "base")
    assert not (tmp_path / "base").exists()


@pytest.mark.parametrize("mode", ["endless"])
def test_an_answer_without_end_is_not_read(mode: str, server: GitServer, tmp_path: Path) -> None:
    server.mode = mode
    with pytest.raises(UsageError, match="not a git server"):
        take_source(server.url("hosted"), None, tmp_path / "base")


def test_refs_without_end_fill_no_machine(server: GitServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert remote._MAX_MEMORY <= 2 << 30, "more than a common machine has"
    monkeypatch.setattr(remote, "_MAX_MEMORY", 100 << 20)
    server.mode = "endless refs"
    with pytest.raises(UsageError, match="cannot be fetched"):
        take_source(server.url("hosted"), None, tmp_path / "base")


def test_a_server_that_says_nothing_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redirects, "_TIMEOUT_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}/a"
        with pytest.raises(UsageError, match="cannot be fetched"):
            take_source(url, None, tmp_path / "base")


# --- redirects -------------------------------------------------------------------------------------------------------

ASKED = "/info/refs?service=git-upload-pack"


def test_a_redirect_on_the_same_host_is_followed(server: GitServer, tmp_path: Path) -> None:
    server.redirects = {"/old": f"/older{ASKED}", "/older": server.url(f"hosted{ASKED}")}
    snapshot = take_source(server.url("old"), None, tmp_path / "base")
    assert snapshot.origin == f"{server.url('old')} at HEAD"
    assert server.asked[:3] == ["/old/info/refs", "/older/info/refs", "/hosted/info/refs"]
    assert "/old/info/refs" not in server.asked[3:], "git goes to the last place at once"


@pytest.mark.parametrize(
    "target",
    [
        "http://localhost/hosted", "http://169.254.169.254/latest/meta-data", "file:///etc/passwd", "ext::sh",
        "https://127.0.0.1:{port}/hosted", "https://127.1:{port}/hosted", "https://0x7f000001:{port}/hosted",
        "https://[::1]:{port}/hosted", "https://[::ffff:127.0.0.1]:{port}/hosted", "https://10.0.0.1/a",
        "https://192.168.1.1/a", "https://172.16.0.1/a", "https://169.254.169.254/a", "https://100.64.0.1/a",
        "https://224.0.0.1/a", "https://0.0.0.0:{port}/hosted", "https://[fe80::1]/a", "https://[fd00::1]/a",
        "https://[64:ff9b::7f00:1]/a", "https://[2002:7f00:1::]/a", "https://u:p@localhost:{port}/hosted",
        "https://localhost:{port}/hosted/other?service=x", "//127.0.0.1:{port}/hosted", "https://localhost.:{port}/hosted",
        "https://ip6-localhost:{port}/hosted", "",
    ],
)  # fmt: skip
def test_a_redirect_leads_to_no_other_place(target: str, server: GitServer, tmp_path: Path) -> None:
    place = target.format(port=server.port)
    server.redirects = {"/old": place if "?" in place or not place else place + ASKED}
    with pytest.raises(UsageError, match="cannot be fetched"):
        take_source(server.url("old"), None, tmp_path / "base")
    assert set(server.asked) == {"/old/info/refs"}


def test_redirects_end(server: GitServer, tmp_path: Path) -> None:
    server.redirects = {f"/{number}": f"/{number + 1}{ASKED}" for number in range(20)}
    with pytest.raises(UsageError, match="more than 5 times"):
        take_source(server.url("0"), None, tmp_path / "base")
    assert len(server.asked) == 6
    server.redirects = {
        "/0": f"/1{ASKED}",
        "/1": f"/2{ASKED}",
        "/2": f"/3{ASKED}",
        "/3": f"/4{ASKED}",
        "/4": f"/hosted{ASKED}",
    }
    assert take_source(server.url("0"), None, tmp_path / "base").files == 2


def test_git_itself_follows_no_redirect(server: GitServer, tmp_path: Path) -> None:
    """A server that answers us and redirects git."""
    server.redirects = {"/hosted/git-upload-pack": f"https://127.0.0.1:{server.port}/other/git-upload-pack"}
    with pytest.raises(UsageError, match="cannot be fetched"):
        take_source(server.url("hosted"), None, tmp_path / "base")
    assert "/other/git-upload-pack" not in server.asked


def test_git_goes_to_the_address_that_was_checked(
    server: GitServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that our resolver knows and git's does not: were git to look it up, it would fail."""
    real = socket.getaddrinfo

    def known(host: Any, *arguments: Any, **options: Any) -> Any:
        return real("127.0.0.1" if host == "git.example" else host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", known)
    assert take_source(server.url("hosted", "git.example"), None, tmp_path / "base").files == 2


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("93.184.216.34", True), ("2606:2800:220:1::1", True), ("127.0.0.1", False), ("10.1.2.3", False),
        ("100.64.0.1", False), ("169.254.169.254", False), ("0.0.0.0", False), ("224.0.0.1", False),
        ("255.255.255.255", False), ("192.0.2.1", False), ("::1", False), ("::", False), ("::ffff:10.0.0.1", False),
        ("::ffff:93.184.216.34", True), ("fe80::1%eth0", False), ("fd12::1", False), ("ff02::1", False),
        ("64:ff9b::a00:1", False), ("2002:a00:1::", False), ("2001:db8::1", False), ("::127.0.0.1", False),
    ],
)  # fmt: skip
def test_which_addresses_are_public(address: str, *, expected: bool) -> None:
    assert is_public(address) is expected


# --- credentials -----------------------------------------------------------------------------------------------------


def test_credentials_log_in_and_are_written_nowhere(
    server: GitServer, rfsn: Rfsn, authority: tuple[Path, Path], tmp_path: Path
) -> None:
    server.login = f"ada:{SECRET}"
    trusted = {"GIT_SSL_CAINFO": str(authority[0]), "RFSN_LOG": "json"}
    url = server.url("hosted").replace("https://", f"https://ada:{SECRET}@")
    ran = rfsn("repair", url, "--out", tmp_path / "session", "--json", env=trusted)
    assert ran.json["status"] == "repaired", ran.err
    assert ran.json["source"] == f"{server.url('hosted')} at HEAD"
    wrong = rfsn("repair", url.replace("ada:", "eve:"), "--out", tmp_path / "wrong", env=trusted)
    assert wrong.code == 2
    assert "does not accept the credentials" in wrong.err
    again = rfsn("resume", tmp_path / "wrong", "--json", env=trusted)
    missing = rfsn("repair", url.replace("hosted", "missing"), "--out", tmp_path / "missing", env=trusted)
    encoded = Remote.parse(url)
    assert encoded is not None
    secrets = {SECRET, encoded.header().rpartition(" ")[2]}
    for said in (ran.out, ran.err, wrong.out, wrong.err, again.out, again.err, missing.err):
        assert not [secret for secret in secrets if secret in said]
    for path in tmp_path.rglob("*"):
        if path.is_file() and not path.is_symlink():
            assert not [secret for secret in secrets if secret.encode() in path.read_bytes()], path


@pytest.mark.parametrize("target", ["https://{other}/hosted", "/hosted"])
def test_credentials_go_to_their_own_host(target: str, server: GitServer, tmp_path: Path) -> None:
    server.login = f"ada:{SECRET}"
    server.redirects = {"/old": target.format(other=f"127.0.0.1:{server.port}") + ASKED}
    url = server.url("old").replace("https://", f"https://ada:{SECRET}@")
    if target == "/hosted":
        assert take_source(url, None, tmp_path / "base").origin == f"{server.url('old')} at HEAD"
        assert all("Authorization" in headers for headers in server.headers)
    else:
        with pytest.raises(UsageError, match="not on the public network"):
            take_source(url, None, tmp_path / "base")
        assert set(server.asked) == {"/old/info/refs"}


def test_what_a_server_sends_back_is_blotted_out() -> None:
    found = Remote.parse(f"https://ada:{SECRET}@example.org/a")
    assert found is not None
    echoed = f"remote: you said {found.header()}, ada:{SECRET}, {SECRET}"
    assert SECRET not in found.redact(echoed)
    assert found.header().rpartition(" ")[2] not in found.redact(echoed)


def spellings(user: str, password: str) -> list[str]:
    """What a server that was logged in to could make of the credentials."""
    basic = base64.b64encode(f"{user}:{password}".encode()).decode()
    plain = [password, f"{user}:{password}", basic, base64.urlsafe_b64encode(password.encode()).decode().rstrip("=")]
    return plain + [quote(text, safe="") for text in plain] + ["".join(f"%{byte:02X}" for byte in password.encode())]


@pytest.mark.parametrize(
    "target", ["http://elsewhere/{}", "https://{}.invalid/x", "/{}" + ASKED, "ftp:" + "x" * 190 + "{}"]
)
def test_a_redirect_does_not_tell_the_credentials(target: str, server: GitServer, tmp_path: Path) -> None:
    password = "s3cr3t/t0k+n'\\\u00e9"
    secrets = spellings("ada", password)
    url = server.url("old").replace("https://", f"https://ada:{quote(password, safe='')}@")
    for secret in secrets:
        server.redirects = {"/old": target.format(secret).encode().decode("latin-1")}
        with pytest.raises(UsageError, match="cannot be fetched") as refused:
            take_source(url, None, tmp_path / "base")
        told = "".join(traceback.format_exception(refused.value))
        assert not [one for one in (*secrets, password[:8], repr(password)[1:-1]) if one in told], told


def test_what_others_raise_does_not_tell_the_credentials() -> None:
    found = Remote.parse(f"https://ada:{SECRET}@example.org/a")
    assert found is not None
    for error in (ValueError(f"no such {SECRET}"), InfraError(found.header()), OSError(5, "no", f"/{SECRET}")):
        with pytest.raises(InfraError, match=r"\*\*\*") as told, found.redacting():
            raise error
        assert SECRET not in "".join(traceback.format_exception(told.value))
    with pytest.raises(KeyError, match="other"), found.redacting():
        raise KeyError("other")


def test_a_server_cannot_have_the_credentials_written_down(
    server: GitServer, rfsn: Rfsn, authority: tuple[Path, Path], tmp_path: Path
) -> None:
    trusted = {"GIT_SSL_CAINFO": str(authority[0]), "RFSN_LOG": "json"}
    url = server.url("hosted").replace("https://", f"https://ada:{SECRET}@")
    secrets = spellings("ada", SECRET)
    server.redirects = {"/hosted": f"http://elsewhere/{SECRET}/{secrets[2]}"}
    ran = rfsn("repair", url, "--out", tmp_path / "session", env=trusted)
    assert (ran.code, "is not followed" in ran.err) == (2, True)
    written = [path.read_text() for path in (tmp_path / "session").iterdir() if path.is_file()]
    assert written
    assert not [secret for secret in secrets for text in (*written, ran.out, ran.err) if secret in text]


MISTYPED = [
    "https:/ada:{}@localhost/x", "https//ada:{}@localhost/x", "https:ada:{}@localhost/x", "ada:{}@localhost:x",
    "foo::https://ada:{}@localhost/x", "https://ada:{}@local host/x", "HTTPS:///ada:{}@localhost/x",
    "ada:{}@localhost/x", "htps://ada:{}@localhost/x", "{}:@localhost/x", "https//{}@localhost/x", "ada:{}@https://localhost/x",
    "file:///nowhere/ada:{}@x", "ssh://ada:{}@localhost/x", "git@localhost:-ada:{}@localhost",
]  # fmt: skip


@pytest.mark.parametrize("source", MISTYPED)
def test_credentials_in_a_mistyped_url_are_not_shown(source: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refused:
        take_source(source.format(SECRET), None, tmp_path / "base")
    told = "".join(traceback.format_exception(refused.value))
    assert SECRET not in told
    assert "***@" in str(refused.value)
    assert not list(tmp_path.iterdir())


def test_a_folder_with_such_a_name_is_a_folder(project: Make, tmp_path: Path) -> None:
    (tmp_path / "ada:x@y").mkdir()
    assert take_source(str(project(FILES, "ada:x@y/z")), None, tmp_path / "base").origin.endswith("/ada:x@y/z")
    assert Remote.parse("/srv/a@b") is None
    assert shown("/srv/a@b") == "/srv/a@b"
    assert shown("git@example.org:a") == "git@example.org:a"


def test_what_is_no_source_leaves_no_session(rfsn: Rfsn, project: Make, tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    folder, home = project(FILES), tmp_path / "home"
    wrong: list[list[str | Path]] = [
        ["/nonexistent"], [f"https:/ada:{SECRET}@localhost/x"], [tmp_path / "plain"], ["file:///nonexistent"],
        [folder, "--ref", "-x"], [folder, "--sign-key", tmp_path / "nowhere"], [folder, "--gate-rule", "nowhere"],
        [folder, "--operator", "nowhere"],
    ]  # fmt: skip
    for arguments in wrong:
        ran = rfsn("repair", *arguments, env={"RFSN_HOME": str(home)})
        assert (ran.code, ran.err.startswith("rfsn: "), SECRET in ran.err) == (2, True, False), ran.err
        out = rfsn("repair", *arguments, "--out", tmp_path / "out", env={"RFSN_HOME": str(home)})
        assert (out.code, ran.err) == (2, out.err)
        assert not (tmp_path / "out").exists()
        assert not list(home.rglob("sessions/*"))


# --- ssh -------------------------------------------------------------------------------------------------------------

SSH = """\
#!/bin/sh
# ssh for one host: the command is run here, as git's own tests have it.
echo "$@" >> "$HOME/asked"
while [ $# -gt 2 ]; do shift; done
[ "$1" = git@code.example ] || { echo "ssh: no such host $1" >&2; exit 255; }
exec sh -c "$2"
"""


def test_a_repository_behind_ssh(project: Make, rfsn: Rfsn, tmp_path: Path) -> None:
    folder = project(FILES, "hosted")
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "ssh").write_text(SSH)
    (tools / "ssh").chmod(0o755)
    (tmp_path / ".gitconfig").write_text(f"[safe]\n\tdirectory = {folder}/.git\n")
    variables = {"PATH": f"{tools}:{os.environ['PATH']}", "HOME": str(tmp_path)}
    result = rfsn("repair", f"git@code.example:{folder}", "--max-steps", "1", "--json", env=variables).json
    assert len(result["tests"]["failing"]) == 1, result
    assert result["source"] == f"git@code.example:{folder} at HEAD"
    assert "BatchMode=yes" in (tmp_path / "asked").read_text(), "ssh could wait for a password"
    ran = rfsn("repair", f"ada@elsewhere.example:{folder}", env=variables)
    assert ran.code == 2
    assert "cannot be fetched: ssh: no such host ada@elsewhere.example" in ran.err
