//! Zip archives: `.npz`, PyTorch's checkpoints, any other. Every member counts, whatever its name
//! and however often that stands in the directory.

use std::io::{self, Read};
use std::sync::Arc;

use npload::{Buffer, Npz, Peeked, Verify};

use super::bytes::{Bytes, Streamed, read_stream};
use super::look::{Looker, within};
use super::report::Problem;

/// An end record and the longest comment.
const END: u64 = (64 << 10) + RECORD;

/// An end record without its comment.
const RECORD: u64 = 22;

/// Whether an archive's end record is at the end, so that some readers will open it as one.
pub(super) fn ends_as_one(bytes: &Bytes) -> io::Result<bool> {
    end_record(bytes).map(|at| at.is_some())
}

/// Where the last end record stands.
fn end_record(bytes: &Bytes) -> io::Result<Option<u64>> {
    let start = bytes.len().saturating_sub(END);
    let tail = bytes.from(start);
    let tail = tail.head(usize::try_from(END).unwrap_or(usize::MAX))?;
    let at = tail.windows(4).rposition(|window| window == b"PK\x05\x06");
    Ok(at.map(|at| start.saturating_add(at as u64)))
}

/// Looks at all members of the archive that is from a byte on.
pub(super) fn look(
    looker: &mut Looker<'_>,
    bytes: &Bytes,
    at: u64,
    inside: &Arc<[String]>,
) -> io::Result<()> {
    let npz = match looker.options.open_npz_in(bytes.clone()) {
        Ok(npz) => npz,
        Err(e) => {
            looker.add(inside, "archive", at, Some(Problem::new(e.message())));
            return Ok(());
        }
    };
    if npz.is_empty() {
        looker.add(inside, "archive", at, None);
    }
    let members = looker.options.open_source(bytes.clone());
    let members = members.map_or_else(|_| Vec::new(), |handle| handle.peek());
    let names: Vec<String> = npz.names().map(str::to_owned).collect();
    let root = names.iter().find_map(|name| name.strip_suffix("data.pkl"));
    let storages = root.map(|root| format!("{root}data/"));
    for (index, name) in names.iter().enumerate() {
        let storage = storages
            .as_ref()
            .and_then(|root| name.strip_prefix(&**root));
        looker.raw = storage.is_some_and(|key| key.bytes().all(|b| b.is_ascii_digit()));
        let place = within(inside, name.clone());
        let peeked = members.get(index);
        if !peeked.is_some_and(is_plain_array) {
            member(looker, &npz, index, &place)?;
        } else {
            looker.add(&place, "array", 0, None);
        }
    }
    looker.raw = false;
    // A comment, or whatever somebody put there.
    let behind = end_record(bytes)?.map(|at| bytes.from(at.saturating_add(RECORD)));
    match behind.filter(|behind| behind.len() > 0) {
        Some(behind) => looker.look(&behind, &within(inside, "(comment)".to_owned())),
        None => Ok(()),
    }
}

/// Whether it is an array of no objects, and nothing else.
fn is_plain_array(member: &Peeked) -> bool {
    let Ok(Some(header)) = &member.header else {
        return false;
    };
    let end = header.data_offset().checked_add(header.nbytes());
    !header.dtype().has_object() && end.is_some_and(|end| member.size <= end as u64)
}

fn member(
    looker: &mut Looker<'_>,
    npz: &Npz,
    index: usize,
    place: &Arc<[String]>,
) -> io::Result<()> {
    let most = looker.most();
    let read = |npz: &Npz| match npz.stream(index) {
        Ok(mut stream) => read_stream(&mut stream as &mut dyn Read, most),
        Err(e) => Streamed {
            bytes: Vec::new(),
            failed: Some(e.into()),
        },
    };
    let mut streamed = read(npz);
    if let Some(failed) = streamed.failed.take() {
        let text = failed
            .get_ref()
            .and_then(|e| e.downcast_ref::<npload::Error>())
            .map_or_else(|| failed.to_string(), |e| e.message().to_owned());
        looker.add(place, "data", 0, Some(Problem::new(text)));
        // Others open what has a wrong checksum: what would they run?
        let unchecked = looker.options.clone().verify(Verify::Never);
        let again = read(&npz.clone().with_options(unchecked));
        if again.bytes.len() > streamed.bytes.len() {
            streamed = again;
        }
        if streamed.bytes.is_empty() {
            return Ok(());
        }
    }
    looker.spend(streamed.bytes.len() as u64);
    looker.look(&Bytes::of(Buffer::from(streamed.bytes))?, place)
}
