//! The command `npload`.

use std::ffi::OsString;
use std::io;

use pyo3::prelude::*;

/// Runs the command with these arguments, the first of which is its own name; its exit status.
pub(crate) fn run(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
    py.detach(|| {
        let mut out = io::BufWriter::with_capacity(64 << 10, io::stdout().lock());
        npload_cli::run(arguments, &mut out, &mut io::stderr()).code()
    })
}
