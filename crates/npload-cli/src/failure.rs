//! What went wrong, in words for the person at the terminal.

use std::fmt;
use std::io;
use std::path::Path;

use npload::{Error, ErrorKind, Npz, Peeked};
use serde::Serialize;

use crate::run::Exit;
use crate::{close, escape};

/// An error as the command tells it: where, what, and what to do.
///
/// All of its text is safe for a terminal.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Failure {
    /// `npload::ErrorKind`'s name.
    kind: String,
    #[serde(skip)]
    file: String,
    member: Option<String>,
    /// The byte, where there is one to blame.
    offset: Option<u64>,
    message: String,
    #[serde(skip)]
    exit: Exit,
}

/// What is said of a file that is not to be replaced.
const THERE: &str = "there is such a file already; --force replaces it";

impl Failure {
    /// What an error in the file of that path means.
    pub(crate) fn new(path: &Path, err: &Error) -> Self {
        let text = for_the_command(&say(err));
        Failure {
            kind: format!("{:?}", err.kind()),
            file: escape::path(path),
            member: err.member().map(|name| escape::name(name).into_owned()),
            // That a file is something else is true of all of it.
            offset: err.offset().filter(|_| err.kind() != ErrorKind::NotArray),
            message: escape::name(&text).into_owned(),
            exit: Exit::Wrong,
        }
    }

    /// An error that the library knows nothing of.
    pub(crate) fn of(path: &Path, message: impl Into<String>) -> Self {
        Failure {
            kind: "Argument".to_owned(),
            file: escape::path(path),
            member: None,
            offset: None,
            message: escape::name(&message.into()).into_owned(),
            exit: Exit::Wrong,
        }
    }

    /// What the system says of a file.
    pub(crate) fn unread(path: &Path, err: &io::Error) -> Self {
        Failure {
            kind: format!("{:?}", ErrorKind::Io),
            ..Failure::of(path, say_io(err))
        }
    }

    /// What is wrong with a pickle.
    pub(crate) fn pickle(path: &Path, member: Option<&str>, err: &npload_pickle::Error) -> Self {
        let op = err.op().map(|op| format!("{}: ", op.name()));
        let message = for_the_command(err.message());
        let message = format!("{}{message}", op.unwrap_or_default());
        Failure {
            kind: format!("{:?}", ErrorKind::Pickle),
            member: member.map(|name| escape::name(name).into_owned()),
            offset: err.offset().map(|at| at as u64),
            ..Failure::of(path, message)
        }
    }

    /// What is wrong with a member, or with a file as a whole, of a format that only the command reads.
    pub(crate) fn damaged(
        path: &Path,
        member: Option<&str>,
        offset: Option<u64>,
        message: impl Into<String>,
    ) -> Self {
        Failure {
            kind: format!("{:?}", ErrorKind::Header),
            member: member.map(|name| escape::name(name).into_owned()),
            offset,
            ..Failure::of(path, message)
        }
    }

    /// What becomes of no file of another kind.
    pub(crate) fn unfit(path: &Path, member: Option<&str>, message: impl Into<String>) -> Self {
        Failure {
            kind: format!("{:?}", ErrorKind::DType),
            ..Failure::damaged(path, member, None, message)
        }
    }

    /// A file is there that is not to be replaced.
    pub(crate) fn there(path: &Path) -> Self {
        Failure {
            kind: format!("{:?}", ErrorKind::Io),
            ..Failure::of(path, THERE)
        }
    }

    /// What kept a file from being written, or another from being read for it: the error names that.
    pub(crate) fn writing(path: &Path, err: &Error) -> Self {
        let of_output = err.path().is_none_or(|named| named == path);
        let message = match err.io_kind() {
            Some(io::ErrorKind::AlreadyExists) => THERE,
            Some(io::ErrorKind::NotFound) => "there is no such folder to write it in",
            Some(io::ErrorKind::PermissionDenied) => {
                "you may not write this file, or not in its folder"
            }
            Some(io::ErrorKind::IsADirectory) => "this is a directory; name a file in it",
            _ => "",
        };
        if of_output && !message.is_empty() {
            return Failure {
                kind: format!("{:?}", ErrorKind::Io),
                ..Failure::of(path, message)
            };
        }
        let failure = Failure::new(err.path().unwrap_or(path), err);
        match err.kind() {
            ErrorKind::Argument => Failure {
                exit: Exit::Usage,
                ..failure
            },
            _ => failure,
        }
    }

    /// What is wrong with a plugin, or what it says.
    pub(crate) fn plugin(path: &Path, err: &npload_pjrt::Error) -> Self {
        let kind = format!("{:?}", err.kind());
        let text = without_number(&err.to_string());
        let place = format!("{}: ", path.display());
        Failure {
            kind: kind.split('(').next().unwrap_or_default().to_owned(),
            ..Failure::of(path, text.strip_prefix(&place).unwrap_or(&text))
        }
    }

    /// An error in the arguments that only the file could tell.
    pub(crate) fn usage(path: &Path, message: impl Into<String>) -> Self {
        Failure {
            exit: Exit::Usage,
            ..Failure::of(path, message)
        }
    }

    /// More than the command keeps in memory.
    pub(crate) fn limit(path: &Path, message: impl Into<String>) -> Self {
        Failure {
            kind: format!("{:?}", ErrorKind::Limit),
            ..Failure::of(path, message)
        }
    }

    /// A key that is not there, with those that are.
    pub(crate) fn no_such_key(path: &Path, npz: &Npz, key: &str) -> Self {
        Failure::not_among(path, npz.keys(), key)
    }

    /// The same of any list of keys.
    pub(crate) fn not_among<'k>(
        path: &Path,
        keys: impl ExactSizeIterator<Item = &'k str>,
        key: &str,
    ) -> Self {
        let are = if keys.len() == 1 { "is" } else { "are" };
        let message = match Failure::near(keys, key) {
            keys if keys.is_empty() => format!("there is no array \"{key}\"; the archive is empty"),
            keys => format!("there is no array \"{key}\"; there {are}: {keys}"),
        };
        Failure {
            kind: format!("{:?}", ErrorKind::NoSuchMember),
            ..Failure::usage(path, message)
        }
    }

    /// The archive's keys, of many those that `wanted` may have meant.
    pub(crate) fn keys(npz: &Npz, wanted: &str) -> String {
        Failure::near(npz.keys(), wanted)
    }

    /// The same of any list of keys.
    pub(crate) fn near<'k>(keys: impl ExactSizeIterator<Item = &'k str>, wanted: &str) -> String {
        let count = keys.len();
        let near = close::keys(wanted, keys);
        let dots = if near.len() < count { ", …" } else { "" };
        near.join(", ") + dots
    }

    /// A part of the array that it has not.
    pub(crate) fn no_such_part(path: &Path, err: &Error) -> Self {
        Failure {
            exit: Exit::Usage,
            ..Failure::new(path, err)
        }
    }

    /// Of a file that is nothing that can be read: what else it may be.
    pub(crate) fn or_else_perhaps(mut self, hint: &str) -> Self {
        if self.kind == format!("{:?}", ErrorKind::NotArray) {
            self.message.push(' ');
            self.message.push_str(hint);
        }
        self
    }

    pub(crate) fn exit(&self) -> Exit {
        self.exit
    }

    /// The text for a place where the file and member are known.
    pub(crate) fn here(&self) -> String {
        match self.offset {
            Some(offset) => format!("at byte {offset}: {}", self.message),
            None => self.message.clone(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.file)?;
        if let Some(member) = &self.member {
            write!(f, "member \"{member}\": ")?;
        }
        f.write_str(&self.here())
    }
}

/// What the system says, without its number: ` (os error 20)`.
pub(crate) fn without_number(message: &str) -> String {
    const NUMBER: &str = " (os error ";
    let cut = message.split_once(NUMBER).and_then(|(before, rest)| {
        let (digits, after) = rest.split_once(')')?;
        let number = digits.bytes().all(|b| b.is_ascii_digit());
        number.then(|| format!("{before}{after}"))
    });
    cut.unwrap_or_else(|| message.to_owned())
}

/// A message of the library's with what the command has in the place of what a program could do.
pub(crate) fn for_the_command(message: &str) -> String {
    const RAISE: &str = "; raise ";
    const TRUSTED: &str = " if the file is trusted";
    if message.ends_with("may need encoding 'latin1' or 'bytes'") {
        return format!("{message} (--encoding)");
    }
    let limit = message.split_once(RAISE).and_then(|(before, rest)| {
        let (name, after) = rest.split_once(TRUSTED)?;
        Some(format!(
            "{before}, and this command reads no more ({name}){after}"
        ))
    });
    limit.unwrap_or_else(|| message.to_owned())
}

/// What is wrong with an array as far as its header and sizes tell.
pub(crate) fn wrong(array: &Peeked) -> Option<&Error> {
    array.header.as_ref().err().or(array.incomplete.as_ref())
}

/// What the system says, in words for people.
fn say_io(err: &io::Error) -> String {
    say_kind(err.kind()).map_or_else(|| without_number(&err.to_string()), str::to_owned)
}

fn say_kind(kind: io::ErrorKind) -> Option<&'static str> {
    match kind {
        io::ErrorKind::NotFound => Some("there is no such file"),
        io::ErrorKind::IsADirectory => Some("this is a directory; name the files in it"),
        io::ErrorKind::PermissionDenied => Some("you may not read this file"),
        io::ErrorKind::NotADirectory => Some("a part of this path is a file, not a directory"),
        _ => None,
    }
}

/// The message, in words for people where the library's are NumPy's or the system's.
fn say(err: &Error) -> String {
    match (err.kind(), err.io_kind()) {
        (_, Some(kind)) => {
            say_kind(kind).map_or_else(|| without_number(err.message()), str::to_owned)
        }
        (ErrorKind::Empty, _) => {
            "the file is empty; it was probably not written to its end".to_owned()
        }
        (ErrorKind::NotArray, _) => match err.looks() {
            Some(looks) if looks.is_pickle => "this is a pickle, not an npy or npz file".to_owned(),
            Some(looks) => format!(
                "this is no npy or npz file; it looks like {}. {}",
                looks.what, looks.advice
            ),
            None => err.message().to_owned(),
        },
        (ErrorKind::ObjectArray, _) => {
            "it holds Python objects, which are pickled and not shown; if you trust the file, read \
             it in Python with numpy.load(…, allow_pickle=True)"
                .to_owned()
        }
        (ErrorKind::Limit, _) if err.message().contains("max_header_size") => {
            format!("{} (--max-header-size)", err.message())
        }
        _ => err.message().to_owned(),
    }
}
