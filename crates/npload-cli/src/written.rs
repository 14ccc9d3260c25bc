//! What a command tells of the file that it wrote.

use std::fs;
use std::io;
use std::path::Path;

use serde::Serialize;

use crate::failure::Failure;
use crate::info::tuple;
use crate::members::{Planned, described};
use crate::output::Output;
use crate::place::is_stdout;
use crate::run::Console;
use crate::store::Item;
use crate::{escape, sizes};

/// A file that was written.
pub(crate) struct Written {
    format: &'static str,
    arrays: Vec<Array>,
}

/// One of the things in it; one that is no array has neither dtype nor shape.
#[derive(Serialize)]
pub(crate) struct Array {
    pub(crate) key: Option<String>,
    pub(crate) dtype: Option<String>,
    pub(crate) shape: Option<Vec<usize>>,
}

/// The document of `convert` and `pack`.
#[derive(Serialize)]
struct Document {
    file: String,
    /// None where nothing was written.
    format: Option<&'static str>,
    arrays: Vec<Array>,
    /// The bytes of the file.
    size: Option<u64>,
    errors: Vec<Failure>,
}

impl Array {
    /// An item, under its key or under none.
    pub(crate) fn of(item: &Item<'_>, key: Option<String>) -> Self {
        let (dtype, shape) = described(item).unzip();
        Array { key, dtype, shape }
    }

    fn planned(planned: &Planned<'_>) -> Self {
        let key = planned.name.strip_suffix(".npy").unwrap_or(&planned.name);
        let (dtype, shape) = planned.array.clone().unzip();
        Array {
            key: Some(key.to_owned()),
            dtype,
            shape,
        }
    }
}

impl Written {
    pub(crate) fn new(format: &'static str, arrays: Vec<Array>) -> Self {
        Written { format, arrays }
    }

    /// Writes an archive of these members; `unread` is said of one that cannot be read.
    pub(crate) fn archive(
        planned: &[Planned<'_>],
        to: &Output<'_>,
        unread: impl FnOnce(&npload::Error) -> Failure,
        console: &mut Console<'_>,
    ) -> io::Result<Result<Written, Vec<Failure>>> {
        let members = planned.iter().map(Planned::member);
        let done = match members.collect::<npload::Result<Vec<_>>>() {
            Ok(members) => to.archive(members, console)?,
            Err(err) => Err(unread(&err)),
        };
        let arrays = planned.iter().map(Array::planned).collect();
        Ok(Written::new("npz", arrays).once(done))
    }

    /// This, if it was done, or what kept it from that.
    pub(crate) fn once(self, done: Result<(), Failure>) -> Result<Written, Vec<Failure>> {
        done.map(|()| self).map_err(|failure| vec![failure])
    }

    /// What is in it, in few words.
    fn what(&self) -> String {
        if let [
            Array {
                dtype: Some(dtype),
                shape: Some(shape),
                ..
            },
        ] = &*self.arrays
        {
            return format!("{} {}", escape::name(dtype), tuple(shape));
        }
        let others = self.arrays.iter().filter(|array| array.dtype.is_none());
        let others = others.count();
        let arrays = sizes::count(self.arrays.len().saturating_sub(others), "array");
        match others {
            0 => arrays,
            _ => format!("{arrays}, {}", sizes::count(others, "other member")),
        }
    }

    /// Says what was written, or what kept it from that.
    pub(crate) fn report(
        path: &Path,
        done: Result<Written, Vec<Failure>>,
        console: &mut Console<'_>,
    ) -> io::Result<()> {
        let size = fs::metadata(path).ok().filter(|found| found.is_file());
        let size = size.map(|found| found.len());
        let (written, errors) = match done {
            Ok(written) => (Some(written), Vec::new()),
            Err(failures) => (None, failures),
        };
        for failure in &errors {
            console.fail(failure)?;
        }
        if console.json {
            return console.document(&Document {
                file: escape::as_text(path),
                format: written.as_ref().map(|written| written.format),
                size: size.filter(|_| written.is_some()),
                arrays: written.map(|written| written.arrays).unwrap_or_default(),
                errors,
            });
        }
        match written {
            Some(written) if !is_stdout(path) => {
                let what = written.what();
                let size = size.map(|size| format!(", {}", sizes::rough(size)));
                let size = size.unwrap_or_default();
                writeln!(console.out, "{}: {what}{size}", escape::path(path))
            }
            _ => Ok(()),
        }
    }
}
