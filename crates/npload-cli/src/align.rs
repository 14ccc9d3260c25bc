//! `npload align`: archives whose stored arrays can be mapped.

use std::io;
use std::path::{Path, PathBuf};

use npload::{LoadOptions, Peeked, SaveOptions};
use serde::Serialize;

use crate::args::Align;
use crate::failure::Failure;
use crate::json::Files;
use crate::place::{is_stdin, is_stdout};
use crate::progress::Bar;
use crate::run::Console;
use crate::{escape, sizes};

/// The largest number at whose multiples arrays can begin: an extra field moves them, and has a length.
const MOST: u32 = 1 << 15;

/// What became of an archive.
#[derive(Serialize)]
struct Aligned {
    file: String,
    /// Where it was written; null where nothing was.
    written: Option<String>,
    /// Its stored arrays, and how many of them lay at such places before.
    stored: usize,
    aligned: usize,
    error: Option<Failure>,
}

pub(crate) fn run(
    args: &Align,
    options: &LoadOptions,
    console: &mut Console<'_>,
) -> io::Result<()> {
    if let (Some(output), 2..) = (&args.output, args.files.len()) {
        let message = "-o names one file, and several are to be aligned";
        return console.fail(&Failure::usage(output, message));
    }
    let named = args.files.iter().find(|path| is_stdin(path));
    if let Some(path) = named.or(args.output.as_ref().filter(|path| is_stdout(path))) {
        let message = "align goes through a file several times, and writes one: name files";
        return console.fail(&Failure::usage(path, message));
    }
    let mut files = Vec::new();
    for path in &args.files {
        let mut told = Aligned {
            file: escape::as_text(path),
            written: None,
            stored: 0,
            aligned: 0,
            error: None,
        };
        if let Err(failure) = align(args, path, options, &mut told, console) {
            console.fail(&failure)?;
            told.error = Some(failure);
        } else if !console.json {
            say(args, path, &told, console)?;
        }
        files.push(told);
    }
    match console.json {
        true => console.document(&Files { files }),
        false => Ok(()),
    }
}

fn align(
    args: &Align,
    path: &Path,
    options: &LoadOptions,
    told: &mut Aligned,
    console: &Console<'_>,
) -> Result<(), Failure> {
    if !args.to.is_power_of_two() || args.to > MOST {
        let message = format!("--to is a power of two up to {MOST}, and not {}", args.to);
        return Err(Failure::usage(path, message));
    }
    let npz = options.open_npz(path);
    let peeked = npz.map_err(|err| Failure::new(path, &err))?.peek();
    let offsets = peeked.iter().filter_map(|array: &Peeked| array.data_offset);
    let to = u64::from(args.to);
    let lies = |offset: u64| offset.checked_rem(to) == Some(0);
    (told.stored, told.aligned) = offsets.fold((0_usize, 0_usize), |(all, good), offset| {
        let more = usize::from(lies(offset));
        (all.saturating_add(1), good.saturating_add(more))
    });
    if told.stored == told.aligned && args.output.is_none() {
        return Ok(());
    }
    let bar = Bar::of(path, console.json);
    let output: PathBuf = args.output.clone().unwrap_or_else(|| path.to_owned());
    let options = SaveOptions::new()
        .align(usize::try_from(args.to).unwrap_or(usize::MAX))
        .create_new(args.output.is_some() && !args.force);
    let edit = bar.watch_save(&options).edit_npz(path);
    let edit = edit.map_err(|err| Failure::new(path, &err))?;
    edit.save_as(&output)
        .map_err(|err| Failure::writing(&output, &err))?;
    told.written = Some(escape::as_text(&output));
    Ok(())
}

fn say(args: &Align, path: &Path, told: &Aligned, console: &mut Console<'_>) -> io::Result<()> {
    let file = escape::path(args.output.as_deref().unwrap_or(path));
    let what = match (told.stored, &told.written) {
        (0, _) => "no stored array; what is compressed cannot be mapped".to_owned(),
        (all, None) => format!(
            "{} at multiples of {} already",
            sizes::count(all, "stored array"),
            args.to
        ),
        (all, Some(_)) => format!(
            "{} at multiples of {}, {} before",
            sizes::count(all, "stored array"),
            args.to,
            told.aligned
        ),
    };
    writeln!(console.out, "{file}: {what}")
}
