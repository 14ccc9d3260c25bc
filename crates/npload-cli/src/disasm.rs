//! `npload disasm`: opcodes, as `pickletools.dis` lists them.

use std::cell::RefCell;
use std::io::{self, Read};

use npload::{Buffer, Handle, LoadOptions, Npz};
use npload_pickle::{Disassembly, End, Instruction, disassemble_at, find_end};
use serde::{Serialize, Serializer};

use crate::args::Disasm;
use crate::failure::Failure;
use crate::place::Place;
use crate::run::Console;
use crate::{escape, place};

pub(crate) fn run(
    disasm: &Disasm,
    options: &LoadOptions,
    console: &mut Console<'_>,
) -> io::Result<()> {
    let place = Place::find(&disasm.place);
    let Pickled {
        bytes,
        start,
        beyond,
    } = match pickled(&place, options, disasm.max_size) {
        Ok(found) => found,
        Err(failure) => {
            if console.json {
                console.document(&crate::json::Refused {
                    error: failure.clone(),
                })?;
            }
            return console.fail(&failure);
        }
    };
    let mut rows = Rows::new(&bytes, start);
    if console.json {
        let cell = RefCell::new(rows);
        let document = Document {
            file: escape::as_text(&place.path),
            key: place.key.as_deref(),
            instructions: Instructions(&cell),
            error: Ending(&cell, &place, beyond.as_ref()),
        };
        console.document(&document)?;
        rows = cell.into_inner();
    } else {
        while let Some((pickle, row)) = rows.next() {
            if pickle > 0 && row.offset == rows.start {
                writeln!(console.out)?;
            }
            writeln!(console.out, "{}", escape::name(&row.to_string()))?;
            if row.op == npload_pickle::Op::Stop {
                let highest = rows.opcodes.highest_protocol();
                writeln!(console.out, "highest protocol among opcodes = {highest}")?;
            }
        }
    }
    let error = rows
        .error
        .map(|error| Failure::pickle(&place.path, place.key.as_deref(), &error));
    match error.or(beyond) {
        Some(failure) => console.fail(&failure),
        None => Ok(()),
    }
}

/// The bytes that pickles are in, and where the first starts.
struct Pickled {
    bytes: Buffer,
    start: usize,
    /// That there is more than was read.
    beyond: Option<Failure>,
}

fn pickled(place: &Place, options: &LoadOptions, most: u64) -> Result<Pickled, Failure> {
    let path = &place.path;
    let fail = |e: &io::Error| Failure::unread(path, e);
    let mut bytes = Vec::new();
    // What begins as an archive does is opened as one; all else is read.
    if let Some(key) = &place.key {
        let Handle::Npz(npz) = place::open(path, options)? else {
            let message = format!("this is one array, not an archive: there is no array \"{key}\"");
            return Err(Failure::usage(path, message));
        };
        let index = index_of(&npz, key).ok_or_else(|| Failure::no_such_key(path, &npz, key))?;
        let stream = npz.stream(index).map_err(|e| Failure::new(path, &e))?;
        let read = stream.take(most.saturating_add(1)).read_to_end(&mut bytes);
        read.map_err(|e| match e.get_ref().and_then(|e| e.downcast_ref()) {
            Some(err) => Failure::new(path, err),
            None => fail(&e),
        })?;
    } else {
        let read = match path.as_os_str() == "-" {
            true => io::stdin()
                .lock()
                .take(most.saturating_add(1))
                .read_to_end(&mut bytes),
            false => std::fs::File::open(path)
                .and_then(|file| file.take(most.saturating_add(1)).read_to_end(&mut bytes)),
        };
        read.map_err(|e| fail(&e))?;
    }
    let bytes = Buffer::from(bytes);
    if bytes.starts_with(b"PK\x03\x04") && bytes.len() as u64 <= most {
        let npz = options.open_npz_in(bytes);
        let npz = npz.map_err(|e| Failure::new(path, &e))?;
        let keys = Failure::keys(&npz, "");
        let message = format!("which array? name one of: {keys}");
        return Err(Failure::usage(path, message));
    }
    let start = if bytes.starts_with(b"\x93NUMPY") {
        let npy = options
            .open_npy_in(bytes.clone())
            .map_err(|e| Failure::new(path, &e))?;
        let header = npy.header();
        if !header.dtype().has_object() {
            let dtype = header.dtype();
            let message = format!("an array of {dtype} is not pickled; npload show prints it");
            return Err(Failure::of(path, message));
        }
        header.data_offset()
    } else {
        0
    };
    if bytes.len() as u64 <= most {
        return Ok(Pickled {
            bytes,
            start,
            beyond: None,
        });
    }
    // What is whole is listed.
    let end = whole_pickles(&bytes, start, most);
    if end == start {
        let message = format!("it has more than {most} bytes (--max-size)");
        return Err(Failure::of(path, message));
    }
    let message = format!("what follows is not listed: it goes beyond {most} bytes (--max-size)");
    Ok(Pickled {
        bytes: bytes.slice(..end),
        start,
        beyond: Some(Failure::of(path, message)),
    })
}

/// Where the last of the pickles in a row ends that does so before `most` bytes.
fn whole_pickles(bytes: &[u8], start: usize, most: u64) -> usize {
    let mut at = start;
    loop {
        let mut rest = bytes.get(at..).unwrap_or_default();
        let Ok(End::At(len)) = find_end(&mut rest, u64::MAX) else {
            return at;
        };
        let end = (at as u64).saturating_add(len);
        match usize::try_from(end) {
            Ok(end) if end as u64 <= most && end <= bytes.len() => at = end,
            _ => return at,
        }
    }
}

/// By its whole name first, then by its key; of several the last.
fn index_of(npz: &Npz, key: &str) -> Option<usize> {
    let by_name = npz.names().enumerate().filter(|(_, name)| *name == key);
    let by_key = npz.keys().enumerate().filter(|(_, name)| *name == key);
    by_name.last().or(by_key.last()).map(|(index, _)| index)
}

/// The opcodes of pickles in a row.
struct Rows<'a> {
    bytes: &'a [u8],
    opcodes: Disassembly<'a>,
    /// Where this pickle starts, and how many were before it.
    start: usize,
    pickle: usize,
    error: Option<npload_pickle::Error>,
}

impl<'a> Rows<'a> {
    fn new(bytes: &'a [u8], start: usize) -> Self {
        Rows {
            bytes,
            opcodes: disassemble_at(bytes, start),
            start,
            pickle: 0,
            error: None,
        }
    }

    /// The next one, and of which pickle it is. What follows a pickle and is none is an error.
    fn next(&mut self) -> Option<(usize, Instruction<'a>)> {
        if self.error.is_some() {
            return None;
        }
        let next = self.opcodes.next().or_else(|| {
            let end = self.opcodes.position();
            if end >= self.bytes.len() {
                return None;
            }
            self.opcodes = disassemble_at(self.bytes, end);
            self.start = end;
            self.pickle = self.pickle.saturating_add(1);
            self.opcodes.next()
        })?;
        match next {
            Ok(row) => Some((self.pickle, row)),
            Err(error) => {
                self.error = Some(error);
                None
            }
        }
    }
}

#[derive(Serialize)]
struct Document<'a, 'b> {
    file: String,
    key: Option<&'a str>,
    instructions: Instructions<'a, 'b>,
    error: Ending<'a, 'b>,
}

/// Written as they are read.
struct Instructions<'a, 'b>(&'a RefCell<Rows<'b>>);

/// What ended them, known when they are written.
struct Ending<'a, 'b>(&'a RefCell<Rows<'b>>, &'a Place, Option<&'a Failure>);

impl Serialize for Ending<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let rows = self.0.borrow();
        let error = rows.error.as_ref();
        error
            .map(|error| Failure::pickle(&self.1.path, self.1.key.as_deref(), error))
            .or_else(|| self.2.cloned())
            .serialize(serializer)
    }
}

#[derive(Serialize)]
struct Row {
    pickle: usize,
    offset: usize,
    opcode: &'static str,
    argument: Option<String>,
    mark: Option<usize>,
    memo: Option<u64>,
}

impl Serialize for Instructions<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut rows = self.0.borrow_mut();
        serializer.collect_seq(std::iter::from_fn(|| {
            let (pickle, row) = rows.next()?;
            let argument = row.argument.to_string();
            Some(Row {
                pickle,
                offset: row.offset,
                opcode: row.op.name(),
                argument: (!argument.is_empty()).then_some(argument),
                mark: row.mark,
                memo: row.memo,
            })
        }))
    }
}
