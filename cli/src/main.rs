//! The command `landuse`.

fn main() {}
