//! The test targets of the packages, as `cargo metadata` has them, and which of them the command chose.

use crate::channel::Job;
use crate::json::Json;
use crate::sources;
use crate::{stop, BROKEN};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// One target with libtest's harness: its source, its tests once they are known, and its test binary if it has one.
pub struct Target {
    pub package: String,
    pub manifest: PathBuf,
    pub details: Vec<(String, String)>,
    pub name: String,
    pub kind: String,
    pub path: PathBuf,
    /// How its ids begin: its source, from the top of the tree.
    pub prefix: String,
    /// Whether the command runs its tests.
    pub chosen: bool,
    pub canary: Option<Canary>,
    pub binary: Option<PathBuf>,
    pub failure: String,
    /// Whether the failure is in its own code, not in what it needs.
    pub own_error: bool,
    /// Whether it is built only with some features.
    pub conditional: bool,
}

/// A test that must fail, and the message that it fails with: nobody else knows either of them.
#[derive(Clone)]
pub struct Canary {
    pub name: String,
    pub secret: String,
}

impl Target {
    pub fn id(&self, name: &str) -> String {
        format!("{}::{name}", self.prefix)
    }

    /// The folder that its tests run in.
    pub fn folder(&self) -> &Path {
        self.manifest.parent().unwrap_or(Path::new("."))
    }

    pub fn declared(&self) -> Vec<String> {
        sources::tests(&self.path)
    }
}

const FIELDS: [(&str, &str); 7] = [
    ("CARGO_PKG_NAME", "name"),
    ("CARGO_PKG_VERSION", "version"),
    ("CARGO_PKG_DESCRIPTION", "description"),
    ("CARGO_PKG_HOMEPAGE", "homepage"),
    ("CARGO_PKG_REPOSITORY", "repository"),
    ("CARGO_PKG_LICENSE", "license"),
    ("CARGO_PKG_RUST_VERSION", "rust_version"),
];

pub fn targets(cargo: &str, tree: &Path, job: &Job, own_main: &str) -> Vec<Target> {
    let metadata = metadata(cargo);
    let members = |key: &str| metadata.get(key).texts();
    let defaults = if metadata.get("workspace_default_members").list().is_empty() {
        members("workspace_members")
    } else {
        members("workspace_default_members")
    };
    let mut found: Vec<Target> = Vec::new();
    for package in metadata.get("packages").list() {
        let (id, name) = (package.get("id").text(), package.get("name").text());
        let used = is_used(job, name, defaults.iter().any(|member| member == id));
        for target in package.get("targets").list() {
            let kind = kind_of(target);
            let path = PathBuf::from(target.get("src_path").text());
            let manifest = PathBuf::from(package.get("manifest_path").text());
            let label = format!("{} {kind} {}", inside(tree, &manifest), target.get("name").text());
            if kind == "custom-build" || own_main.lines().any(|line| line == label) {
                continue;
            }
            let prefix = inside(tree, &path);
            found.push(Target {
                package: id.to_string(),
                chosen: used && is_chosen(job, &kind, target),
                details: details(package),
                name: target.get("name").text().to_string(),
                kind, manifest, path, prefix,
                canary: None,
                binary: None,
                failure: String::new(),
                own_error: false,
                conditional: !target.get("required-features").list().is_empty(),
            });
        }
    }
    found
}

fn metadata(cargo: &str) -> Json {
    let mut command = Command::new(cargo);
    command.args(["metadata", "--no-deps", "--offline", "--format-version=1"]).stdin(Stdio::null());
    let ran = command.output().unwrap_or_else(|error| stop(BROKEN, &format!("{cargo}: {error}")));
    let complaint = String::from_utf8_lossy(&ran.stderr);
    match Json::parse(&String::from_utf8_lossy(&ran.stdout)) {
        Some(found) if ran.status.success() => found,
        _ => stop(BROKEN, &said(&complaint)),
    }
}

/// What cargo complained about: the line that names an error, with its cause.
pub fn said(complaint: &str) -> String {
    let lines: Vec<&str> = complaint.lines().collect();
    let first = lines.iter().position(|line| line.starts_with("error"));
    let from = first.unwrap_or(0);
    let cause = lines[from.min(lines.len())..].iter().position(|line| line.trim() == "Caused by:");
    let error = lines.get(from).unwrap_or(&"cargo says nothing").trim_start_matches("error: ");
    match cause.and_then(|place| lines.get(from + place + 1)) {
        Some(why) => format!("{error}: {}", why.trim()),
        None => error.to_string(),
    }
}

fn inside(tree: &Path, path: &Path) -> String {
    path.strip_prefix(tree).unwrap_or(path).to_string_lossy().into_owned()
}

pub fn kind_of(target: &Json) -> String {
    match target.get("kind").list().first().map_or("", Json::text) {
        "test" => "test",
        "bin" => "bin",
        "bench" => "bench",
        "example" => "example",
        "custom-build" => "custom-build",
        _ => "lib",
    }
    .to_string()
}

fn is_used(job: &Job, name: &str, default: bool) -> bool {
    let named = |all: &[String]| all.iter().any(|one| one.split(['@', ':']).next() == Some(name));
    !named(&job.excluded) && (job.workspace || if job.packages.is_empty() { default } else { named(&job.packages) })
}

/// Whether the options name a target, by its kind or as `kind name`; those with `test = false` only if by name.
fn is_chosen(job: &Job, kind: &str, target: &Json) -> bool {
    let name = format!("{kind} {}", target.get("name").text());
    job.names.iter().any(|pattern| fits(&name, pattern)) || (job.kinds.iter().any(|one| one == kind) && target.get("test").truth())
}

/// Whether a name fits a pattern, in which `*` stands for anything.
fn fits(name: &str, pattern: &str) -> bool {
    match pattern.split_once('*') {
        None => name == pattern,
        Some((start, rest)) => {
            let left = name.strip_prefix(start);
            let ends = |left: &str| (0..=left.len()).filter_map(|at| left.get(at..)).any(|end| fits(end, rest));
            left.map_or(false, ends)
        }
    }
}

fn details(package: &Json) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = FIELDS.iter().map(|(name, key)| (name.to_string(), package.get(key).text().to_string())).collect();
    let version = package.get("version").text();
    let (plain, pre) = version.split_once('-').unwrap_or((version, ""));
    for (part, number) in ["MAJOR", "MINOR", "PATCH"].iter().zip(plain.split('.')) {
        found.push((format!("CARGO_PKG_VERSION_{part}"), number.to_string()));
    }
    found.push(("CARGO_PKG_VERSION_PRE".to_string(), pre.to_string()));
    found.push(("CARGO_PKG_AUTHORS".to_string(), package.get("authors").texts().join(":")));
    found
}
