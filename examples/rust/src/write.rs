use crate::UNITS;

/// A span in its largest units: 5400 seconds are `1h 30m`.
pub fn write(seconds: u64) -> String {
    let mut left = seconds;
    let mut parts = Vec::new();
    for (name, length) in UNITS {
        if left > length {
            parts.push(format!("{}{name}", left / length));
            left %= length;
        }
    }
    if parts.is_empty() {
        parts.push("0s".to_string());
    }
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::write;

    #[test]
    fn the_largest_units_come_first() {
        assert_eq!(write(5_402), "1h 30m 2s");
    }

    #[test]
    fn nothing_is_no_seconds() {
        assert_eq!(write(0), "0s");
    }
}
