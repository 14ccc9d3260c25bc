//! `npload verify`: every checksum, size and header.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use npload::{Encoding, Handle, Header, LoadOptions, Peeked};
use npload_pickle::{End, find_end};

use crate::args::Verify;
use crate::failure::{Failure, wrong};
use crate::forward::Forward;
use crate::info::{failures, payload};
use crate::json::{FileInfo, FileVerdict, Files};
use crate::progress::Bar;
use crate::run::Console;
use crate::{escape, place, sizes};

/// An npy file has no checksum.
const NPY: &[&str] = &["header", "size"];
const OBJECTS: &[&str] = &["header", "pickle"];
const PICKLE: &[&str] = &["pickle"];
const NPZ: &[&str] = &["checksum", "size", "header"];
const NPZ_OBJECTS: &[&str] = &["checksum", "size", "header", "pickle"];

/// So many oddities of an archive are told.
const MOST_NOTES: usize = 3;

pub(crate) fn run(
    verify: &Verify,
    options: &LoadOptions,
    console: &mut Console<'_>,
) -> io::Result<()> {
    let mut files = Vec::new();
    let mut wrong = 0_usize;
    // Whatever Python 2's strings mean, their bytes are there.
    let options = &options.clone().encoding(Encoding::Latin1);
    for path in &verify.files {
        let bar = Bar::of(path, console.json);
        let checked = check(path, &bar.watch(options));
        drop(bar);
        let failures = match &checked {
            Ok(checked) => failures(path, &checked.arrays),
            Err(failure) => vec![failure.clone()],
        };
        wrong = wrong.saturating_add(usize::from(!failures.is_empty()));
        if console.json {
            let verdict = match checked {
                Ok(checked) => {
                    let info = FileInfo::new(path, &checked.arrays);
                    FileVerdict::new(info, checked.what, checked.notes())
                }
                Err(failure) => FileVerdict::new(FileInfo::failed(path, failure), &[], Vec::new()),
            };
            files.push(verdict);
        } else if let (Ok(checked), false, true) = (&checked, verify.quiet, failures.is_empty()) {
            writeln!(
                console.out,
                "ok    {}: {}",
                escape::path(path),
                checked.summary()
            )?;
        }
        for failure in &failures {
            if console.json {
                console.fail(failure)?;
            } else {
                writeln!(console.out, "WRONG {failure}")?;
                console.note(failure);
            }
        }
    }
    if console.json {
        return console.document(&Files { files });
    }
    if wrong > 0 {
        let all = sizes::count(verify.files.len(), "file");
        let is = if wrong == 1 { "is" } else { "are" };
        console.say(&format!(
            "{} of {all} {is} wrong",
            sizes::exact(wrong as u64)
        ))?;
    }
    Ok(())
}

/// A file that could be opened.
struct Checked {
    handle: Handle,
    /// An error for each that is wrong.
    arrays: Vec<Peeked>,
    what: &'static [&'static str],
    /// Where the pickle of each ends, if it has one and that is known.
    ends: Vec<Option<u64>>,
}

fn check(path: &Path, options: &LoadOptions) -> Result<Checked, Failure> {
    let handle = place::open(path, options)?;
    let checked = match &handle {
        // The header was read when it was opened, and sizes need no more.
        Handle::Npy(npy) if npy.header().dtype().has_object() => {
            npy.load_object_array().map(|_| (vec![npy.peek()], OBJECTS))
        }
        Handle::Npy(npy) => Ok((vec![npy.peek()], NPY)),
        Handle::Pickle(pickle) => pickle.load().map(|_| (vec![pickle.peek()], PICKLE)),
        Handle::Npz(npz) => npz.verify_all().map(|arrays| {
            let what = if arrays.iter().any(holds_objects) {
                NPZ_OBJECTS
            } else {
                NPZ
            };
            (arrays, what)
        }),
        _ => Ok((handle.peek(), [].as_slice())),
    };
    let (arrays, what) = checked.map_err(|e| Failure::new(path, &e))?;
    let ends = ends(path, &handle, &arrays);
    Ok(Checked {
        handle,
        arrays,
        what,
        ends,
    })
}

fn holds_objects(array: &Peeked) -> bool {
    matches!(&array.header, Ok(Some(header)) if header.dtype().has_object())
}

/// Where the pickle of each array ends. A stream is read no further than that.
fn ends(path: &Path, handle: &Handle, arrays: &[Peeked]) -> Vec<Option<u64>> {
    let end = |(index, array): (usize, &Peeked)| {
        let start = match &array.header {
            _ if wrong(array).is_some() => return None,
            Ok(Some(header)) if header.dtype().has_object() => header.data_offset() as u64,
            Ok(None) if matches!(handle, Handle::Pickle(_)) => 0,
            _ => return None,
        };
        let stream: Box<dyn Read> = match handle {
            Handle::Npz(npz) => Box::new(npz.stream(index).ok()?),
            _ if !path.is_file() => return None,
            _ => Box::new(File::open(path).ok()?),
        };
        let mut stream = Forward::new(BufReader::new(stream), start).ok()?;
        match find_end(&mut stream, u64::MAX) {
            Ok(End::At(len)) => Some(start.saturating_add(len)),
            _ => None,
        }
    };
    arrays.iter().enumerate().map(end).collect()
}

impl Checked {
    fn summary(&self) -> String {
        let ends = self.ends.iter().copied();
        let nbytes = self.arrays.iter().zip(ends).map(|(array, end)| {
            let end = end.unwrap_or(array.size);
            match &array.header {
                Ok(Some(header)) if header.dtype().has_object() => {
                    end.saturating_sub(header.data_offset() as u64)
                }
                Ok(Some(header)) => payload(header, array),
                _ => end,
            }
        });
        let nbytes = nbytes.fold(0, u64::saturating_add);
        let what = match &self.handle {
            Handle::Npy(npy) if npy.header().dtype().has_object() => {
                "header, and that its pickle can be read".to_owned()
            }
            Handle::Npy(_) => "header and size (an npy file has no checksum)".to_owned(),
            Handle::Pickle(_) => "that the pickle can be read".to_owned(),
            _ if self.arrays.iter().any(holds_objects) => {
                "checksums, sizes, headers, and that pickles can be read".to_owned()
            }
            _ => "checksums, sizes and headers".to_owned(),
        };
        let members = match &self.handle {
            Handle::Npy(_) | Handle::Pickle(_) => String::new(),
            _ => format!("{}, ", sizes::count(self.arrays.len(), "member")),
        };
        let notes: String = self
            .notes()
            .iter()
            .map(|note| format!("; {note}"))
            .collect();
        format!("{members}{}; {what}{notes}", sizes::rough(nbytes))
    }

    /// What is odd about a file in which nothing is wrong.
    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        for (array, end) in self.arrays.iter().zip(&self.ends) {
            let header = array.header.as_ref().ok().and_then(Option::as_ref);
            let (used, what) = match (end, header) {
                (Some(end), _) => (*end, "pickle"),
                (None, Some(header)) => {
                    let offset = header.data_offset() as u64;
                    (payload(header, array).saturating_add(offset), "array")
                }
                (None, None) => continue,
            };
            let left = array.size.saturating_sub(used);
            let member = match &array.member {
                Some(name) => format!("member \"{}\": ", escape::name(name)),
                None => String::new(),
            };
            if left > 0 {
                let follow = if left == 1 { "follows" } else { "follow" };
                let bytes = sizes::exact_bytes(left);
                notes.push(format!("{member}{bytes} {follow} the {what}"));
            }
            let warnings = header.into_iter().flat_map(Header::warnings);
            notes.extend(warnings.map(|warning| {
                let text = warning.to_string();
                format!("{member}{}", escape::name(&text))
            }));
        }
        let more = notes.len().saturating_sub(MOST_NOTES);
        notes.truncate(MOST_NOTES);
        if more > 0 {
            notes.push(format!("and {} more", sizes::exact(more as u64)));
        }
        notes
    }
}
