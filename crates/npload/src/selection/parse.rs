//! Python's syntax for an index, read and written.

use std::fmt;
use std::str::FromStr;

use super::{Index, Selection};
use crate::{Error, ErrorKind, Result};

impl FromStr for Selection {
    type Err = Error;

    /// Reads what stands between the brackets in Python, with or without them: `0`, `1:10`,
    /// `..., ::-1`, `[None, 2]`.
    ///
    /// # Errors
    /// [`ErrorKind::Argument`] with the part that is none.
    fn from_str(text: &str) -> Result<Self> {
        let trimmed = text.trim();
        let inner = match trimmed.strip_prefix('[') {
            Some(rest) => rest
                .strip_suffix(']')
                .ok_or_else(|| refuse(text, trimmed))?,
            None => trimmed,
        };
        let inner = inner.trim();
        let inner = inner.strip_suffix(',').unwrap_or(inner);
        if inner.is_empty() {
            return Ok(Selection::all());
        }
        let indices = inner.split(',').map(|part| parse_index(text, part.trim()));
        Ok(Selection::new(indices.collect::<Result<_>>()?))
    }
}

fn parse_index(text: &str, part: &str) -> Result<Index> {
    match part {
        "..." | "Ellipsis" => return Ok(Index::Ellipsis),
        "None" | "newaxis" | "np.newaxis" => return Ok(Index::NewAxis),
        _ => {}
    }
    let number = |part: &str| -> Result<isize> {
        let digits = part.replace('_', "");
        digits.parse().map_err(|_| refuse(text, part))
    };
    let optional = |part: Option<&str>| -> Result<Option<isize>> {
        part.map(str::trim)
            .filter(|part| !part.is_empty())
            .map(number)
            .transpose()
    };
    if !part.contains(':') {
        return number(part).map(Index::At);
    }
    let mut parts = part.splitn(3, ':');
    let (start, stop) = (optional(parts.next())?, optional(parts.next())?);
    let step = optional(parts.next())?.unwrap_or(1);
    if step == 0 {
        return Err(Error::new(
            ErrorKind::Argument,
            format!("slice step cannot be zero: {part:?}"),
        ));
    }
    Ok(Index::Slice { start, stop, step })
}

#[cold]
fn refuse(text: &str, part: &str) -> Error {
    let message = format!(
        "{part:?} in {text:?} is no index: write integers, slices (start:stop:step), '...' or \
         None, with commas between them"
    );
    Error::new(ErrorKind::Argument, message)
}

impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (i, index) in self.indices().iter().enumerate() {
            f.write_str(if i == 0 { "" } else { ", " })?;
            match index {
                Index::At(at) => write!(f, "{at}")?,
                Index::NewAxis => f.write_str("None")?,
                Index::Ellipsis => f.write_str("...")?,
                Index::Slice { start, stop, step } => {
                    if let Some(start) = start {
                        write!(f, "{start}")?;
                    }
                    f.write_str(":")?;
                    if let Some(stop) = stop {
                        write!(f, "{stop}")?;
                    }
                    if *step != 1 {
                        write!(f, ":{step}")?;
                    }
                }
            }
        }
        f.write_str("]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pythons_syntax_is_read_and_written_back() {
        for (text, written) in [
            ("", "[]"),
            ("3", "[3]"),
            ("[ -1 ]", "[-1]"),
            ("1:2, ::-1,", "[1:2, ::-1]"),
            (": , 5 :, :7, ..., None", "[:, 5:, :7, ..., None]"),
            ("1_000:2_000:1", "[1000:2000]"),
        ] {
            assert_eq!(
                text.parse::<Selection>().unwrap().to_string(),
                written,
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_index_is_named() {
        for (text, names) in [
            ("a", "\"a\" in \"a\""),
            ("1, b:2", "\"b\" in"),
            ("[1", "\"[1\" in"),
            ("1:2:3:4", "\"3:4\" in"),
            ("1,,2", "\"\" in"),
            ("::0", "step cannot be zero"),
            ("99999999999999999999", "no index"),
        ] {
            let err = text.parse::<Selection>().unwrap_err();
            assert_eq!(err.kind(), ErrorKind::Argument);
            assert!(err.message().contains(names), "{text}: {err}");
        }
    }
}
