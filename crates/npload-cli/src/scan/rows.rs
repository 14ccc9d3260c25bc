//! Pickles, one after the other, and what is none.

use std::io;
use std::sync::Arc;

use npload::Buffer;
use npload_pickle::{End, ErrorKind, Finding, Op, Scan, Use, find_end};

use super::bytes::{Bytes, Window, too_large};
use super::look::{Looker, is_container};
use super::report::{Part, Problem};
use crate::sizes;

/// So many pickles in a row are looked at.
const MOST: usize = 100_000;

/// So much of what is too large for memory is looked at together.
const HEAD: usize = 1 << 20;

/// So many opcodes are stepped over to find the end of what may be a pickle.
const MOST_OPCODES: u64 = 1 << 20;

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
    let scan = looker.pickles.scan_joined(bytes, 0);
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
    row: &mut Row,
) -> io::Result<Option<u64>> {
    row.begin(bytes);
    let mut at = 0;
    while at < bytes.len() {
        let rest = bytes.get(at..).unwrap_or_default();
        let place = base.saturating_add(at as u64);
        if at > 0 && is_container(rest) {
            return Ok(Some(at as u64));
        }
        if place > 0 && rest.iter().all(|b| *b == 0 || b.is_ascii_whitespace()) {
            // No opcode among them, so that no loader gets anywhere.
            return Ok(None);
        }
        let scan = looker.pickles.scan_joined(bytes, at);
        if row.is_raw(&scan) {
            let from = raw(looker, scan, place, base, inside);
            hidden(
                looker,
                &Bytes::of(bytes.clone())?,
                (at as u64).saturating_add(from),
                base,
                inside,
            )?;
            return Ok(None);
        }
        if stops_at_once(&scan, rest) || is_words(&scan, bytes) {
            let what = name(looker, &bytes.slice(at..));
            let harmless = HARMLESS.contains(&what);
            if harmless || scan.findings.is_empty() && stops_at_once(&scan, rest) {
                other(
                    looker,
                    what,
                    bytes.len().saturating_sub(at) as u64,
                    place,
                    inside,
                );
                hidden(looker, &Bytes::of(bytes.clone())?, at as u64, base, inside)?;
                return Ok(None);
            }
        }
        if !row.counts(looker, place, inside) {
            return Ok(None);
        }
        let end = scan.end;
        push(looker, scan, base, inside);
        match end {
            Some(end) if end > at => at = end,
            _ => {
                // Another one may begin behind what this one stumbles over.
                let behind = (at as u64).saturating_add(1);
                hidden(looker, &Bytes::of(bytes.clone())?, behind, base, inside)?;
                return Ok(None);
            }
        }
    }
    Ok(None)
}

/// The same of more bytes than are held in memory: one pickle, whose end is found first; how long it
/// is, if it has an end.
pub(super) fn look_large(
    looker: &mut Looker<'_>,
    bytes: &Bytes,
    base: u64,
    inside: &Arc<[String]>,
    row: &mut Row,
) -> io::Result<Option<u64>> {
    let most = looker.most();
    let head = Buffer::from(bytes.head(usize::try_from(most).unwrap_or(HEAD).min(HEAD))?);
    row.begin(&head);
    let start = looker.pickles.scan_joined(&head, 0);
    if row.is_raw(&start) {
        let from = raw(looker, start, base, base, inside);
        hidden(looker, bytes, from, base, inside)?;
        return Ok(None);
    }
    if base == 0 && (stops_at_once(&start, &head) || is_words(&start, &head)) {
        let what = name(looker, &head);
        // Whether all is text, the head does not tell.
        if HARMLESS.contains(&what) && what != "text" {
            other(looker, what, bytes.len(), base, inside);
            hidden(looker, bytes, 0, base, inside)?;
            return Ok(None);
        }
    }
    if !row.counts(looker, base, inside) {
        return Ok(None);
    }
    let too_large = |len| Some(Problem::new(too_large(len, most).to_string()));
    let end = match find_end(&mut Window::new(bytes), u64::MAX)? {
        End::At(end) if end <= most => end,
        End::At(end) if end <= bytes.len() => {
            looker.add(inside, "pickle", base, too_large(end));
            return Ok(Some(end));
        }
        _ => {
            looker.add(inside, "data", base, too_large(bytes.len()));
            return Ok(None);
        }
    };
    let scan = looker.pickles.scan_joined(&bytes.to(end).read(most)?, 0);
    let whole = scan.end.map(|end| end as u64) == Some(end);
    let joblib = |finding: &Finding| {
        let name = finding.global.as_deref();
        name.is_some_and(|name| name.ends_with(".NumpyArrayWrapper"))
    };
    // Between the opcodes of joblib's there are arrays, so that its end is elsewhere.
    let whole = whole && !scan.findings.iter().any(joblib);
    push(looker, scan, base, inside);
    if !whole {
        looker.add(inside, "data", base, too_large(bytes.len()));
        return Ok(None);
    }
    Ok(Some(end))
}

/// What is known of pickles in a row.
#[derive(Default)]
pub(super) struct Row {
    /// Whether they are PyTorch's, and numbers follow.
    torch: bool,
    pickles: usize,
}

impl Row {
    fn begin(&mut self, bytes: &[u8]) {
        self.torch |= self.pickles == 0 && bytes.starts_with(TORCH);
    }

    /// Whether it is where PyTorch's numbers are. As a pickle they come to no end.
    fn is_raw(&self, scan: &Scan) -> bool {
        self.torch && self.pickles >= TORCH_PICKLES && scan.end.is_none()
    }

    /// Counts one more; whether it is to be looked at.
    fn counts(&mut self, looker: &mut Looker<'_>, place: u64, inside: &Arc<[String]>) -> bool {
        self.pickles = self.pickles.saturating_add(1);
        if self.pickles > MOST {
            let problem = Problem::new(format!("more than {MOST} pickles in a row"));
            looker.add(inside, "pickle", place, Some(problem));
        }
        self.pickles <= MOST
    }
}

/// Adds what stands where numbers are, which is a pickle if it imports something as one; from which
/// byte on another may be hidden.
fn raw(looker: &mut Looker<'_>, scan: Scan, place: u64, base: u64, inside: &Arc<[String]>) -> u64 {
    if scan.findings.iter().any(is_import) {
        push(looker, scan, base, inside);
        return 1;
    }
    looker.add(inside, "raw data", place, None);
    0
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

/// Whether it is words, if the bytes are text: what imports something does so of a module that has
/// no such name, or CPython's loader stops at a number or text that is none, too.
fn is_words(scan: &Scan, bytes: &[u8]) -> bool {
    let no_module = |finding: &Finding| {
        let global = finding.global.as_deref().unwrap_or_default();
        let package = global.split('.').next().unwrap_or_default();
        finding.what == Use::Import && package.contains([' ', ',', ':'])
    };
    let no_value = |error: &npload_pickle::Error| {
        let line = error
            .offset()
            .and_then(|at| bytes.get(at.checked_add(1)?..));
        let line = line.unwrap_or_default();
        let line = line.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let has_letter_beyond = |letters: &[u8]| {
            let mut line = line.iter().filter(|byte| byte.is_ascii_alphabetic());
            line.any(|byte| !letters.contains(&byte.to_ascii_lowercase()))
        };
        match error.op() {
            // Digits, also hexadecimal, prefixes, and Python 2's L.
            Some(Op::Int | Op::Long) => has_letter_beyond(b"abcdefxol"),
            Some(Op::Get | Op::Put) => has_letter_beyond(b""),
            // Numbers, exponents, inf, infinity, nan.
            Some(Op::Float) => has_letter_beyond(b"einftya"),
            Some(Op::String) => !matches!(line.trim_ascii_start(), [b'\'' | b'"', ..]),
            _ => false,
        }
    };
    let stops = |error: &npload_pickle::Error| match error.kind() {
        ErrorKind::Argument => no_value(error),
        _ => scan.findings.iter().any(no_module),
    };
    let asks = |finding: &Finding| finding.what == Use::PersistentId || no_module(finding);
    scan.end.is_none() && scan.error.as_ref().is_some_and(stops) && scan.findings.iter().all(asks)
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

/// What is no pickle, and so many bytes.
fn other(
    looker: &mut Looker<'_>,
    what: &'static str,
    len: u64,
    place: u64,
    inside: &Arc<[String]>,
) {
    let named = what.starts_with("a ") || what.starts_with("an ") || HARMLESS.contains(&what);
    let what = match (place, named) {
        (0, true) => what,
        (0, false) if looker.raw => "raw data",
        _ => NAMELESS,
    };
    let problem = match (place, what) {
        (0, what) if HARMLESS.contains(&what) || looker.raw => None,
        (0, NAMELESS) => {
            Some("no pickle begins here, and none of the formats that hold none".into())
        }
        (0, what) => Some(format!(
            "it looks like {what}, into which this does not look"
        )),
        _ => Some(format!(
            "what follows is no pickle: {}",
            sizes::exact_bytes(len)
        )),
    };
    looker.add(inside, what, place, problem.map(Problem::new));
}

fn is_text(bytes: &[u8]) -> bool {
    let text = std::str::from_utf8(bytes);
    text.is_ok_and(|text| !text.chars().any(|c| c.is_control() && !c.is_whitespace()))
}

/// Pickles in the midst of other bytes: what begins as protocols 2 to 5 do and imports something.
fn hidden(
    looker: &mut Looker<'_>,
    bytes: &Bytes,
    from: u64,
    base: u64,
    inside: &Arc<[String]>,
) -> io::Result<()> {
    let all = bytes.len().saturating_sub(from);
    let mut work = all.saturating_mul(8).saturating_add(1 << 20);
    let mut at = from;
    while at < bytes.len() {
        let rest = bytes.from(at);
        let window = rest.window(HEAD.saturating_mul(2))?;
        let is_last = window.len() as u64 == rest.len();
        let starts = if is_last { window.len() } else { HEAD };
        let mut next = 0;
        while let Some(found) = next_start(&window, next).filter(|found| *found < starts) {
            let mut scan = looker.pickles.scan_joined(&window, found);
            if !is_last && scan.end.is_none() {
                scan = beyond(looker, &rest, found, scan)?;
            }
            let spent = scan.reached.saturating_sub(found).saturating_add(64) as u64;
            let base = base.saturating_add(at);
            let Some(left) = work.checked_sub(spent) else {
                let problem = Problem::new("too many places in it look like pickles");
                looker.add(
                    inside,
                    "data",
                    base.saturating_add(found as u64),
                    Some(problem),
                );
                return Ok(());
            };
            work = left;
            let imports = scan.findings.iter().any(is_import);
            next = found.saturating_add(1);
            next = scan.end.filter(|_| imports).unwrap_or(next).max(next);
            if imports {
                push(looker, scan, base, inside);
            }
        }
        at = at.saturating_add(starts.max(next) as u64);
    }
    Ok(())
}

/// The scan of a pickle that was cut off where the window ends, with all of the pickle.
fn beyond(looker: &Looker<'_>, rest: &Bytes, at: usize, cut: Scan) -> io::Result<Scan> {
    let pickle = rest.from(at as u64);
    let end = match find_end(&mut Window::new(&pickle), MOST_OPCODES)? {
        End::At(end) | End::Later(end) => end,
        End::Broken(at) => at.saturating_add(1 << 16),
    };
    let seen = (HEAD as u64).saturating_mul(2).saturating_sub(at as u64);
    if end <= seen || end > looker.most() {
        return Ok(cut);
    }
    let pickle = pickle.to(end).read(looker.most())?;
    Ok(looker.pickles.scan_joined(&pickle, 0).moved(at))
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
