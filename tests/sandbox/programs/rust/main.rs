// Counts words: arguments, environment, stdin, a second file, text and bytes.
mod total;

use std::env;
use std::io::{self, Read, Write};

fn count_words(text: &str) -> Vec<(&str, u32)> {
    // In order of their first appearance.
    let mut counts: Vec<(&str, u32)> = Vec::new();
    for word in text.split_whitespace() {
        match counts.iter_mut().find(|count| count.0 == word) {
            Some(count) => count.1 += 1,
            None => counts.push((word, 1)),
        }
    }
    counts
}

fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if arguments.first().map(String::as_str) == Some("fail") {
        println!("before");
        panic!("failed as asked");
    }
    for argument in &arguments {
        println!("[{argument}]");
    }
    println!("{}", env::var("WORD").unwrap());
    let mut text = String::new();
    io::stdin().read_to_string(&mut text)?;
    let counts = count_words(&text);
    for (word, count) in &counts {
        println!("{count} {word}");
    }
    println!("total {}", total::total(&counts));
    io::stderr().write_all(&(0..=255).collect::<Vec<u8>>())
}
