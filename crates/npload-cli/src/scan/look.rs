//! What bytes are, and what a loader would run of them. Their contents decide, never a name.
//!
//! Bytes are looked at from their start: arrays one after the other as `numpy.load` reads them from
//! one handle, an archive's members, what is packed, pickles in a row. All of it is a [`Part`], and
//! what is nothing of these is unknown, unless it is known to hold no pickle.

use std::io;
use std::sync::Arc;

use npload::{Buffer, LoadOptions};
use npload_pickle::{Limits, Options};

use super::bytes::{Bytes, Streamed, read_behind};
use super::report::{Part, Problem};
use super::rows::Row;
use super::unpack::Packing;
use super::{archive, rows};

/// How deep archives and compressed bytes may be in each other.
const DEEPEST: usize = 8;

/// Of each byte of a file so many may be unpacked, and [`Looker::max_size`] more.
const UNPACKED: u64 = 64;

/// Looks at one file.
pub(super) struct Looker<'a> {
    pub(super) options: LoadOptions,
    pub(super) pickles: Options,
    /// How many bytes are held in memory at once, and looked at as one pickle.
    max_size: u64,
    /// How much more may be unpacked.
    budget: u64,
    allowed: &'a [String],
    /// Whether what is looked at may be raw numbers: a storage in an archive of PyTorch's.
    pub(super) raw: bool,
    parts: Vec<Part>,
}

impl<'a> Looker<'a> {
    pub(super) fn new(
        options: &LoadOptions,
        len: u64,
        max_size: u64,
        allowed: &'a [String],
    ) -> Self {
        // Objects take up to 40 bytes, so that a byte for each is the most that is of use.
        let max_objects = Limits::default().max_objects.min(1 << 26);
        let limits = Limits::new().max_objects(max_objects);
        Looker {
            options: options.clone(),
            pickles: Options::new().limits(limits),
            max_size,
            budget: len.saturating_mul(UNPACKED).saturating_add(max_size),
            allowed,
            raw: false,
            parts: Vec::new(),
        }
    }

    pub(super) fn into_parts(self) -> Vec<Part> {
        self.parts
    }

    pub(super) fn allowed(&self) -> &'a [String] {
        self.allowed
    }

    /// So many bytes may be held now.
    pub(super) fn most(&self) -> u64 {
        self.max_size.min(self.budget)
    }

    pub(super) fn spend(&mut self, bytes: u64) {
        self.budget = self.budget.saturating_sub(bytes);
    }

    pub(super) fn push(&mut self, part: Part) {
        self.parts.push(part);
    }

    /// Adds what is no pickle, or could not be looked at.
    pub(super) fn add(
        &mut self,
        inside: &Arc<[String]>,
        what: &'static str,
        start: u64,
        problem: Option<Problem>,
    ) {
        self.parts.push(Part {
            inside: inside.clone(),
            what,
            start,
            found: Vec::new(),
            problem,
        });
    }

    /// Looks at bytes that are `inside` so many others.
    pub(super) fn look(&mut self, bytes: &Bytes, inside: &Arc<[String]>) -> io::Result<()> {
        if inside.len() > DEEPEST {
            let problem = format!("more than {DEEPEST} archives or packings in each other");
            self.add(inside, "data", 0, Some(Problem::new(problem)));
            return Ok(());
        }
        let start = bytes.head(8)?;
        if !is_zip(&start) && archive::ends_as_one(bytes)? {
            // What stands before an archive does not keep `zipfile` and torch from opening it.
            archive::look(self, bytes, 0, inside)?;
        }
        let whole = bytes.len();
        // What was loaded stays so: `bytes` are those from `base` on.
        let (mut bytes, mut base) = (bytes.clone(), 0);
        let mut row = Row::default();
        while bytes.len() > 0 {
            let head = bytes.head(8)?;
            let done = if head.starts_with(b"\x93NUMPY") {
                self.npy(&mut bytes, base, inside)?
            } else if is_zip(&head) {
                archive::look(self, &bytes, base, inside)?;
                None
            } else if let Some(packing) = Packing::of(&head) {
                self.unpack(&bytes, base, packing, inside)?
            } else {
                self.rows(&mut bytes, base, inside, &mut row)?
            };
            match done {
                Some(len) if len > 0 => {
                    bytes = bytes.from(len);
                    base = base.saturating_add(len);
                }
                _ => return Ok(()),
            }
        }
        if whole == 0 {
            self.add(inside, "nothing", 0, None);
        }
        Ok(())
    }

    /// The bytes in memory, or a part that says that they are too many.
    fn load(
        &mut self,
        bytes: &mut Bytes,
        base: u64,
        inside: &Arc<[String]>,
    ) -> io::Result<Option<Buffer>> {
        match bytes.read(self.most()) {
            Ok(buffer) => {
                *bytes = Bytes::of(buffer.clone())?;
                Ok(Some(buffer))
            }
            Err(e) if e.kind() == io::ErrorKind::Other => {
                self.add(inside, "data", base, Some(Problem::new(e.to_string())));
                Ok(None)
            }
            Err(e) => Err(e),
        }
    }

    fn rows(
        &mut self,
        bytes: &mut Bytes,
        base: u64,
        inside: &Arc<[String]>,
        row: &mut Row,
    ) -> io::Result<Option<u64>> {
        if !bytes.fit(self.most()) {
            return rows::look_large(self, bytes, base, inside, row);
        }
        match self.load(bytes, base, inside)? {
            Some(buffer) => rows::look(self, &buffer, base, inside, row),
            None => Ok(None),
        }
    }

    /// An array; how long it is, if what follows is to be looked at.
    fn npy(
        &mut self,
        bytes: &mut Bytes,
        base: u64,
        inside: &Arc<[String]>,
    ) -> io::Result<Option<u64>> {
        let npy = match self.options.open_npy_in(bytes.clone()) {
            Ok(npy) => npy,
            Err(e) => {
                let problem = Problem::new(e.message());
                self.add(inside, "array", base, Some(problem));
                return Ok(None);
            }
        };
        let header = npy.header();
        let offset = header.data_offset();
        if !header.dtype().has_object() {
            self.add(inside, "array", base, None);
            return Ok(offset.checked_add(header.nbytes()).map(|len| len as u64));
        }
        let place = base.saturating_add(offset as u64);
        if !bytes.fit(self.most()) {
            let pickle = bytes.from(offset as u64);
            let len = rows::look_large(self, &pickle, place, inside, &mut Row::default())?;
            return Ok(len.map(|len| len.saturating_add(offset as u64)));
        }
        let Some(buffer) = self.load(bytes, base, inside)? else {
            return Ok(None);
        };
        let len = rows::one(self, &buffer.slice(offset..), place, inside);
        Ok(len.map(|len| len.saturating_add(offset as u64)))
    }

    /// What is packed; how long it is, if something else follows.
    fn unpack(
        &mut self,
        rest: &Bytes,
        at: u64,
        packing: Packing,
        inside: &Arc<[String]>,
    ) -> io::Result<Option<u64>> {
        let name = packing.name();
        let inner = within(inside, format!("({name})"));
        let (unpacked, end) = self.streams(rest, packing)?;
        self.spend(unpacked.bytes.len() as u64);
        // A few letters that happen to look like a packing.
        if packing.is_vague() && unpacked.bytes.is_empty() {
            return self.rows(&mut rest.clone(), at, inside, &mut Row::default());
        }
        if let Some(failed) = unpacked.failed {
            let problem = Problem::new(format!("the {name} data: {failed}"));
            self.add(&inner, "data", 0, Some(problem));
        }
        if !unpacked.bytes.is_empty() {
            self.look(&Bytes::of(Buffer::from(unpacked.bytes))?, &inner)?;
        }
        Ok(end)
    }

    /// What is in a packed stream and those behind it, as Python's readers go on; where they end.
    fn streams(&self, rest: &Bytes, packing: Packing) -> io::Result<(Streamed, Option<u64>)> {
        let mut streamed = Streamed::default();
        let (mut at, mut packing) = (0, packing);
        loop {
            let bytes = rest.from(at);
            let mut stream = match packing.unpack(&bytes) {
                Ok(stream) => stream,
                Err(e) => {
                    streamed.failed = Some(e);
                    return Ok((streamed, None));
                }
            };
            read_behind(&mut streamed, &mut stream, self.most());
            let end = stream.end().filter(|_| streamed.failed.is_none());
            let Some(end) = end.filter(|end| *end > 0) else {
                return Ok((streamed, None));
            };
            at = at.saturating_add(end);
            match Packing::of(&bytes.from(end).head(8)?) {
                Some(next) if packing.is_followed_by(next) => packing = next,
                _ => return Ok((streamed, Some(at))),
            }
        }
    }
}

/// What is one step deeper.
pub(super) fn within(inside: &Arc<[String]>, name: String) -> Arc<[String]> {
    inside.iter().cloned().chain([name]).collect()
}

/// Whether something begins that is no pickle and is looked into.
pub(super) fn is_container(head: &[u8]) -> bool {
    head.starts_with(b"\x93NUMPY") || is_zip(head) || Packing::of(head).is_some()
}

fn is_zip(head: &[u8]) -> bool {
    head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06")
}
