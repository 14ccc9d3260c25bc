//! Completions for shells.

use std::io;

use clap::CommandFactory;
use clap_complete::{Shell, generate};

use crate::args::Args;
use crate::run::Console;

pub(crate) fn run(shell: Shell, console: &mut Console<'_>) -> io::Result<()> {
    // `generate` panics when its writer fails, as a closed pipe does.
    let mut script = Vec::new();
    generate(shell, &mut Args::command(), "npload", &mut script);
    console.out.write_all(&script)
}
