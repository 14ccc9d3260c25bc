//! Pickles, one after the other, and what is none.

use std::io;
use std::sync::Arc;

use npload::Buffer;
use npload_pickle::{ErrorKind, Finding, Op, Scan, Use};

use super::look::{Looker, is_container};
use super::report::{Part, Problem};
use crate::sizes;

/// So many pickles in a row are looked at.
const MOST: usize = 100_000;

/// How PyTorch's checkpoints began before they were archives: a pickle of this number. Four more
/// follow (the version, the system, the object, the storages' keys), then raw numbers.
const TORCH: &[u8] = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.";
const TORCH_PICKLES: usize = 5;

/// What is certainly no pickle and holds none, by the names that the library has for it.
const HARMLESS: &[&str] = &[
    "text",
    "XML",
    "an HTML page",
    "a git-LFS pointer",
    "nothing but zero bytes",
    "a safetensors file",
    "a GGUF model",
    "a Parquet file",
    "an Arrow file",
    "a NetCDF file",
    "a FITS file",
    "a PNG image",
    "a JPEG image",
    "a GIF image",
    "a PDF document",
    "a program (ELF)",
];

/// One pickle at the start of `bytes`, which are in memory; how long it is, if it has an end.
pub(super) fn one(
    looker: &mut Looker<'_>,
    bytes: &Buffer,
    base: u64,
    inside: &Arc<[String]>,
) -> Option<u64> {
    let scan = looker.pickles.scan(bytes, 0);
    let end = scan.end;
    push(looker, scan, base, inside);
    end.map(|end| end as u64)
}

fn push(looker: &mut Looker<'_>, scan: Scan, base: u64, inside: &Arc<[String]>) {
    let scan = scan.moved(usize::try_from(base).unwrap_or(usize::MAX));
    let part = Part::pickle(inside, scan, looker.allowed());
    looker.push(part);
}

/// Pickles in a row. Where something else follows that has a name, its place is returned.
pub(super) fn look(
    looker: &mut Looker<'_>,
    bytes: &Buffer,
    base: u64,
    inside: &Arc<[String]>,
) -> io::Result<Option<u64>> {
    let torch = bytes.starts_with(TORCH);
    let mut at = 0;
    let mut pickles = 0_usize;
    while at < bytes.len() {
        let rest = bytes.get(at..).unwrap_or_default();
        let place = base.saturating_add(at as u64);
        if at > 0 && is_container(rest) {
            return Ok(Some(at as u64));
        }
        if at > 0 && rest.iter().all(|b| *b == 0 || b.is_ascii_whitespace()) {
            // No opcode among them, so that no loader gets anywhere.
            return Ok(None);
        }
        if torch && pickles == TORCH_PICKLES {
            looker.add(inside, "raw data", place, None);
            hidden(looker, bytes, at, base, inside);
            return Ok(None);
        }
        let scan = looker.pickles.scan(bytes, at);
        if stops_at_once(&scan, rest) {
            let what = name(looker, &bytes.slice(at..));
            if scan.findings.is_empty() || HARMLESS.contains(&what) {
                other(looker, what, bytes, at, base, inside);
                return Ok(None);
            }
        }
        pickles = pickles.saturating_add(1);
        if pickles > MOST {
            let problem = Problem::new(format!("more than {MOST} pickles in a row"));
            looker.add(inside, "pickle", place, Some(problem));
            return Ok(None);
        }
        let end = scan.end;
        push(looker, scan, base, inside);
        match end {
            Some(end) if end > at => at = end,
            _ => {
                // Another one may begin behind what this one stumbles over.
                hidden(looker, bytes, at.saturating_add(1), base, inside);
                return Ok(None);
            }
        }
    }
    Ok(None)
}

/// Whether CPython's loader stops there too, and before it has done anything. (A persistent id is an
/// error to all loaders but those that a program made for its own files.)
fn stops_at_once(scan: &Scan, bytes: &[u8]) -> bool {
    // Python's own unpickler reads a last line without its end, and a frame that is cut off.
    let reads_on = |error: &npload_pickle::Error| {
        error.kind() == ErrorKind::Truncated
            && matches!(error.op(), Some(Op::Global | Op::Inst | Op::Frame))
    };
    let stops = scan.error.as_ref().is_some_and(|error| {
        matches!(
            error.kind(),
            ErrorKind::Empty
                | ErrorKind::Truncated
                | ErrorKind::Opcode
                | ErrorKind::Stack
                | ErrorKind::Memo
        ) && !reads_on(error)
    });
    let says_so = matches!(bytes, [0x80, 0..=5, ..]);
    let asks = |finding: &Finding| finding.what == Use::PersistentId;
    stops && scan.findings.iter().all(asks) && !says_so
}

/// What bytes that are no pickle look like.
fn name(looker: &Looker<'_>, bytes: &Buffer) -> &'static str {
    if is_text(bytes) {
        return "text";
    }
    match looker.options.open_source(bytes.clone()) {
        Err(e) => e.looks().map_or(NAMELESS, |looks| looks.what),
        Ok(_) => NAMELESS,
    }
}

/// Bytes of no format that is known.
const NAMELESS: &str = "other bytes";

/// What is no pickle.
fn other(
    looker: &mut Looker<'_>,
    what: &'static str,
    bytes: &Buffer,
    at: usize,
    base: u64,
    inside: &Arc<[String]>,
) {
    let place = base.saturating_add(at as u64);
    let named = what.starts_with("a ") || what.starts_with("an ") || HARMLESS.contains(&what);
    let what = match (place, named) {
        (0, true) => what,
        (0, false) if looker.raw => "raw data",
        _ => NAMELESS,
    };
    let left = sizes::exact_bytes(bytes.len().saturating_sub(at) as u64);
    let problem = match (place, what) {
        (0, what) if HARMLESS.contains(&what) || looker.raw => None,
        (0, NAMELESS) => {
            Some("no pickle begins here, and none of the formats that hold none".into())
        }
        (0, what) => Some(format!(
            "it looks like {what}, into which this does not look"
        )),
        _ => Some(format!("what follows is no pickle: {left}")),
    };
    looker.add(inside, what, place, problem.map(Problem::new));
    hidden(looker, bytes, at, base, inside);
}

fn is_text(bytes: &[u8]) -> bool {
    let text = std::str::from_utf8(bytes);
    text.is_ok_and(|text| !text.chars().any(|c| c.is_control() && !c.is_whitespace()))
}

/// Pickles in the midst of other bytes: what begins as protocols 2 to 5 do and imports something.
fn hidden(looker: &mut Looker<'_>, bytes: &Buffer, from: usize, base: u64, inside: &Arc<[String]>) {
    let all = bytes.len().saturating_sub(from);
    let mut work = all.saturating_mul(8).saturating_add(1 << 20);
    let mut at = from;
    while let Some(found) = next_start(bytes, at) {
        let scan = looker.pickles.scan(bytes, found);
        let spent = scan.reached.saturating_sub(found).saturating_add(64);
        let Some(left) = work.checked_sub(spent) else {
            let place = base.saturating_add(found as u64);
            let problem = Problem::new("too many places in it look like pickles");
            looker.add(inside, "data", place, Some(problem));
            return;
        };
        work = left;
        let imports = scan.findings.iter().any(is_import);
        let next = found.saturating_add(1);
        at = scan.end.filter(|_| imports).unwrap_or(next).max(next);
        if imports {
            push(looker, scan, base, inside);
        }
    }
}

/// Whether it imports something by a name that a module can have: other names come about by chance,
/// in bytes that are no pickle.
fn is_import(finding: &Finding) -> bool {
    let part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-');
    let global = finding.global.as_deref();
    finding.what == Use::Import && global.is_some_and(|name| name.chars().all(part))
}

/// Where the next PROTO stands.
fn next_start(bytes: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    let is_start = |pair: &[u8]| matches!(pair, [0x80, 2..=5]);
    let at = rest.windows(2).position(is_start)?;
    Some(from.saturating_add(at))
}
