//! Where an array is: `FILE` or `FILE:KEY`.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use npload::{Handle, LoadOptions, Npz, Peeked};

use crate::failure::Failure;
use crate::steps::Steps;

/// A file, and the key of one array in it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) path: PathBuf,
    pub(crate) key: Option<String>,
}

impl Place {
    /// Reads `FILE[:KEY]`. Files and keys may have colons in them: the longest path that is there
    /// wins. If none is, all of it is the path.
    pub(crate) fn find(text: &OsStr) -> Self {
        let is_file = |path: &Path| is_stdin(path) || (path.exists() && !path.is_dir());
        Place::parse(text, |whole| whole.exists() || is_file(whole), is_file)
    }

    pub(crate) fn is_there(&self) -> bool {
        is_stdin(&self.path) || self.path.exists()
    }

    fn parse(
        text: &OsStr,
        is_there: impl Fn(&Path) -> bool,
        is_file: impl Fn(&Path) -> bool,
    ) -> Self {
        let whole = Place {
            path: text.into(),
            key: None,
        };
        if is_there(&whole.path) {
            return whole;
        }
        let splits = Splits::of(text);
        let found = splits.map(|(path, key)| Place {
            path: path.into(),
            key: Some(key.to_string_lossy().into_owned()),
        });
        found
            .into_iter()
            .find(|place| is_file(&place.path))
            .unwrap_or(whole)
    }
}

/// Takes a part that is written behind the array, `FILE:KEY[10:20, 3]`, to where one stands by itself.
/// Files and keys may have brackets in them: what is there by that whole name is meant.
pub(crate) fn take_part(place: &mut OsString, steps: &mut Option<Steps>) {
    let text = match place.to_str() {
        Some(text) if steps.is_none() && text.ends_with(']') => text,
        _ => return,
    };
    let whole = Place::find(place);
    let is_key = |key: &str| Npz::open(&whole.path).is_ok_and(|npz| npz.contains(key));
    if whole.path.exists() && whole.key.as_deref().is_none_or(is_key) {
        return;
    }
    let parts = text
        .match_indices('[')
        .filter_map(|(at, _)| text.split_at_checked(at));
    let found = parts
        .filter_map(|(front, part)| Some((front, part.parse().ok()?)))
        .find(|(front, _)| Place::find(front.as_ref()).is_there());
    if let Some((front, part)) = found {
        *steps = Some(part);
        *place = front.into();
    }
}

/// The ways to split a text at a colon, the longest path first.
struct Splits<'a> {
    text: &'a OsStr,
    end: usize,
}

impl<'a> Splits<'a> {
    fn of(text: &'a OsStr) -> Self {
        let end = text.as_encoded_bytes().len();
        Splits { text, end }
    }
}

impl<'a> Iterator for Splits<'a> {
    type Item = (&'a OsStr, &'a OsStr);

    fn next(&mut self) -> Option<Self::Item> {
        let bytes = self.text.as_encoded_bytes().get(..self.end)?;
        self.end = bytes.iter().rposition(|&b| b == b':')?;
        Some(split(self.text, self.end))
    }
}

/// What stands before and after the colon at `at`.
#[cfg(unix)]
fn split(text: &OsStr, at: usize) -> (&OsStr, &OsStr) {
    use std::os::unix::ffi::OsStrExt;
    let (path, key) = text.as_bytes().split_at(at.min(text.len()));
    let key = key.get(1..).unwrap_or_default();
    (OsStr::from_bytes(path), OsStr::from_bytes(key))
}

/// What stands before and after the colon at `at`. Text that is no Unicode has no key.
#[cfg(not(unix))]
fn split(text: &OsStr, at: usize) -> (&OsStr, &OsStr) {
    let parts = text.to_str().and_then(|text| text.split_at_checked(at));
    let (path, key) = parts.unwrap_or_default();
    (
        path.as_ref(),
        key.strip_prefix(':').unwrap_or_default().as_ref(),
    )
}

/// Whether a path means standard input.
pub(crate) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Whether what is written to this path goes to standard output: `-`, or another name of what that is.
pub(crate) fn is_stdout(path: &Path) -> bool {
    is_stdin(path) || is_open_as_stdout(path)
}

#[cfg(unix)]
fn is_open_as_stdout(path: &Path) -> bool {
    use std::os::fd::AsFd;
    use std::os::unix::fs::MetadataExt;
    let stdout = std::io::stdout();
    let open = stdout.as_fd().try_clone_to_owned();
    let open = open.and_then(|fd| std::fs::File::from(fd).metadata());
    let of = |found: std::fs::Metadata| (found.dev(), found.ino());
    matches!((open.map(of), std::fs::metadata(path).map(of)), (Ok(open), Ok(named)) if open == named)
}

#[cfg(not(unix))]
fn is_open_as_stdout(_: &Path) -> bool {
    false
}

/// Opens a file, or standard input for `-`, which is read as far as what is in it goes.
pub(crate) fn open(path: &Path, options: &LoadOptions) -> Result<Handle, Failure> {
    let opened = match is_stdin(path) {
        true => options.open_reader(&mut std::io::stdin().lock()),
        false => options.open(path),
    };
    opened.map_err(|e| Failure::new(path, &e))
}

/// What a file holds. Of an array on standard input only the header is read.
pub(crate) fn peek(path: &Path, options: &LoadOptions) -> Result<Vec<Peeked>, Failure> {
    let peeked = match is_stdin(path) {
        true => options.peek_reader(&mut std::io::stdin().lock()),
        false => options.peek(path),
    };
    peeked.map_err(|e| Failure::new(path, &e))
}

/// Whether that is what a pickle's file holds.
pub(crate) fn is_pickle(arrays: &[Peeked]) -> bool {
    let pickled = |array: &Peeked| array.key.is_none() && matches!(array.header, Ok(None));
    arrays.iter().any(pickled)
}

/// Whether that is what an npy file or a pickle's holds: one array, or none, without a key.
pub(crate) fn is_npy(arrays: &[Peeked]) -> bool {
    arrays.iter().any(|array| array.key.is_none())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str, files: &[&str]) -> (String, Option<String>) {
        let is_file = |path: &Path| files.iter().any(|file| Path::new(file) == path);
        let place = Place::parse(text.as_ref(), is_file, is_file);
        (place.path.to_str().unwrap().to_owned(), place.key)
    }

    #[test]
    fn the_longest_path_that_is_there_wins() {
        let files = ["x.npz", "a:b.npz", "x.npz:w", "C:\\data\\x.npz"];
        for (text, path, key) in [
            ("x.npz", "x.npz", None),
            ("x.npz:b", "x.npz", Some("b")),
            ("x.npz:", "x.npz", Some("")),
            ("x.npz:b:c/d", "x.npz", Some("b:c/d")),
            ("x.npz:w", "x.npz:w", None),
            ("x.npz:w:v", "x.npz:w", Some("v")),
            ("a:b.npz", "a:b.npz", None),
            ("a:b.npz:k", "a:b.npz", Some("k")),
            ("C:\\data\\x.npz:k", "C:\\data\\x.npz", Some("k")),
            ("C:\\data\\no.npz:k", "C:\\data\\no.npz:k", None),
            ("no.npz:k", "no.npz:k", None),
            (":", ":", None),
            ("", "", None),
        ] {
            let found = parse(text, &files);
            assert_eq!(found, (path.to_owned(), key.map(str::to_owned)), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_split_wrongly(text in "[a:é\u{4e2d}.]{0,8}", there: bool) {
            let place = Place::parse(text.as_ref(), |_| false, |_| there);
            let again = match place.key {
                Some(key) => format!("{}:{key}", place.path.display()),
                None => place.path.display().to_string(),
            };
            prop_assert_eq!(again, text);
        }
    }

    #[cfg(unix)]
    #[test]
    fn paths_that_are_no_unicode_keep_their_bytes() {
        use std::os::unix::ffi::OsStrExt;
        let text = OsStr::from_bytes(b"\xff.npz:k");
        let place = Place::parse(text, |_| false, |_| true);
        assert_eq!(place.path.as_os_str().as_bytes(), b"\xff.npz");
        assert_eq!(place.key.as_deref(), Some("k"));
    }
}
