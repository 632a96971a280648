//! Prints the table of all metric families in Markdown: `cargo run -p mosaic-metrics --example family_reference`.

use std::io::{self, Write};

fn main() -> io::Result<()> {
    io::stdout().write_all(mosaic_metrics::family_reference().as_bytes())
}
