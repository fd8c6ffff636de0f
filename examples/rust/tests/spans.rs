use spans::{parse, write};

#[test]
fn a_span_is_read_as_it_was_written() {
    for text in ["1d 2h 3m 4s", "30m 15s", "2d 2s"] {
        assert_eq!(write(parse(text).unwrap()), text);
    }
}

#[test]
fn whole_units_are_written_as_such() {
    assert_eq!(write(60), "1m");
    assert_eq!(write(86_400), "1d");
}

#[test]
fn parts_add_up() {
    assert_eq!(parse("30m 1h"), Ok(5_400));
}
