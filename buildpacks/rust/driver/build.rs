//! Builds the test binaries by `cargo test --no-run` and reads cargo's messages.

use crate::cache::Place;
use crate::json::Json;
use crate::targets::{kind_of, said, Target};
use crate::{stop, BROKEN};
use std::collections::HashMap;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;

/// The package, the kind and the name of a target.
type Key = (String, String, String);
/// What a target's source says wrong: the target, its source, and the message.
type Error = (Key, PathBuf, String);

/// What cargo says of a build.
#[derive(Default)]
pub struct Built {
    binaries: HashMap<Key, Vec<PathBuf>>,
    errors: Vec<Error>,
    scripts: HashMap<String, Vec<(String, String)>>,
    programs: HashMap<String, Vec<(String, String)>>,
    finished: bool,
    succeeded: bool,
    complaint: String,
}

/// Builds all test targets. If some do not compile, a second try builds all of those that do.
pub fn build(cargo: &str, flags: &[String], place: &Place) -> Built {
    let first = attempt(cargo, &["test", "--no-run"], flags, place);
    if first.succeeded || !first.finished {
        return first;
    }
    let kept: Vec<String> = without_kinds(flags);
    let second = attempt(cargo, &["build", "--tests", "--keep-going", "--profile=test"], &kept, place);
    if second.finished { second } else { first }
}

const KINDS: [&str; 9] = ["--lib", "--bins", "--bin", "--tests", "--test", "--examples", "--example", "--benches", "--bench"];

/// The flags that choose packages and features: `cargo build` means other things by kinds and profiles.
fn without_kinds(flags: &[String]) -> Vec<String> {
    let name = |flag: &String| flag.split('=').next().unwrap_or("").to_string();
    let kept = flags.iter().filter(|flag| !KINDS.contains(&name(flag).as_str()) && *flag != "--all-targets");
    let release = flags.iter().any(|flag| flag == "--release" || name(flag) == "--profile");
    kept.filter(|flag| !release || name(flag) != "--profile").cloned().collect()
}

fn attempt(cargo: &str, how: &[&str], flags: &[String], place: &Place) -> Built {
    let mut command = Command::new(cargo);
    // Two profiles are an error: a given one wins.
    let given = flags.iter().any(|flag| flag == "--release");
    let how = how.iter().filter(|flag| !given || !flag.starts_with("--profile"));
    command.args(how).args(["--offline", "--message-format=json"]).args(flags);
    command.env("CARGO_HOME", &place.home).env("CARGO_TARGET_DIR", &place.target);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| stop(BROKEN, &format!("{cargo}: {error}")));
    let mut complaint = child.stderr.take();
    let reader = thread::spawn(move || {
        let mut text = Vec::new();
        let _ = complaint.as_mut().map(|from| from.read_to_end(&mut text));
        String::from_utf8_lossy(&text).into_owned()
    });
    let mut text = Vec::new();
    let _ = child.stdout.take().map(|mut from| from.read_to_end(&mut text));
    let _ = child.wait();
    let mut built = Built { complaint: reader.join().unwrap_or_default(), ..Built::default() };
    for line in String::from_utf8_lossy(&text).lines() {
        if let Some(message) = Json::parse(line) {
            built.read(&message);
        }
    }
    built
}

fn key_of(message: &Json) -> Key {
    let target = message.get("target");
    (message.get("package_id").text().to_string(), kind_of(target), target.get("name").text().to_string())
}

impl Built {
    fn read(&mut self, message: &Json) {
        match message.get("reason").text() {
            "compiler-artifact" => {
                let binary = message.get("executable").text();
                if binary.is_empty() {
                    return;
                }
                let (package, kind, name) = key_of(message);
                if message.get("profile").get("test").truth() {
                    self.binaries.entry((package, kind, name)).or_default().push(PathBuf::from(binary));
                } else if kind == "bin" {
                    // Tests find the programs of their package by these.
                    let variable = format!("CARGO_BIN_EXE_{name}");
                    self.programs.entry(package).or_default().push((variable, binary.to_string()));
                }
            }
            "compiler-message" => {
                if let Some(text) = complaint(message.get("message")) {
                    let source = PathBuf::from(message.get("target").get("src_path").text());
                    self.errors.push((key_of(message), source, text));
                }
            }
            "build-script-executed" => {
                let pairs = message.get("env").list().iter();
                let mut variables: Vec<(String, String)> = pairs
                    .filter_map(|pair| Some((pair.list().first()?.text().to_string(), pair.list().get(1)?.text().to_string())))
                    .collect();
                variables.push(("OUT_DIR".to_string(), message.get("out_dir").text().to_string()));
                self.scripts.insert(message.get("package_id").text().to_string(), variables);
            }
            "build-finished" => {
                self.finished = true;
                self.succeeded = message.get("success").truth();
            }
            _ => {}
        }
    }

    /// The variables that cargo sets for the tests of a package besides what its manifest says.
    pub fn variables(&self, package: &str) -> Vec<(String, String)> {
        let known = [self.scripts.get(package), self.programs.get(package)];
        known.iter().copied().flatten().flatten().cloned().collect()
    }

    /// Gives each target its binary, or the reason why it has none. What fails to compile besides is returned by its
    /// source.
    pub fn give(&self, targets: &mut [Target], place: &Place) -> Vec<(PathBuf, String)> {
        if !self.finished {
            stop(BROKEN, &said(&self.complaint));
        }
        for target in targets.iter_mut() {
            let key = (target.package.clone(), target.kind.clone(), target.name.clone());
            match self.binaries.get(&key).map_or(&[][..], Vec::as_slice) {
                // What a procedural macro prints comes between cargo's messages.
                [binary] if binary.starts_with(&place.target) => target.binary = Some(binary.clone()),
                [] => {
                    target.own_error = self.errors.iter().any(|error| is_own(error, &key, target));
                    if !self.succeeded && (target.own_error || !target.conditional) {
                        target.failure = self.reason(&key, target);
                    }
                }
                _ => stop(BROKEN, &format!("several test binaries are named for {}", target.prefix)),
            }
        }
        let own = |package: &String| targets.iter().any(|target| target.package == *package);
        let foreign = self.errors.iter().find(|(key, _, _)| !own(&key.0));
        if let (false, Some((key, _, text))) = (self.errors.iter().any(|(key, _, _)| own(&key.0)), foreign) {
            stop(BROKEN, &format!("the dependency {} does not compile: {text}", key.2));
        }
        let tested = |path: &PathBuf| targets.iter().any(|target| target.chosen && target.path == *path);
        let others = self.errors.iter().filter(|(key, path, _)| own(&key.0) && !tested(path));
        others.map(|(_, path, text)| (path.clone(), text.clone())).collect()
    }

    /// The target's own error, else one of its package, else any.
    fn reason(&self, key: &Key, target: &Target) -> String {
        let own = self.errors.iter().find(|error| is_own(error, key, target));
        let beside = || self.errors.iter().find(|(other, _, _)| other.0 == key.0);
        let found = own.or_else(beside).or_else(|| self.errors.first());
        found.map_or_else(|| said(&self.complaint), |(_, _, text)| text.clone())
    }
}

fn is_own(error: &Error, key: &Key, target: &Target) -> bool {
    error.0 == *key || error.1 == target.path
}

/// An error with its file and line; None for warnings and summaries.
fn complaint(message: &Json) -> Option<String> {
    if !message.get("level").text().starts_with("error") {
        return None;
    }
    let text = message.get("message").text();
    let spans = message.get("spans").list();
    match spans.iter().find(|span| span.get("is_primary").truth()) {
        Some(span) => Some(format!("{}:{}: {text}", span.get("file_name").text(), span.get("line_start").number())),
        None if text.starts_with("aborting due to") => None,
        None => Some(text.to_string()),
    }
}
