//! From arguments to an exit code.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;
use serde::Serialize;

use crate::args::{Args, Command};
use crate::failure::{Failure, without_number};
use crate::{
    align, completions, convert, dashes, devices, diff, disasm, extract, info, json, pack, place,
    scan, show, stats, verify,
};

/// How the command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// All is well: 0.
    Success,
    /// A file is missing, damaged, or refused: 1.
    Wrong,
    /// The arguments make no sense: 2.
    Usage,
}

impl Exit {
    /// The number for the operating system.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Exit::Success => 0,
            Exit::Wrong => 1,
            Exit::Usage => 2,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

/// Runs the command with these arguments, the first of which is its own name.
///
/// Results go to `out`, which is flushed, and what went wrong goes to `err`. Progress goes to this
/// process's standard error, if that is a terminal. A reader that goes away (`| head`) ends the
/// command without a word.
///
/// ```
/// let mut out = Vec::new();
/// let args = ["npload", "show", "../../testdata/npy/f8-le-2d-c.npy", "0, :2"];
/// let exit = npload_cli::run(args.map(Into::into), &mut out, &mut Vec::new());
/// assert_eq!((exit, out.as_slice()), (npload_cli::Exit::Success, &b"[nan inf]\n"[..]));
/// ```
pub fn run(
    args: impl IntoIterator<Item = OsString>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Exit {
    let args = dashes::behind_options(args);
    let json = args
        .iter()
        .take_while(|arg| *arg != "--")
        .any(|arg| arg == "--json");
    let mut args = match Args::try_parse_from(args) {
        Ok(args) => args,
        Err(usage) => return explain(&usage, json, out, err),
    };
    match &mut args.command {
        Command::Show(show) => place::take_part(&mut show.place, &mut show.steps),
        Command::Stats(stats) => place::take_part(&mut stats.place, &mut stats.steps),
        _ => {}
    }
    let mut console = Console {
        out,
        err,
        json: args.json,
        exit: Exit::Success,
    };
    let done = match &args.command {
        Command::Info(info) => info::run(info, &args.load_options(), &mut console),
        Command::Show(show) => show::run(show, &args.load_options(), &mut console),
        Command::Stats(stats) => stats::run(stats, &args.load_options(), &mut console),
        Command::Verify(verify) => verify::run(verify, &args.load_options(), &mut console),
        Command::Scan(scan) => scan::run(scan, &args.load_options(), &mut console),
        Command::Disasm(disasm) => disasm::run(disasm, &args.load_options(), &mut console),
        Command::Convert(convert) => convert::run(convert, &args.load_options(), &mut console),
        Command::Pack(pack) => pack::run(pack, &args.load_options(), &mut console),
        Command::Extract(extract) => extract::run(extract, &args.load_options(), &mut console),
        Command::Align(align) => align::run(align, &args.load_options(), &mut console),
        Command::Diff(diff) => diff::run(diff, &args.load_options(), &mut console),
        Command::Devices(devices) => devices::run(devices, &mut console),
        Command::Completions { shell } => completions::run(*shell, &mut console),
    };
    match done.and_then(|()| console.out.flush()) {
        Ok(()) => console.exit,
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => console.exit,
        Err(e) => {
            let text = without_number(&e.to_string());
            let _ = writeln!(console.err, "npload: writing the output: {text}");
            Exit::Wrong
        }
    }
}

/// Help and the version are output; anything else that clap says is an error.
fn explain(usage: &clap::Error, json: bool, out: &mut dyn Write, err: &mut dyn Write) -> Exit {
    let text = usage.render().to_string();
    match usage.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
            Exit::Success
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = err.write_all(text.as_bytes());
            Exit::Usage
        }
        _ => {
            let text = text.strip_prefix("error: ").unwrap_or(&text);
            if json {
                // How it is used and where to get help stands behind it.
                let what = text.split("\n\nUsage:").next().unwrap_or(text);
                let what = what.split("\n\nFor more").next().unwrap_or(what);
                let words: Vec<&str> = what.split_whitespace().collect();
                let error = Failure::usage(Path::new(""), words.join(" "));
                let _ = json::write(&json::Refused { error }, out).and_then(|()| out.flush());
            }
            let _ = writeln!(err, "npload: {}", text.trim_end());
            Exit::Usage
        }
    }
}

/// Where a command writes, and how it will end.
pub(crate) struct Console<'a> {
    pub(crate) out: &'a mut dyn Write,
    err: &'a mut dyn Write,
    pub(crate) json: bool,
    exit: Exit,
}

impl Console<'_> {
    /// Says what went wrong, behind what was written so far. Nobody can be told if that fails.
    pub(crate) fn fail(&mut self, failure: &Failure) -> io::Result<()> {
        self.note(failure);
        self.say(&failure.to_string())
    }

    /// Ends as a failure does that was told elsewhere.
    pub(crate) fn note(&mut self, failure: &Failure) {
        self.exit = self.exit.max(failure.exit());
    }

    /// Says what kept the command from an answer, where 1 is one.
    pub(crate) fn trouble(&mut self, failure: &Failure) -> io::Result<()> {
        self.exit = Exit::Usage;
        self.say(&failure.to_string())
    }

    /// Ends as a failure does, for what was told otherwise.
    pub(crate) fn refuse(&mut self) {
        self.exit = self.exit.max(Exit::Wrong);
    }

    /// Says something on standard error, behind what was written so far.
    pub(crate) fn say(&mut self, text: &str) -> io::Result<()> {
        self.out.flush()?;
        let _ = writeln!(self.err, "npload: {text}");
        Ok(())
    }

    /// Writes a JSON document.
    pub(crate) fn document(&mut self, document: &impl Serialize) -> io::Result<()> {
        json::write(document, self.out)
    }
}
