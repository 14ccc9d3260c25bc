//! The arguments.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args as Group, Parser, Subcommand};
use clap_complete::Shell;
use npload::{Encoding, LoadOptions, MAX_HEADER_SIZE, PrintOptions};

use crate::steps::Steps;

/// What is held in memory of one pickle.
const MAX_SIZE: u64 = 1 << 30;

/// Look at, check and show .npy and .npz files, and what is in pickles.
///
/// Nothing in a file is ever executed or changed.
#[derive(Debug, Parser)]
#[command(
    name = "npload",
    version,
    max_term_width = 100,
    after_help = "Exit codes: 0 all is well, 1 a file is missing, damaged or refused, 2 the arguments make no sense."
)]
pub(crate) struct Args {
    /// Answer with one JSON document
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// The most characters an npy header may have
    #[arg(long, global = true, value_name = "N", default_value_t = MAX_HEADER_SIZE, allow_negative_numbers = true)]
    max_header_size: usize,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// What files hold: names, dtypes, shapes, sizes; loads no data
    Info(Info),
    /// Values as NumPy prints them; reads no more than it shows
    Show(Show),
    /// Least, greatest, mean and deviation of numbers, and how many are NaN or zero
    Stats(Stats),
    /// Check every checksum, size and header
    Verify(Verify),
    /// What a loader would run: every import and call in pickles, and whether it is safe
    Scan(Scan),
    /// The opcodes of a pickle, as Python's pickletools lists them
    Disasm(Disasm),
    /// The devices of a PJRT plugin, which is loaded and runs
    Devices(Devices),
    /// Print completions for a shell
    Completions {
        /// For which shell
        shell: Shell,
    },
}

#[derive(Debug, Group)]
pub(crate) struct Info {
    /// .npy and .npz files; - is standard input
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

#[derive(Debug, Group)]
pub(crate) struct Verify {
    /// .npy and .npz files; - is standard input
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,

    /// Say only what is wrong
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Group)]
#[command(
    after_help = "Exit codes: 0 all is safe, 1 something is dangerous, unknown, or cannot be read, 2 the arguments make no sense."
)]
pub(crate) struct Scan {
    /// Files of any kind, and folders of them; - is standard input
    #[arg(required = true, value_name = "FILE|DIR")]
    pub(crate) files: Vec<PathBuf>,

    /// Say only what is not safe
    #[arg(long, short)]
    pub(crate) quiet: bool,

    /// A global that is as safe as those on the list, with its module; may be given again
    #[arg(long, value_name = "MODULE.NAME")]
    pub(crate) allow: Vec<String>,

    /// The most bytes, unpacked, that are looked at as one pickle
    #[arg(long, value_name = "N", default_value_t = MAX_SIZE, allow_negative_numbers = true)]
    pub(crate) max_size: u64,
}

#[derive(Debug, Group)]
pub(crate) struct Disasm {
    /// A pickle, or a .npy file of objects; of an archive with the key of one member; - is standard input
    #[arg(value_name = "FILE[:KEY]")]
    pub(crate) place: OsString,

    /// The most bytes that are read; pickles that end before are listed
    #[arg(long, value_name = "N", default_value_t = MAX_SIZE, allow_negative_numbers = true)]
    pub(crate) max_size: u64,
}

#[derive(Debug, Group)]
pub(crate) struct Devices {
    /// The plugin: a shared library, which runs as this command does. Without it, the one that the environment
    /// variable PJRT_PLUGIN_PATH names
    #[arg(long, value_name = "PATH")]
    pub(crate) plugin: Option<PathBuf>,

    /// An option of the plugin's, such as cpu_device_count=8; may be given again
    #[arg(long = "option", value_name = "NAME=VALUE")]
    pub(crate) options: Vec<String>,
}

#[derive(Debug, Group)]
pub(crate) struct Show {
    /// A .npy or .npz file, and for one array of a .npz its key; - is standard input. SLICE may stand
    /// right behind it: "x.npz:w[10:20, ..., 3]"
    #[arg(value_name = "FILE[:KEY]")]
    pub(crate) place: OsString,

    /// What to show, in Python's syntax: -1, ":10, ::2", "..., None", "['field'][:3]"
    #[arg(value_name = "SLICE")]
    pub(crate) steps: Option<Steps>,

    /// Show what Python's repr says, dtype and all
    #[arg(long)]
    pub(crate) repr: bool,

    /// How 8-bit strings in pickles of Python 2 are read
    #[arg(long, value_name = "NAME", default_value = "ASCII", value_parser = encodings())]
    pub(crate) encoding: Encoding,

    #[command(flatten)]
    pub(crate) print: Print,
}

#[derive(Debug, Group)]
#[command(
    after_help = "NaN and NaT are counted and otherwise left out, as numpy.nanmin and its like leave them out. std is the \
                  population's, as numpy.std. Mean and std are computed in float64; integers' min and max are exact. \
                  Any size of file is read in a few MiB of memory."
)]
pub(crate) struct Stats {
    /// A .npy or .npz file, and for one array of a .npz its key; - is standard input. SLICE may stand
    /// right behind it
    #[arg(value_name = "FILE[:KEY]")]
    pub(crate) place: OsString,

    /// Of which part, in Python's syntax: -1, ":10, ::2", "['field'][:3]"
    #[arg(value_name = "SLICE")]
    pub(crate) steps: Option<Steps>,

    /// Along this axis, which goes away; else of all values
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) axis: Option<isize>,
}

/// NumPy's printoptions.
#[derive(Debug, Group)]
#[command(next_help_heading = "As numpy.set_printoptions")]
pub(crate) struct Print {
    /// Digits behind the point at most
    #[arg(long, value_name = "N", default_value_t = PrintOptions::default().precision, allow_negative_numbers = true)]
    precision: usize,
    /// Of arrays of more elements only the edges are shown
    #[arg(long, value_name = "N", default_value_t = PrintOptions::default().threshold, allow_negative_numbers = true)]
    threshold: usize,
    /// Elements at each edge of an axis
    #[arg(long, value_name = "N", default_value_t = PrintOptions::default().edgeitems, allow_negative_numbers = true)]
    edgeitems: usize,
    /// Columns of a line
    #[arg(long, value_name = "N", default_value_t = PrintOptions::default().linewidth, allow_negative_numbers = true)]
    linewidth: usize,
    /// Small numbers as 0, not with exponents
    #[arg(long)]
    suppress: bool,
}

/// numpy.load's names of encodings.
fn encodings() -> impl TypedValueParser<Value = Encoding> {
    let names = PossibleValuesParser::new(["ASCII", "latin1", "bytes"]);
    names.try_map(|name| Encoding::parse(&name))
}

impl Print {
    pub(crate) fn options(&self) -> PrintOptions {
        PrintOptions {
            precision: self.precision,
            threshold: self.threshold,
            edgeitems: self.edgeitems,
            linewidth: self.linewidth,
            suppress: self.suppress,
        }
    }
}

impl Args {
    pub(crate) fn load_options(&self) -> LoadOptions {
        // Pickles are read as data: nothing in them runs.
        LoadOptions::new()
            .allow_pickle(true)
            .max_header_size(self.max_header_size)
    }
}
