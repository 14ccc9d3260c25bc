//! What a loader would run, without running it.
//!
//! The machine runs the pickle on data, so names that were memoised or stand anywhere on the stack
//! are seen as a loader would see them; a name that only a call could compute is an error, and an
//! error is never safe.

mod join;
mod judge;
mod rest;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use npload_buffer::Buffer;

use crate::construct::Known;
use crate::data::Data;
use crate::error::{Error, Result};
use crate::machine::Machine;
use crate::object::{Id, Object, ObjectBuilder, Objects, PrintOptions, What, joblib};
use crate::opcode::Op;
use crate::options::{Encoding, Options};
use join::Findings;
use judge::judge;

/// How a pickle, or a part of it, is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verdict {
    /// Only what is on the list, called as it is meant.
    Safe,
    /// Something that is not on the list, or that could not be read.
    Unknown,
    /// Something that runs programs or code, or finds such things by name.
    Dangerous,
}

/// What is done with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Use {
    /// It is imported.
    Import,
    /// It is called.
    Call,
    /// What it gave is given a state.
    State,
    /// A code of the extension registry.
    Extension,
    /// A persistent id.
    PersistentId,
    /// An out-of-band buffer.
    Buffer,
}

/// Something that a loader would do besides making plain values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Where the opcode stands, from the start of the input.
    pub offset: usize,
    /// The opcode.
    pub op: Op,
    /// What it does.
    pub what: Use,
    /// With what: `os.system`, or the call that computes it, shortened.
    pub name: Arc<str>,
    /// The global that it comes down to, with its module: `os.system`, `builtins.eval`. None of
    /// what is no global, or is computed.
    pub global: Option<Arc<str>>,
    /// How that is judged.
    pub verdict: Verdict,
    /// How many there are of this kind, of which this is the first; 1 but by
    /// [`Options::scan_joined`].
    pub count: usize,
}

/// What one pickle would do.
#[derive(Debug)]
pub struct Scan {
    /// Where the pickle starts and, if it could be read, ends.
    pub start: usize,
    /// Where it ends, after STOP.
    pub end: Option<usize>,
    /// How far the bytes were looked at.
    pub reached: usize,
    /// All findings, in the pickle's order.
    pub findings: Vec<Finding>,
    /// Why the rest could not be read.
    pub error: Option<Error>,
}

impl Scan {
    /// The worst of the findings; not safe if the pickle could not be read to its end.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let findings = self.findings.iter().map(|finding| finding.verdict);
        let all = findings.chain(self.error_verdict());
        all.max().unwrap_or(Verdict::Safe)
    }

    /// How it is judged that the rest could not be read: a name that is computed is dangerous.
    #[must_use]
    pub fn error_verdict(&self) -> Option<Verdict> {
        self.error.as_ref().map(|error| match error.op() {
            Some(Op::StackGlobal) => Verdict::Dangerous,
            _ => Verdict::Unknown,
        })
    }

    /// The same scan in a larger input, of which this one's is the part from `start` on.
    #[must_use]
    pub fn moved(mut self, start: usize) -> Scan {
        for finding in &mut self.findings {
            finding.offset = finding.offset.saturating_add(start);
        }
        Scan {
            start: self.start.saturating_add(start),
            end: self.end.map(|end| end.saturating_add(start)),
            reached: self.reached.saturating_add(start),
            findings: self.findings,
            error: self.error.map(|error| error.moved(start)),
        }
    }
}

/// What the pickle at the start of these bytes would do. What follows it is not looked at.
///
/// ```
/// use npload_pickle::{Use, Verdict, scan};
/// let scan = scan(b"cos\nsystem\n(S'reboot'\ntR.");
/// assert_eq!(scan.verdict(), Verdict::Dangerous);
/// let call = &scan.findings[1];
/// assert_eq!((call.what, &*call.name, call.offset), (Use::Call, "os.system", 23));
/// assert_eq!(scan.end, Some(25));
/// ```
#[must_use]
pub fn scan(input: impl AsRef<[u8]>) -> Scan {
    Options::new().scan(&Buffer::from(input.as_ref().to_vec()), 0)
}

/// What all pickles in a row would do: each begins where the one before ends. Bytes that are no
/// pickle are an error of the last one.
///
/// ```
/// use npload_pickle::{Verdict, scan_all};
/// let verdicts: Vec<_> = scan_all(b"K\x01.cos\nsystem\n.").iter().map(|s| s.verdict()).collect();
/// assert_eq!(verdicts, [Verdict::Safe, Verdict::Dangerous]);
/// ```
#[must_use]
pub fn scan_all(input: impl AsRef<[u8]>) -> Vec<Scan> {
    let input = Buffer::from(input.as_ref().to_vec());
    let options = Options::new();
    let mut scans = vec![options.scan(&input, 0)];
    while let Some(end) = scans.last().and_then(|scan| scan.end) {
        if end >= input.len() {
            break;
        }
        scans.push(options.scan(&input, end));
    }
    scans
}

impl Options {
    /// What the pickle at `start` in this memory would do, with these limits. Offsets are those of
    /// the whole memory, of which nothing is copied.
    ///
    /// A pickle that joblib wrote is followed across the arrays that lie between its opcodes; what
    /// another loader would do, which takes their bytes for opcodes, is among the findings too.
    ///
    /// ```
    /// use npload_pickle::{Buffer, Options};
    /// let input = Buffer::from(b"....cos\nsystem\n.".to_vec());
    /// let scan = Options::new().scan(&input, 4);
    /// assert_eq!((scan.findings[0].offset, scan.end), (4, Some(16)));
    /// ```
    #[must_use]
    pub fn scan(&self, input: &Buffer, start: usize) -> Scan {
        self.scan_both(input, start, false)
    }

    /// As [`Options::scan`], with all findings of the same opcode, use, global (or name without one)
    /// and verdict as one, which has the place of the first: there may be one for every two bytes.
    ///
    /// ```
    /// use npload_pickle::{Buffer, Options};
    /// let input = Buffer::from(b"cm\nf\n)RNbNbNb.".to_vec());
    /// let scan = Options::new().scan_joined(&input, 0);
    /// let counts: Vec<_> = scan.findings.iter().map(|f| (f.offset, f.count)).collect();
    /// assert_eq!(counts, [(0, 1), (6, 1), (8, 3)]);
    /// ```
    #[must_use]
    pub fn scan_joined(&self, input: &Buffer, start: usize) -> Scan {
        self.scan_both(input, start, true)
    }

    fn scan_both(&self, input: &Buffer, start: usize, joined: bool) -> Scan {
        let plain = self.scan_plain(input, start, false, joined);
        let is_wrapper = |finding: &Finding| finding.global.as_deref() == Some(joblib::WRAPPER);
        if !plain.findings.iter().any(is_wrapper) {
            return plain;
        }
        let mut followed = self.scan_plain(input, start, true, joined);
        // What a loader that knows nothing of joblib meets in the arrays. That it comes to no end
        // there is no news.
        let place = |finding: &Finding| (finding.offset, finding.what, finding.name.clone());
        let seen: HashSet<_> = followed.findings.iter().map(place).collect();
        let new = |finding: &Finding| !seen.contains(&place(finding));
        followed
            .findings
            .extend(plain.findings.into_iter().filter(new));
        followed.findings.sort_by_key(|finding| finding.offset);
        followed
    }

    /// The pickle of an array of objects that stands in another pickle.
    pub(crate) fn scan_inner(&self, input: &Buffer, start: usize) -> Scan {
        self.scan_plain(input, start, false, false)
    }

    fn scan_plain(&self, input: &Buffer, start: usize, follow: bool, joined: bool) -> Scan {
        let input = input.slice(start.min(input.len())..);
        // Every encoding gives the same names, and this one reads all texts.
        let options = self.clone().encoding(Encoding::Latin1);
        let mut builder = ObjectBuilder::new(input.clone())
            .keep_references(true)
            .with_notes(joined);
        if follow {
            builder = builder.follow_joblib(self.clone());
        }
        let done = Machine::new(&input, &options, &mut builder).run();
        let inner = builder.take_inner();
        let mut all = Findings::new(joined);
        let mut error = findings(builder, &mut all).err();
        for scan in inner {
            all.extend(scan.findings);
        }
        let (end, reached) = match done {
            Ok(done) => (Some(done.end), done.end),
            Err(failed) => {
                let reached = rest::names_behind(&input, &failed, options.fix_imports, &mut all);
                error = Some(failed);
                (None, reached)
            }
        };
        let scan = Scan {
            start: 0,
            end,
            reached,
            findings: all.into_list(),
            error,
        };
        scan.moved(start)
    }
}

/// What a name is, and how it is judged.
#[derive(Clone)]
struct Judged {
    name: Arc<str>,
    global: Option<Arc<str>>,
    verdict: Verdict,
}

fn findings(builder: ObjectBuilder, all: &mut Findings) -> Result<()> {
    let (notes, objects) = builder.into_notes()?;
    let mut known = HashMap::new();
    let mut named = |id| -> Judged {
        let judged = known.entry(id).or_insert_with(|| judged(&objects, id));
        judged.clone()
    };
    let unknown = |name: &str| Judged {
        name: name.into(),
        global: None,
        verdict: Verdict::Unknown,
    };
    all.extend(notes.into_iter().map(|note| {
        let (what, judged) = match note.what {
            What::Global(id) => (Use::Import, named(id)),
            What::Call(id) => (Use::Call, named(id)),
            What::Mismatch(id) => {
                let judged = named(id);
                let verdict = judged.verdict.max(Verdict::Unknown);
                (Use::Call, Judged { verdict, ..judged })
            }
            What::Build(id) => (Use::State, named(id)),
            What::Extension(code) => (Use::Extension, unknown(&format!("code {code}"))),
            What::PersistentId(id) => (Use::PersistentId, unknown(&named(id).name)),
            What::Buffer => (Use::Buffer, unknown("out-of-band")),
        };
        Finding {
            offset: note.offset,
            op: note.op,
            what,
            name: judged.name,
            global: judged.global,
            verdict: judged.verdict,
            count: note.count as usize,
        }
    }));
    Ok(())
}

fn judged(objects: &Objects, id: Id) -> Judged {
    let (global, verdict) = global_and_verdict(objects, id);
    let name = match objects.get(id) {
        // What is in them is of no interest.
        Object::Data(Data::Array(_)) => "numpy.ndarray".into(),
        Object::Data(Data::DType(..)) => "numpy.dtype".into(),
        _ => call(objects, id, DEEPEST_NAME).into(),
    };
    Judged {
        name,
        global,
        verdict,
    }
}

/// The global that a value is or came from; a call of what a call gave is dangerous.
fn global_and_verdict(objects: &Objects, id: Id) -> (Option<Arc<str>>, Verdict) {
    match objects.get(id) {
        Object::Global(global) => {
            let verdict = match global.known {
                Some(_) => Verdict::Safe,
                None => judge(&global.module, &global.name),
            };
            (Some(whole_name(&global.module, &global.name)), verdict)
        }
        Object::Reduced(reduced) => match objects.get(reduced.callable) {
            // A state for what a call of a global gave is as good as the global.
            Object::Global(global) => {
                let verdict = match global.known {
                    Some(Known::Reconstructor) | None => {
                        judge(&global.module, &global.name).max(Verdict::Unknown)
                    }
                    Some(_) => Verdict::Unknown,
                };
                (Some(whole_name(&global.module, &global.name)), verdict)
            }
            _ => (None, Verdict::Dangerous),
        },
        Object::Extension(_) | Object::Persistent(_) => (None, Verdict::Dangerous),
        _ => (None, Verdict::Safe),
    }
}

fn whole_name(module: &str, name: &str) -> Arc<str> {
    format!("{module}.{name}").into()
}

/// How many calls of what calls gave are in a name, how many of the arguments of each, and about how
/// many bytes it has at most.
const DEEPEST_NAME: usize = 3;
const ARGUMENTS: usize = 6;
const LONGEST_NAME: usize = 200;

/// A call as what it calls with its arguments, whatever was done to its result; all else as it is.
fn call(objects: &Objects, id: Id, deepest: usize) -> String {
    let Object::Reduced(reduced) = objects.get(id) else {
        return print(objects, id);
    };
    let Some(deeper) = deepest.checked_sub(1) else {
        return "...".to_owned();
    };
    let mut text = call(objects, reduced.callable, deeper);
    text.push('(');
    let args = match objects.get(reduced.args) {
        Object::Tuple(args) => args,
        _ => &[],
    };
    for (at, &arg) in args.iter().enumerate() {
        if at > 0 {
            text.push_str(", ");
        }
        if at >= ARGUMENTS || text.len() > LONGEST_NAME {
            text.push_str("...");
            break;
        }
        text.push_str(&match objects.get(arg) {
            Object::Reduced(inner) => format!("{}(...)", call(objects, inner.callable, 0)),
            _ => print(objects, arg),
        });
    }
    text.push(')');
    text
}

fn print(objects: &Objects, id: Id) -> String {
    let options = PrintOptions {
        max_objects: 6,
        max_bytes: 60,
        max_length: LONGEST_NAME,
        ..PrintOptions::default()
    };
    objects.print(id, &options)
}
