//! The arguments.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args as Group, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use npload::{DType, Encoding, LoadOptions, MAX_HEADER_SIZE, PrintOptions};

use crate::csv::Header;
use crate::kind::Kind;
use crate::steps::Steps;

/// What is held in memory of one pickle.
const MAX_SIZE: u64 = 1 << 30;

/// Look at, check, show and write .npy and .npz files, and see what is in pickles.
///
/// Nothing in a file is ever executed, and no file is changed but by align, or replaced but with --force.
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
    /// A file as one of another kind: npy, npz, safetensors, csv
    Convert(Convert),
    /// Files as the members of one .npz file
    Pack(Pack),
    /// Members of an archive as files, byte for byte
    Extract(Extract),
    /// Write .npz files so that their stored arrays can be mapped
    Align(Align),
    /// Which arrays differ, where, and by how much
    Diff(Diff),
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

/// How the members of an archive are compressed.
#[derive(Debug, Group)]
pub(crate) struct Packing {
    /// How the members of a .npz are compressed; by default new ones are stored, and those of another .npz
    /// are copied as they are
    #[arg(long, value_name = "METHOD")]
    pub(crate) compression: Option<Method>,

    /// How tightly: 0 to 9 by deflate, 1 to 22 by zstd
    #[arg(long, value_name = "N")]
    pub(crate) level: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Method {
    /// Not at all: can be mapped
    Stored,
    /// Read by everything
    Deflate,
    /// Smaller or faster; read by npload, and by Python from 3.14 on
    Zstd,
}

#[derive(Debug, Group)]
#[command(
    after_help = "The file is written beside its place and renamed into it when it is whole. An array of any size goes \
                  through a few MiB of memory."
)]
pub(crate) struct Convert {
    /// A .npy, .npz, .safetensors or .csv file, and for one array of several its key; - is standard input
    #[arg(value_name = "IN[:KEY]")]
    pub(crate) input: OsString,

    /// The file to write; the end of its name says what it is to be; - is standard output
    #[arg(value_name = "OUT")]
    pub(crate) output: PathBuf,

    /// What OUT is to be, whatever its name
    #[arg(long, value_name = "KIND")]
    pub(crate) to: Option<Kind>,

    /// What IN is; all but csv is told by its first bytes
    #[arg(long, value_name = "KIND")]
    pub(crate) from: Option<Kind>,

    /// Replace OUT if it is there
    #[arg(long, short)]
    pub(crate) force: bool,

    /// The array's key in OUT; by default the one that it has, or IN's name
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Option<String>,

    #[command(flatten)]
    pub(crate) packing: Packing,

    /// An entry of a safetensors file's __metadata__; may be given again
    #[arg(long, value_name = "NAME=TEXT", value_parser = metadata)]
    pub(crate) metadata: Vec<(String, String)>,

    /// What stands between the cells of a csv file: one character, or tab
    #[arg(long, value_name = "CHAR", value_parser = delimiter, help_heading = "Csv")]
    pub(crate) delimiter: Option<u8>,

    /// Whether the first line of a csv file has the columns' names
    #[arg(
        long,
        value_name = "WHEN",
        default_value = "auto",
        help_heading = "Csv"
    )]
    pub(crate) header: Header,

    /// What the cells are, instead of what they look like: float32, U, i4,f8,S5
    #[arg(long, value_name = "DTYPE", help_heading = "Csv")]
    pub(crate) dtype: Option<DType>,
}

#[derive(Debug, Group)]
#[command(
    after_help = "The key of an npy file is its name without .npy; those of archives stay. Members are copied byte for byte."
)]
pub(crate) struct Pack {
    /// The .npz file to write; - is standard output
    #[arg(value_name = "OUT")]
    pub(crate) output: PathBuf,

    /// .npy files, and .npz and .safetensors files or one array of them; NAME= gives it another key
    #[arg(required = true, value_name = "[NAME=]FILE[:KEY]")]
    pub(crate) files: Vec<OsString>,

    /// Replace OUT if it is there
    #[arg(long, short)]
    pub(crate) force: bool,

    #[command(flatten)]
    pub(crate) packing: Packing,
}

#[derive(Debug, Group)]
#[command(
    after_help = "A name leads to nowhere but below the folder, and no link in it is followed. Objects are copied as they are \
                  pickled; nothing in them runs."
)]
pub(crate) struct Extract {
    /// A .npz or .safetensors file; - is standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,

    /// Which members; all of them if none is named
    #[arg(value_name = "KEY")]
    pub(crate) keys: Vec<String>,

    /// The folder to write them to; made if it is not there
    #[arg(long, short = 'C', value_name = "DIR", default_value = ".")]
    pub(crate) directory: PathBuf,

    /// Replace files that are there
    #[arg(long, short)]
    pub(crate) force: bool,
}

#[derive(Debug, Group)]
#[command(
    after_help = "The archive is written anew beside its place, members as they are compressed, and renamed into it."
)]
pub(crate) struct Align {
    /// .npz files
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,

    /// At multiples of how many bytes of the file the arrays are to begin: a power of two up to 32768
    #[arg(long, value_name = "N", default_value_t = 64)]
    pub(crate) to: u32,

    /// Write it there, and leave FILE as it is
    #[arg(long, short, value_name = "OUT")]
    pub(crate) output: Option<PathBuf>,

    /// Replace OUT if it is there
    #[arg(long, short)]
    pub(crate) force: bool,
}

#[derive(Debug, Group)]
#[command(
    after_help = "NaN equals NaN, and integers, times and texts are compared exactly. Relative differences are to B's values. \
                  Exit codes: 0 all is equal, 1 something differs, 2 that cannot be said."
)]
pub(crate) struct Diff {
    /// A .npy, .npz or .safetensors file, and for one array of several its key
    #[arg(value_name = "A[:KEY]")]
    pub(crate) a: OsString,

    /// What it is compared with
    #[arg(value_name = "B[:KEY]")]
    pub(crate) b: OsString,

    /// Numbers are equal if they differ by no more than this part of B's
    #[arg(long, value_name = "X", default_value_t = 0.0, allow_negative_numbers = true, value_parser = tolerance)]
    pub(crate) rtol: f64,

    /// Numbers are equal if they differ by no more than this, beside what --rtol allows
    #[arg(long, value_name = "X", default_value_t = 0.0, allow_negative_numbers = true, value_parser = tolerance)]
    pub(crate) atol: f64,

    /// Compare values alone: dtypes may differ
    #[arg(long)]
    pub(crate) values: bool,

    /// Say nothing: the exit code tells
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

/// `NAME=TEXT`.
fn metadata(text: &str) -> Result<(String, String), &'static str> {
    let pair = text.split_once('=').ok_or("it has no =")?;
    Ok((pair.0.to_owned(), pair.1.to_owned()))
}

/// One character of ASCII, or the word for one that is hard to type.
fn delimiter(text: &str) -> Result<u8, &'static str> {
    match *text.as_bytes() {
        [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\r' | b'\n') => Ok(byte),
        _ if matches!(text, "tab" | "\\t") => Ok(b'\t'),
        _ => Err("it is one character of ASCII that is neither a quote nor a line's end, or tab"),
    }
}

/// A number that is not negative.
fn tolerance(text: &str) -> Result<f64, &'static str> {
    let number = text.parse().ok().filter(|number: &f64| *number >= 0.0);
    number.ok_or("it is a number that is not negative")
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
