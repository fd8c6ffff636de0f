//! What earlier steps compiled, copied to where cargo may write. Cargo compares times: all that was copied gets one time
//! in the future, and what differs from the tree that was compiled gets a later one.

use crate::{stop, BROKEN};
use std::collections::BTreeMap;
use std::ffi::CString;
use std::fs;
use std::hash::{Hash, Hasher};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

const SCRATCH: &str = "/tmp/rfsn-rust";
const COMPILED_AHEAD: i64 = 1000;
const CHANGED_AHEAD: i64 = 2000;

#[repr(C)]
struct Time {
    seconds: i64,
    nanoseconds: i64,
}

extern "C" {
    fn utimensat(folder: i32, path: *const std::os::raw::c_char, times: *const Time, flags: i32) -> i32;
}

const AT_FDCWD: i32 = -100;

/// The tree, and the folders of this run.
pub struct Place {
    pub tree: PathBuf,
    pub target: PathBuf,
    pub home: PathBuf,
    project: PathBuf,
}

/// What the content of each file is, by its path in the tree.
pub type Marks = BTreeMap<PathBuf, u64>;

impl Place {
    /// The folders of a run, with what an earlier step compiled. The paths are always the same: cargo keeps some.
    pub fn prepared() -> Place {
        let tree = std::env::current_dir().unwrap_or_else(|error| stop(BROKEN, &error.to_string()));
        let scratch = PathBuf::from(SCRATCH);
        let (target, home) = (scratch.join("target"), scratch.join("home"));
        let project = PathBuf::from(std::env::var("RFSN_RUST_PROJECT").unwrap_or_default());
        let _ = fs::remove_dir_all(&scratch); // of an earlier run in the same container
        let made = fs::create_dir(&scratch).and_then(|()| fs::create_dir(&home)).and_then(|()| fs::create_dir(&target));
        if let Err(error) = made {
            stop(BROKEN, &format!("{SCRATCH}: {error}"));
        }
        let place = Place { tree, target, home, project };
        place.configure();
        if place.project.join("target").is_dir() {
            let when = now() + COMPILED_AHEAD;
            if let Err(error) = copy(&place.project.join("target"), &place.target, Some(when)) {
                stop(BROKEN, &format!("what was compiled cannot be copied: {error}"));
            }
        }
        place
    }

    /// Removes the folders of this run.
    pub fn clear(&self) {
        let _ = fs::remove_dir_all(SCRATCH);
    }

    /// Vendored sources take the place of the registry, if there are some.
    fn configure(&self) {
        let vendor = PathBuf::from(std::env::var("RFSN_RUST_VENDOR").unwrap_or_default());
        let mut text = String::from("[net]\noffline = true\n");
        if vendor.is_dir() {
            text += "[source.crates-io]\nreplace-with = \"rfsn\"\n[source.rfsn]\n";
            text += &format!("directory = \"{}\"\n", vendor.display());
        }
        if let Err(error) = fs::write(self.home.join("config.toml"), text) {
            stop(BROKEN, &error.to_string());
        }
    }

    /// Makes cargo see which files are not those that were compiled.
    pub fn freshen(&self) {
        let known = fs::read_to_string(self.project.join("marks")).unwrap_or_default();
        let known: BTreeMap<&str, &str> = known.lines().filter_map(|line| line.split_once(' ').map(|(mark, path)| (path, mark))).collect();
        for (path, mark) in marks(&self.tree) {
            if known.get(path.to_string_lossy().as_ref()) != Some(&format!("{mark:016x}").as_str()) {
                set_time(&self.tree.join(path), now() + CHANGED_AHEAD);
            }
        }
    }

    /// Keeps what was compiled, and of which files.
    pub fn keep(&self, before: &Marks) {
        let lines: String = before.iter().map(|(path, mark)| format!("{mark:016x} {}\n", path.to_string_lossy())).collect();
        let kept = fs::create_dir(self.project.join("target"))
            .and_then(|()| copy(&self.target, &self.project.join("target"), None))
            .and_then(|()| fs::write(self.project.join("marks"), lines));
        if let Err(error) = kept {
            stop(BROKEN, &format!("what was compiled cannot be kept: {error}"));
        }
    }
}

pub fn marks(tree: &Path) -> Marks {
    let mut found = Marks::new();
    let mut folders = vec![tree.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let (path, kind) = (entry.path(), entry.file_type());
            let inside = path.strip_prefix(tree).unwrap_or(&path).to_path_buf();
            match kind {
                Ok(kind) if kind.is_dir() && entry.file_name() != ".git" && inside != Path::new("target") => folders.push(path),
                Ok(kind) if kind.is_file() => {
                    let mut hasher = std::collections::hash_map::DefaultHasher::new();
                    fs::read(&path).unwrap_or_default().hash(&mut hasher);
                    found.insert(inside, hasher.finish());
                }
                _ => {}
            }
        }
    }
    found
}

/// Copies a folder, with links as they are; each file gets this time, if there is one.
fn copy(from: &Path, to: &Path, when: Option<i64>) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (source, target, kind) = (entry.path(), to.join(entry.file_name()), entry.file_type()?);
        if kind.is_dir() {
            fs::create_dir(&target)?;
            copy(&source, &target, when)?;
        } else if kind.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(&source)?, &target)?;
        } else if kind.is_file() {
            fs::copy(&source, &target)?;
            if let Some(when) = when {
                set_time(&target, when);
            }
        }
    }
    Ok(())
}

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64)
}

fn set_time(path: &Path, seconds: i64) {
    let times = [Time { seconds, nanoseconds: 0 }, Time { seconds, nanoseconds: 0 }];
    if let Ok(name) = CString::new(path.as_os_str().as_bytes()) {
        // SAFETY: the name ends with a zero, and there are two times.
        unsafe { utimensat(AT_FDCWD, name.as_ptr(), times.as_ptr(), 0) };
    }
}
