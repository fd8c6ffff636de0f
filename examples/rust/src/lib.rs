//! Spans of time as people write them: `1h 30m`, `2d`, `45s`.

mod parse;
mod write;

pub use parse::{parse, Error};
pub use write::write;

/// The seconds of each unit, the largest unit first.
pub const UNITS: [(char, u64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];
