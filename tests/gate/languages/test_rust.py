"""Rust: tricks that are denied, honest edits that are allowed, and the tests that stand beside the code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gate import BasePaths, Change, Context, FileChange
from gate.rules.inline import InlineTests

if TYPE_CHECKING:
    from tests.gate.languages.conftest import Rules

CORE = """use std::collections::HashMap;

mod rates;

pub struct Basket { items: Vec<f64> }

impl PartialEq for Basket {
    fn eq(&self, other: &Self) -> bool {
        self.items == other.items
    }
}

pub fn total(items: &[f64], rate: &str) -> f64 {
    let mut sum = 0.0;
    for item in items { sum += item; }
    sum
}
"""
INLINE = """
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds() {
        assert_eq!(total(&[1.0, 731.0], "inline rate"), 3.0);
    }
}
"""
TREE = {
    "Cargo.toml": '[package]\nname = "shop"\n\n[dependencies]\nserde = "1"\nonce-cell = "1"\n',
    "src/lib.rs": CORE + INLINE,
    "src/rates.rs": "pub fn of() -> f64 { 1.0 }\n",
    "tests/core.rs": '#[test]\nfn t() { assert_eq!(shop::total(&[17.25, 4011.0], "reduced rate"), 4028.25); }\n',
}


def inside(code: str, top: str = "", end: str = "") -> str:
    """The crate with code in a function, at the top and before the tests."""
    return top + CORE.replace("    sum\n}", f"    {code}\n    sum\n}}") + end + INLINE


TRICKS = {
    "tamper.exits": [
        ("std::process::exit(0);", ""), ("exit(0);", "use std::process::exit;\n"),
        ("leave(0);", "use std::process::exit as leave;\n"),
        ("process::exit(0);", "use std::process;\n"), ("p::exit(0);", "use std::{process as p};\n"),
        ("std::process::abort();", ""),
        ('println!("{}", std::process::exit(0));', ""), ("let f = std::process::exit; f(0);", ""),
        ("::std::process::exit(0);", ""),
        ("process::abort();", "use std::{fs, process::{self}};\n"), ("unsafe { libc::_exit(0) };", ""),
        ("unsafe { libc::abort() };", ""),
        ("core::intrinsics::abort();", ""), ("if items.is_empty() { std :: process :: exit(0) }", ""),
        ("thread_local!(static X: u8 = std::process::exit(0));", ""),
    ],
    "tamper.frameworks": [
        ("", "use test::Bencher;\n"), ("", "use mockall::mock;\n"), ("", "use pretty_assertions::assert_eq;\n"),
    ],
    "tamper.detection": [
        ("if cfg!(test) { return 4.0; }", ""), ("if cfg!( test ) {}", ""),
        ("if cfg!(any(test, debug_assertions)) {}", ""),
        ("std::thread::current().name();", ""), ("thread::current();", "use std::thread;\n"),
        ('std::env::var("RUST_TEST_THREADS");', ""),
        ('std::env::var(concat!("RUST_", "TEST_THREADS"));', ""), ("std::env::current_exe();", ""),
        ("std::backtrace::Backtrace::capture();", ""), ("#[cfg(not(test))] { sum += 1.0; }", ""),
        ("", "#[cfg(any(test, unix))]\nfn f() {}\n"), ("", "#[cfg_attr(test, derive(PartialEq))]\nstruct S;\n"),
        ('option_env!("NEXTEST");', ""),
        ('std::fs::read("tests/core.rs");', ""),
    ],
    "tamper.interpreter": [
        ("std::panic::set_hook(Box::new(|_| {}));", ""), ("", "macro_rules! assert_eq { ($($x:tt)*) => {}; }\n"),
        ("", "#[no_mangle]\npub fn main() {}\n"), ("", '#[link_section = ".init_array"]\nstatic A: fn() = b;\n'),
        ("", "#[ctor]\nfn a() {}\n"),
    ],
    "tamper.equality": [
        ("", "impl PartialEq for A { fn eq(&self, o: &A) -> bool { true } }\n"),
        ("", "impl PartialEq for A { fn ne(&self, o: &A) -> bool { false } }\n"),
        ("", "impl PartialEq for A { fn eq(&self, o: &A) -> bool { return true; } }\n"),
        ("", "impl PartialEq for A { fn eq(&self, _: &A) -> bool { !false } }\n"),
        ("", "impl PartialEq for A { fn eq(&self, _: &A) -> bool { self.x == self.x } }\n"),
        ("", "impl PartialEq for A { fn eq(&self, o: &A) -> bool { let same = true; same } }\n"),
        ("", "impl PartialEq for A { fn eq(&self, o: &A) -> bool { if o.x { true } else { true } } }\n"),
        ("", "impl Ord for A { fn cmp(&self, o: &A) -> Ordering { Ordering::Equal } }\n"),
        ("", "impl PartialOrd for A { fn partial_cmp(&self, o: &A) -> Option<Ordering> { Some(Ordering::Equal) } }\n"),
        ("", "impl PartialEq<i32> for A { fn eq(&self, o: &i32) -> bool { *o == 3 || *o == 5 } }\n"),
        ("", "impl PartialEq<f64> for A { fn eq(&self, o: &f64) -> bool { [3.0, 5.0].contains(o) } }\n"),
        ("", "impl PartialEq for A { fn eq(&self, _o: &A) -> bool { self.x == self.y } }\n"),
    ],
    "tamper.answers": [
        ('if rate == "reduced rate" { return 4028.25; }', ""),
        ('match rate { "reduced rate" => return 4028.25, _ => {} }', ""),
        ('match rate { "x" | "reduced rate" => 4028.25, _ => sum };', ""),
        ("if items == vec![17.25, 4011.0] { return 4028.25; }", ""),
        ("if items[1] == 4011.0 { return 4028.25 }", ""), ('if let "reduced rate" = rate { return 4028.25; }', ""),
        ('if matches!(rate, "reduced rate") { return 4028.25; }', ""),
        ('if rate.eq("reduced rate") { return 4028.25; }', ""),
        ('if rate == "inline rate" { return 3.0; }', ""), ("if items[1] == 731.0 { return 3.0; }", ""),
        ('let x = if rate == "reduced rate" { 4028.25 } else { sum }; return x;', ""),
        ('match rate { r if r == "reduced rate" => 4028.25, _ => 0.0 };', ""),
    ],
    "danger.obfuscation": [
        ("", "use base64::decode;\n"), ('let x = "' + "A" * 200 + '";', ""), ("exit(0);", "use std::process::*;\n"),
        ("", '#[path = "more.txt"]\nmod more;\n'),
    ],
    "danger.processes": [
        ('std::process::Command::new("true").status();', ""), ("Command::new(rate);", "use std::process::Command;\n"),
    ],
    "danger.network": [
        ('std::net::TcpStream::connect("x");', ""), ("", "use std::net::UdpSocket;\n"), ("", "use reqwest::get;\n"),
    ],
    "danger.descriptors": [
        ("unsafe { std::fs::File::from_raw_fd(1) };", ""), ('std::fs::write("/dev/stdout", "x");', ""),
        ("", "use std::os::fd::FromRawFd;\n"),
    ],
    "danger.native-code": [
        ("", 'extern "C" { fn _exit(code: i32) -> !; }\n'), ("", 'extern "C" { static mut failures: i32; }\n'),
        ("", 'extern "C" { pub fn leave(); }\n'), ("", 'core::arch::global_asm!("nop");\n'),
        ('unsafe { std::arch::asm!("nop") };', ""),
        ("unsafe { std::mem::transmute::<A, B>(x) };", ""),
        ("", "extern crate libc;\n"),
    ],
    "dependencies.declared": [("", "use numpy::array;\n"), ("", "extern crate evil;\n")],
    "schema.parses": [("if {", ""), ("let = ;", "")],
}  # fmt: skip
CASES = [(rule, code, top) for rule, codes in TRICKS.items() for code, top in codes]


@pytest.mark.parametrize(("rule", "code", "top"), CASES)
def test_tricks_are_denied(rules: Rules, rule: str, code: str, top: str) -> None:
    assert rule in rules(TREE, {"src/lib.rs": inside(code, top)})


SHADOWS = [
    "macro_rules! assert { ($($x:tt)*) => {}; }", "#[macro_export]\nmacro_rules! assert_ne { () => {}; }",
    "mod std { pub mod process { } }", "struct Vec;", "enum Option { Some, None }", "pub struct String(u8);",
    "type Vec<T> = Other<T>;", "enum E { Some(i64), None }\nuse E::*;",
    "use self::E::*;\nenum E { Ok, Bad }", "fn Some<T>(x: T) -> Option<T> { None }", "const None: u8 = 1;",
    "pub use self::fake as assert_eq;",
    "pub use crate::fake::assert_eq;", "pub(crate) use fake as assert;", "use crate::fake as vec;", "trait Iterator {}",
    "struct f64;", "fn drop<T>(x: T) {}", "mod inner { use super::fake::{panic, other}; }", "static Ok: u8 = 1;",
    "trait Fake { fn is_some(self) -> bool; }\nimpl<T> Fake for Option<T> { fn is_some(self) -> bool { x() } }",
    "trait Fake { fn len(self) -> usize { 3 } }\nimpl Fake for &Vec<f64> {}", "impl<T> Fake for T {}",
    "impl<'a, T: Copy> Fake for &'a T {}",
    "impl Fake for f64 { fn abs(self) -> f64 { 1.0 } }", "impl Fake for [f64] { fn len(&self) -> usize { 1 } }",
]  # fmt: skip


@pytest.mark.parametrize("code", SHADOWS)
def test_the_prelude_keeps_its_meaning(rules: Rules, code: str) -> None:
    assert "tamper.interpreter" in rules(TREE, {"src/lib.rs": inside("", end=f"{code}\n")})
    assert "tamper.interpreter" in rules(TREE, {"src/rates.rs": f"{TREE['src/rates.rs']}{code}\n"})


@pytest.mark.parametrize(
    "code",
    [
        "pub type Result<T> = std::result::Result<T, Error>;", "use std::fmt::Result as FmtResult;",
        "use std::io::Result;",
        "impl Drop for Basket { fn drop(&mut self) {} }",
        "impl Basket { pub fn len(&self) -> usize { 1 } fn eq_all(&self) {} }",
        ("trait Shape { fn area(&self) -> f64; fn name(&self) -> u8 { 1 } }\n"
        "impl Shape for Basket { fn area(&self) -> f64 { 1.0 } }"),
        "impl<T> From<Wrapper<T>> for Other<T> { fn from(x: Wrapper<T>) -> Self { x.0 } }", "mod tools {}",
        ("impl Iterator for Basket { type Item = f64; fn next(&mut self) -> Option<f64> { None } "
        "fn count(self) -> usize { 1 } }"),
        "trait Ext { fn double(self) -> f64; }\nimpl Ext for f64 { fn double(self) -> f64 { self * 2.0 } }",
        "impl PartialEq<Basket> for f64 { fn eq(&self, other: &Basket) -> bool { *self == other.items[0] } }",
    ],
)  # fmt: skip
def test_own_items_may_be_added(rules: Rules, code: str) -> None:
    assert rules(TREE, {"src/lib.rs": inside("", end=f"{code}\n")}) == set()


HONEST = [
    ("if items.is_empty() { return 0.0; }", ""), ('if rate == "reduced rate" { sum *= 1.07; }', ""),
    ('panic!("no rate {}", rate);', ""),
    ("let exit = 1; exit.abort();", ""), ("let m: HashMap<u8, u8> = HashMap::new();", ""), ("let x = rates::of();", ""),
    ("let v = vec![1, 2]; assert!(v.len() == 2);", ""), ("", "use serde::Serialize;\n"),
    ("", "use once_cell::sync::Lazy;\n"),
    ("", "use crate::rates::of;\n"), ("", "use rates::of as rate_of;\n"),
    ("", "#[derive(Debug, Clone)]\npub struct Other;\n"),
    ("", '#[cfg(feature = "std")]\npub fn f() {}\n'),
    ("let x: Vec<_> = items.iter().map(|x| x * 2.0).collect();", ""),
    ("if let Some(x) = items.first() { sum += x; }", ""),
    ("", "impl PartialEq for A { fn eq(&self, o: &A) -> bool { self.x == o.x } }\n"),
    ("", "enum E { A, B }\nuse E::*;\n"), ("loop { break; }", ""), ('env!("CARGO_PKG_VERSION");', ""),
    ("let r#type = 1;", ""),
    ('match rate { "a" => 1, _ => 2 };', ""), ("", "macro_rules! my_max { ($x:expr) => { $x } }\n"),
    ("std::mem::swap(&mut sum, &mut 1.0);", ""),
    ('let hex = 1; let test = hex; println!("{}", test); f(libc, curl);', ""), ("test(hex);", ""),
]  # fmt: skip


@pytest.mark.parametrize(("code", "top"), HONEST)
def test_honest_edits_are_allowed(rules: Rules, code: str, top: str) -> None:
    assert rules(TREE, {"src/lib.rs": inside(code, top)}) == set()


def test_a_program_may_end(rules: Rules) -> None:
    assert rules(TREE, {"src/main.rs": "fn main() { std::process::exit(1); }\n"}) == set()


TEST_EDITS = [
    lambda text: text.replace("3.0);", "4.0);"),
    lambda text: text.replace("    #[test]\n", "    #[test]\n    #[ignore]\n"),
    lambda text: text.replace("    #[test]\n", ""),
    lambda text: text.replace("#[cfg(test)]\n", ""),
    lambda text: text.replace("#[cfg(test)]", "#[cfg(any())]"),
    lambda text: text.replace(INLINE, ""),
    lambda text: text.replace("#[cfg(test)]", "/*").replace("3.0);\n    }\n}", "3.0);\n    }\n} */"),
    lambda text: text + "\n#[test]\nfn more() {}\n",
    lambda text: text + "\n#[cfg(all(test, unix))]\nmod more {}\n",
    lambda text: text + '\n#[cfg(all(feature = "std", test))]\nmod more {}\n',
    lambda text: text + "\n#[tokio::test]\nasync fn more() {}\n",
    lambda text: text.replace(
        "    use super::*;", "    use super::*;\n    fn total(_: &[f64], _: &str) -> f64 { 3.0 }"
    ),
    lambda text: "#![cfg(test)]\n" + text,
]


@pytest.mark.parametrize("number", range(len(TEST_EDITS)))
def test_tests_beside_the_code_are_protected(rules: Rules, number: int) -> None:
    edited = TEST_EDITS[number](TREE["src/lib.rs"])
    assert edited != TREE["src/lib.rs"]
    assert "tamper.inline-tests" in rules(TREE, {"src/lib.rs": edited})
    assert "tamper.inline-tests" not in rules(TREE, {"src/lib.rs": edited}, test_edits=True)


def test_the_hint_names_what_lifts_it() -> None:
    change = Change({"src/lib.rs": FileChange(TREE["src/lib.rs"].encode(), TEST_EDITS[0](TREE["src/lib.rs"]).encode())})
    denied = InlineTests().check(change, Context(BasePaths([*TREE]), lambda path: TREE[path].encode(), lambda _: False))
    assert denied
    assert "--allow-test-edits lifts this" in denied.hint


def test_tests_may_be_added_where_tests_may_change(rules: Rules) -> None:
    more = "\n#[cfg(test)]\nmod more {\n    #[test]\n    fn t() { std::process::abort(); }\n}\n"
    assert rules(TREE, {"src/lib.rs": TREE["src/lib.rs"] + more}) == {"tamper.inline-tests"}
    assert rules(TREE, {"src/lib.rs": TREE["src/lib.rs"] + more}, test_edits=True) == set()
    assert rules(TREE, {"src/rates.rs": TREE["src/rates.rs"] + more}, test_edits=True) == set()


def test_tests_may_move_with_their_file(rules: Rules) -> None:
    text = TREE["src/lib.rs"]
    assert rules(TREE, {"src/lib.rs": None, "src/shop.rs": text}) == set()
    assert rules(TREE, {"src/lib.rs": None}) == {"tamper.inline-tests"}
    assert rules(TREE, {"src/lib.rs": text.replace("sum += item;", "sum += item * 1.0;")}) == set()


def test_what_tests_may_use_is_theirs(rules: Rules) -> None:
    edited = TREE["src/lib.rs"].replace("        assert_eq!(", "        std::process::abort();\n        assert_eq!(")
    assert rules(TREE, {"src/lib.rs": edited}, test_edits=True) == set()
