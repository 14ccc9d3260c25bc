//! What a loader would run, without running it.
//!
//! The machine runs the pickle on data, so names that were memoised or stand anywhere on the stack
//! are seen as a loader would see them; a name that only a call could compute is an error, and an
//! error is never safe.

use std::collections::HashMap;
use std::sync::Arc;

use npload_buffer::Buffer;

use crate::construct::Known;
use crate::error::{Error, Result};
use crate::machine::Machine;
use crate::object::{Id, Object, ObjectBuilder, Objects, PrintOptions, What};
use crate::opcode::Op;
use crate::options::{Encoding, Options};

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
    /// How that is judged.
    pub verdict: Verdict,
}

/// What one pickle would do.
#[derive(Debug)]
pub struct Scan {
    /// Where the pickle starts and, if it could be read, ends.
    pub start: usize,
    /// Where it ends, after STOP.
    pub end: Option<usize>,
    /// All findings, in the pickle's order.
    pub findings: Vec<Finding>,
    /// Why the rest could not be read.
    pub error: Option<Error>,
}

impl Scan {
    /// The worst of the findings; not safe if the pickle could not be read to its end.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let error = self.error.as_ref().map(|error| match error.op() {
            Some(Op::StackGlobal) => Verdict::Dangerous,
            _ => Verdict::Unknown,
        });
        let findings = self.findings.iter().map(|finding| finding.verdict);
        findings.chain(error).max().unwrap_or(Verdict::Safe)
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
    scan_at(&Buffer::from(input.as_ref().to_vec()), 0)
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
    let mut scans = vec![scan_at(&input, 0)];
    while let Some(end) = scans.last().and_then(|scan| scan.end) {
        if end >= input.len() {
            break;
        }
        scans.push(scan_at(&input, end));
    }
    scans
}

fn scan_at(input: &Buffer, start: usize) -> Scan {
    let input = input.slice(start.min(input.len())..);
    let options = Options::new().encoding(Encoding::Latin1);
    let mut builder = ObjectBuilder::new(input.clone())
        .keep_references(true)
        .with_notes();
    let done = Machine::new(&input, &options, &mut builder).run();
    let (findings, error) = match findings(builder, start) {
        Ok(findings) => (findings, None),
        Err(error) => (Vec::new(), Some(error)),
    };
    match done {
        Ok(done) => Scan {
            start,
            end: Some(start.saturating_add(done.end)),
            findings,
            error,
        },
        Err(error) => Scan {
            start,
            end: None,
            findings,
            error: Some(error),
        },
    }
}

fn findings(builder: ObjectBuilder, start: usize) -> Result<Vec<Finding>> {
    let (notes, objects) = builder.into_notes()?;
    let mut known = HashMap::new();
    let mut named = |id| -> (Arc<str>, Verdict) {
        let named = known
            .entry(id)
            .or_insert_with(|| name_and_verdict(&objects, id));
        named.clone()
    };
    let unknown = |name: &str| (Arc::from(name), Verdict::Unknown);
    Ok(notes
        .into_iter()
        .map(|note| {
            let (what, (name, verdict)) = match note.what {
                What::Global(id) => (Use::Import, named(id)),
                What::Call(id) => (Use::Call, named(id)),
                What::Mismatch(id) => {
                    let (name, verdict) = named(id);
                    (Use::Call, (name, verdict.max(Verdict::Unknown)))
                }
                What::Build(id) => (Use::State, named(id)),
                What::Extension(code) => (Use::Extension, unknown(&format!("code {code}"))),
                What::PersistentId(id) => (Use::PersistentId, (named(id).0, Verdict::Unknown)),
                What::Buffer => (Use::Buffer, unknown("out-of-band")),
            };
            Finding {
                offset: start.saturating_add(note.offset),
                op: note.op,
                what,
                name,
                verdict,
            }
        })
        .collect())
}

/// The name of a global, or of what a call came from; a call of what a call gave is dangerous.
fn name_and_verdict(objects: &Objects, id: Id) -> (Arc<str>, Verdict) {
    match objects.get(id) {
        Object::Global(global) => {
            let verdict = match global.known {
                Some(_) => Verdict::Safe,
                None => judge(&global.module, &global.name),
            };
            (print(objects, id), verdict)
        }
        Object::Reduced(_) | Object::Extension(_) | Object::Persistent(_) => {
            (print(objects, id), computed(objects, id))
        }
        _ => (print(objects, id), Verdict::Safe),
    }
}

/// A state for what a call of a global gave is as good as the global; anything else computed is
/// dangerous.
fn computed(objects: &Objects, id: Id) -> Verdict {
    match objects.get(id) {
        Object::Reduced(reduced) => match objects.get(reduced.callable) {
            Object::Global(global) => match global.known {
                Some(Known::Reconstructor) | None => {
                    judge(&global.module, &global.name).max(Verdict::Unknown)
                }
                Some(_) => Verdict::Unknown,
            },
            _ => Verdict::Dangerous,
        },
        _ => Verdict::Dangerous,
    }
}

fn print(objects: &Objects, id: Id) -> Arc<str> {
    let options = PrintOptions {
        max_objects: 6,
        max_bytes: 60,
        ..PrintOptions::default()
    };
    objects.print(id, &options).into()
}

/// Modules all of whose globals can run code, or lead to what can.
const MODULES: &[&str] = &[
    "_aix_support",
    "_osx_support",
    "_pickle",
    "_posixsubprocess",
    "aiohttp",
    "asyncio",
    "bdb",
    "cProfile",
    "cloudpickle",
    "code",
    "codeop",
    "commands",
    "concurrent",
    "ctypes",
    "dill",
    "distutils",
    "doctest",
    "ensurepip",
    "gc",
    "http",
    "idlelib",
    "imp",
    "importlib",
    "inspect",
    "lib2to3",
    "linecache",
    "marshal",
    "multiprocessing",
    "nt",
    "os",
    "pdb",
    "pickle",
    "pip",
    "pkgutil",
    "platform",
    "posix",
    "profile",
    "pty",
    "pydoc",
    "requests",
    "runpy",
    "setuptools",
    "shelve",
    "shutil",
    "signal",
    "site",
    "smtplib",
    "socket",
    "ssl",
    "subprocess",
    "sys",
    "sysconfig",
    "telnetlib",
    "tempfile",
    "threading",
    "timeit",
    "trace",
    "types",
    "urllib",
    "venv",
    "webbrowser",
    "xmlrpc",
    "zipimport",
];

/// Globals that run code, or find what can, in modules that do other things too.
const GLOBALS: &[(&str, &str)] = &[
    ("_codecs", "lookup"),
    ("_io", "FileIO"),
    ("builtins", "__import__"),
    ("builtins", "apply"),
    ("builtins", "breakpoint"),
    ("builtins", "compile"),
    ("builtins", "delattr"),
    ("builtins", "eval"),
    ("builtins", "exec"),
    ("builtins", "execfile"),
    ("builtins", "getattr"),
    ("builtins", "globals"),
    ("builtins", "input"),
    ("builtins", "locals"),
    ("builtins", "map"),
    ("builtins", "open"),
    ("builtins", "setattr"),
    ("builtins", "vars"),
    ("functools", "partial"),
    ("functools", "reduce"),
    ("io", "FileIO"),
    ("io", "open"),
    ("joblib", "load"),
    ("joblib.numpy_pickle", "load"),
    ("numpy", "load"),
    ("numpy.testing._private.utils", "runstring"),
    ("operator", "attrgetter"),
    ("operator", "itemgetter"),
    ("operator", "methodcaller"),
    ("torch", "load"),
];

/// A name that is not on the list.
fn judge(module: &str, name: &str) -> Verdict {
    let top = module.split('.').next().unwrap_or_default();
    let dangerous = MODULES.contains(&top)
        || GLOBALS.contains(&(module, name))
        || name.contains('.')
        || name.starts_with("__")
        || module.split('.').any(|part| part.starts_with("__"));
    if dangerous {
        Verdict::Dangerous
    } else {
        Verdict::Unknown
    }
}
