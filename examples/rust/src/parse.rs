use crate::UNITS;

/// Why a text is no span of time.
#[derive(Debug, PartialEq)]
pub enum Error {
    Empty,
    NoNumber(String),
    NoUnit(String),
    TooLong,
}

/// The seconds of a span such as `1h 30m`; the parts may stand in any order.
pub fn parse(text: &str) -> Result<u64, Error> {
    if text.trim().is_empty() {
        return Err(Error::Empty);
    }
    let mut total: u64 = 0;
    for part in text.split_whitespace() {
        total = total.checked_add(seconds(part)?).ok_or(Error::TooLong)?;
    }
    Ok(total)
}

fn seconds(part: &str) -> Result<u64, Error> {
    let digits = part.trim_end_matches(char::is_alphabetic);
    let number: u64 = digits.parse().map_err(|_| Error::NoNumber(part.to_string()))?;
    let unit = part[digits.len()..].chars().next();
    match UNITS.iter().find(|(name, _)| Some(*name) == unit) {
        Some((_, length)) => number.checked_mul(*length).ok_or(Error::TooLong),
        None => Err(Error::NoUnit(part.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_has_a_number_and_a_unit() {
        assert_eq!(seconds("90s"), Ok(90));
        assert_eq!(seconds("2d"), Ok(172_800));
        assert_eq!(seconds("h"), Err(Error::NoNumber("h".to_string())));
        assert_eq!(seconds("5"), Err(Error::NoUnit("5".to_string())));
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        assert_eq!(parse("300000000000000d"), Err(Error::TooLong));
        assert_eq!(parse(" "), Err(Error::Empty));
    }
}
