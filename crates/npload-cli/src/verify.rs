//! `npload verify`: every checksum, size and header.

use std::io;
use std::path::Path;

use npload::{Handle, LoadOptions, Npy, Peeked};

use crate::args::Verify;
use crate::failure::Failure;
use crate::info::{failures, payload};
use crate::json::{FileInfo, FileVerdict, Files};
use crate::progress::Bar;
use crate::run::Console;
use crate::{escape, place, sizes};

/// An npy file has no checksum.
const NPY: &[&str] = &["header", "size"];
const NPZ: &[&str] = &["checksum", "size", "header"];

pub(crate) fn run(
    verify: &Verify,
    options: &LoadOptions,
    console: &mut Console<'_>,
) -> io::Result<()> {
    let mut files = Vec::new();
    let mut wrong = 0_usize;
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
                Ok(Checked {
                    handle,
                    arrays,
                    what,
                }) => FileVerdict::new(FileInfo::new(path, &handle, &arrays), what),
                Err(failure) => FileVerdict::new(FileInfo::failed(path, failure), &[]),
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
}

fn check(path: &Path, options: &LoadOptions) -> Result<Checked, Failure> {
    let handle = place::open(path, options)?;
    let checked = match &handle {
        Handle::Npy(npy) => check_npy(npy).map(|array| (vec![array], NPY)),
        Handle::Npz(npz) => npz.verify_all().map(|arrays| (arrays, NPZ)),
        _ => Ok((handle.peek(), [].as_slice())),
    };
    let (arrays, what) = checked.map_err(|e| Failure::new(path, &e))?;
    Ok(Checked {
        handle,
        arrays,
        what,
    })
}

/// The header was read when it was opened. Of Python objects nothing more can be told.
fn check_npy(npy: &Npy) -> npload::Result<Peeked> {
    if !npy.header().dtype().has_object() {
        npy.part()?;
    }
    Ok(npy.peek())
}

impl Checked {
    fn summary(&self) -> String {
        let nbytes = self.arrays.iter().map(|array| match &array.header {
            Ok(Some(header)) => payload(header, array),
            _ => array.size,
        });
        let nbytes = nbytes.fold(0, u64::saturating_add);
        let what = match &self.handle {
            Handle::Npy(npy) if npy.header().dtype().has_object() => {
                "header (Python objects are not looked into)".to_owned()
            }
            Handle::Npy(_) => "header and size (an npy file has no checksum)".to_owned(),
            _ => "checksums, sizes and headers".to_owned(),
        };
        let members = match &self.handle {
            Handle::Npy(_) => String::new(),
            _ => format!("{}, ", sizes::count(self.arrays.len(), "member")),
        };
        format!("{members}{}; {what}", sizes::rough(nbytes))
    }
}
