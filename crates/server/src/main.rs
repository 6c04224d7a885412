//! The one binary `suanpan`.
fn main() {}
