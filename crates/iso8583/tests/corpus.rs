//! The fuzzer's corpus, played again: `fuzz/corpus/*.hex` has one input a line.

#[path = "../../../fuzz/checks.rs"]
#[expect(clippy::expect_used, reason = "a check that fails is a finding")]
mod checks;

#[expect(clippy::unwrap_used, reason = "without the corpus there is no test")]
fn play(name: &str, check: fn(&[u8])) {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/").to_owned() + name;
    let corpus = std::fs::read_to_string(file).unwrap();
    let inputs = corpus.lines().map(|line| hex::decode(line).unwrap());
    let played = inputs.inspect(|bytes| check(bytes)).count();
    assert!(played > 100, "{name} has {played} inputs");
}

#[test]
fn messages() {
    play("codec.hex", checks::codec);
}

#[test]
fn parts() {
    play("parts.hex", checks::parts);
}
