//! Test processes: their limits, and the end of all that they leave running.

use crate::{stop, BROKEN};
use std::fs::File;
use std::io::Read;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

extern "C" {
    fn kill(pid: i32, signal: i32) -> i32;
    fn setpgid(pid: i32, group: i32) -> i32;
    fn waitpid(pid: i32, status: *mut i32, options: i32) -> i32;
}

const SIGKILL: i32 = 9;
const WNOHANG: i32 = 1;
const TICKS: f64 = 100.0; // a second, in /proc: the same on all Linux systems
const PAGE: u64 = 4096;
const MAX_MEMORY: u64 = 2 << 30;
const MAX_KEPT: usize = 1 << 18;
const WALL_FACTOR: f64 = 5.0;
const IDLE: f64 = 0.05;
pub const OVER_LIMIT: &str = "rfsn: over the limit";

/// A test process that has ended.
pub struct Attempt {
    pub code: i32,
    /// Why it was stopped; empty if it ended by itself.
    pub over: String,
    pub output: String,
    pub said: String,
    pub seconds: f64,
}

pub fn start(command: &mut Command, limit: f64) -> Attempt {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // SAFETY: setpgid is safe to call after fork.
    unsafe {
        command.pre_exec(|| {
            setpgid(0, 0);
            Ok(())
        });
    }
    let began = Instant::now();
    let mut child = command.spawn().unwrap_or_else(|error| stop(BROKEN, &format!("a test binary: {error}")));
    let (output, said) = (child.stdout.take(), child.stderr.take());
    let output = thread::spawn(move || output.map_or_else(String::new, tail));
    let said = thread::spawn(move || said.map_or_else(String::new, tail));
    let (over, status) = watch(&mut child, limit);
    let seconds = began.elapsed().as_secs_f64();
    // SAFETY: the group is the child's own, whose number is not used again while it has members.
    unsafe { kill(-(child.id() as i32), SIGKILL) };
    sweep();
    Attempt {
        code: status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0)),
        over,
        output: output.join().unwrap_or_default(),
        said: said.join().unwrap_or_default(),
        seconds,
    }
}

/// Reads everything and keeps the end.
fn tail(mut from: impl Read) -> String {
    let mut kept: Vec<u8> = Vec::new();
    let mut chunk = vec![0; 1 << 16];
    while let Ok(count) = from.read(&mut chunk) {
        if count == 0 {
            break;
        }
        kept.extend_from_slice(&chunk[..count]);
        if kept.len() > 2 * MAX_KEPT {
            kept.drain(..kept.len() - MAX_KEPT);
        }
    }
    String::from_utf8_lossy(&kept).into_owned()
}

/// Waits for the end, and stops a process that has used up its CPU time, or five times as much of waiting.
fn watch(child: &mut Child, limit: f64) -> (String, ExitStatus) {
    let began = Instant::now();
    let mut pause = Duration::from_micros(200);
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return (String::new(), status),
            Err(error) => stop(BROKEN, &error.to_string()),
            Ok(None) => thread::sleep(pause),
        }
        pause = (pause * 2).min(Duration::from_millis(10));
        if pause < Duration::from_millis(10) {
            continue;
        }
        let (used, memory) = usage(child.id());
        let waited = began.elapsed().as_secs_f64();
        let wall = (WALL_FACTOR * limit).max(1.0);
        let over = if memory > MAX_MEMORY {
            format!("it used more than {} MiB of memory", MAX_MEMORY >> 20)
        } else if used > limit || (waited > wall && used >= IDLE * limit) {
            format!("{OVER_LIMIT} of {limit} s")
        } else if waited > wall {
            format!("{OVER_LIMIT} of {wall} s of waiting")
        } else {
            continue;
        };
        let _ = child.kill();
        match child.wait() {
            Ok(status) => return (over, status),
            Err(error) => stop(BROKEN, &error.to_string()),
        }
    }
}

/// The fields of /proc/PID/stat after the name, which may contain anything.
fn stat(pid: &str) -> Vec<String> {
    let mut text = String::new();
    let read = File::open(format!("/proc/{pid}/stat")).and_then(|mut file| file.read_to_string(&mut text));
    match (read, text.rfind(')')) {
        (Ok(_), Some(place)) => text[place + 1..].split_whitespace().map(str::to_string).collect(),
        _ => Vec::new(),
    }
}

/// The CPU time of a process, with that of its dead children, in seconds, and its memory in bytes.
fn usage(pid: u32) -> (f64, u64) {
    let fields = stat(&pid.to_string());
    let number = |place: usize| fields.get(place).and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
    ((11..15).map(number).sum::<u64>() as f64 / TICKS, number(21) * PAGE)
}

/// Ends whatever other processes left running: their children are this process's now.
pub fn sweep() {
    loop {
        // SAFETY: the status may be null.
        match unsafe { waitpid(-1, std::ptr::null_mut(), WNOHANG) } {
            gone if gone > 0 => continue,
            0 => {}
            _ => return,
        }
        let own = std::process::id().to_string();
        for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if let Ok(pid) = name.parse::<i32>() {
                if stat(&name).get(1) == Some(&own) {
                    // SAFETY: a child of this process, which has not been waited for.
                    unsafe { kill(pid, SIGKILL) };
                }
            }
        }
        thread::sleep(Duration::from_millis(1));
    }
}
