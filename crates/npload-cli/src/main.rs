//! The command `npload`: all of it is in the library, so that others can call it too.

use std::io;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut out = io::BufWriter::with_capacity(64 << 10, io::stdout().lock());
    npload_cli::run(std::env::args_os(), &mut out, &mut io::stderr()).into()
}
