//! The `diarist` command.

fn main() {}
