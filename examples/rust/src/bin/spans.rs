fn main() {
    for text in std::env::args().skip(1) {
        match spans::parse(&text) {
            Ok(seconds) => println!("{}", spans::write(seconds)),
            Err(error) => eprintln!("{text}: {error:?}"),
        }
    }
}
