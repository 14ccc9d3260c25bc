//! What SLICE says: slices and fields, one after the other, in Python's syntax.

use std::fmt;
use std::str::FromStr;

use npload::{Index, Part, Result, Selection};

/// `[0:3]['x'][1]`; the brackets of the only step may be left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Steps(Vec<Step>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Slice(Selection),
    Field(String),
}

/// What a text that is no index has to be told.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NoIndex(String);

impl Steps {
    /// The elements that they pick, and whether that is one element rather than an array: Python
    /// prints the two differently.
    pub(crate) fn apply<'a>(&self, part: Part<'a>) -> Result<(Part<'a>, bool)> {
        let mut part = part;
        let mut element = false;
        for step in &self.0 {
            match step {
                Step::Field(name) => part = part.field(name)?,
                Step::Slice(selection) => match position(&part, selection).filter(|_| element) {
                    Some(field) => part = part.field(&field)?,
                    None => {
                        part = part.slice(selection.clone())?;
                        // `a[0, ...]` is an array of no axes.
                        element = !selection.indices().contains(&Index::Ellipsis);
                    }
                },
            }
            element &= part.shape().is_empty();
        }
        Ok((part, element))
    }
}

/// The name of the field of one struct that a selection gives by its position, as in Python.
fn position(part: &Part<'_>, selection: &Selection) -> Option<String> {
    let fields = part.dtype().fields()?;
    let &[Index::At(at)] = selection.indices() else {
        return None;
    };
    let from_end = || fields.len().checked_sub(at.unsigned_abs());
    let at = if at < 0 {
        from_end()
    } else {
        usize::try_from(at).ok()
    };
    Some(fields.get(at?)?.name.clone())
}

impl FromStr for Steps {
    type Err = NoIndex;

    fn from_str(text: &str) -> Result<Self, NoIndex> {
        let text = text.trim();
        if !text.starts_with('[') {
            return Ok(Steps(vec![parse_step(text)?]));
        }
        let mut steps = Vec::new();
        let mut rest = text;
        while let Some(inner) = rest.strip_prefix('[') {
            let end = closing(inner).ok_or_else(|| NoIndex(format!("{text}: a ] is missing")))?;
            let (step, after) = inner.split_at_checked(end).unwrap_or_default();
            steps.push(parse_step(step)?);
            rest = after.get(1..).unwrap_or_default().trim_start();
        }
        match rest {
            "" => Ok(Steps(steps)),
            rest => Err(NoIndex(format!(
                "{rest}: after a ] there may only be another [ ]"
            ))),
        }
    }
}

/// Where the first `]` outside of quotes is.
fn closing(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut escaped = false;
    text.char_indices().find_map(|(at, c)| {
        match (c, quote) {
            _ if std::mem::take(&mut escaped) => {}
            ('\\', Some(_)) => escaped = true,
            (']', None) => return Some(at),
            ('\'' | '"', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            _ => {}
        }
        None
    })
}

fn parse_step(text: &str) -> Result<Step, NoIndex> {
    let text = text.trim();
    if let Some(field) = parse_quoted(text) {
        return field.map(Step::Field);
    }
    let parsed: Result<Selection> = text.parse();
    parsed.map(Step::Slice).map_err(|err| {
        let word = |c: char| c.is_alphanumeric() || c == '_';
        let starts = text.starts_with(|c: char| c.is_alphabetic() || c == '_');
        if starts && text.chars().all(word) {
            return NoIndex(format!("fields are named in quotes: \"['{text}']\""));
        }
        if text.starts_with("['") || text.starts_with("[\"") {
            return NoIndex("one field at a time: \"['x']\", not \"[['x', 'y']]\"".to_owned());
        }
        NoIndex(err.message().to_owned())
    })
}

/// A string in quotes, if it is one, with Python's escapes but those of characters' names.
fn parse_quoted(text: &str) -> Option<Result<String, NoIndex>> {
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let wrong = |why: &str| Some(Err(NoIndex(format!("{text}: {why}"))));
    let mut name = String::new();
    let mut chars = text.chars().skip(1);
    loop {
        match chars.next() {
            None => return wrong("the quote is not closed"),
            Some(c) if c == quote => break,
            Some('\\') => match escaped(&mut chars) {
                Some(c) => name.push(c),
                None => return wrong("no escape of Python's stands behind the backslash"),
            },
            Some(c) => name.push(c),
        }
    }
    match chars.next() {
        None => Some(Ok(name)),
        Some(_) => wrong("a field's name stands alone in its brackets"),
    }
}

/// The character of an escape, of which the backslash has been read.
fn escaped(chars: &mut impl Iterator<Item = char>) -> Option<char> {
    let digits = match chars.next()? {
        c @ ('\\' | '\'' | '"') => return Some(c),
        'n' => return Some('\n'),
        't' => return Some('\t'),
        'r' => return Some('\r'),
        '0' => return Some('\0'),
        'x' => 2,
        'u' => 4,
        'U' => 8,
        _ => return None,
    };
    let code = (0..digits).try_fold(0_u32, |code, _| {
        let digit = chars.next()?.to_digit(16)?;
        code.checked_mul(16)?.checked_add(digit)
    });
    char::from_u32(code?)
}

impl fmt::Display for NoIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NoIndex {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Result<Vec<String>, String> {
        let steps: Steps = text.parse().map_err(|e: NoIndex| e.0)?;
        let name = |step| match step {
            Step::Slice(selection) => Selection::to_string(&selection),
            Step::Field(name) => format!("field {name}"),
        };
        Ok(steps.0.into_iter().map(name).collect())
    }

    #[test]
    fn slices_and_fields_follow_each_other_as_in_python() {
        for (text, steps) in [
            ("0", &["[0]"][..]),
            (" ::-1, ... ", &["[::-1, ...]"]),
            ("[0:3]", &["[0:3]"]),
            ("[]", &["[]"]),
            ("'x'", &["field x"]),
            ("['x'][0:3] [1]", &["field x", "[0:3]", "[1]"]),
            ("[0][\"a]b\"]", &["[0]", "field a]b"]),
            (r"['it\'s \\']", &[r"field it's \"]),
            (
                r"['a\nb\xe9\u4e2d\U0001f600\t']",
                &["field a\nb\u{e9}\u{4e2d}\u{1f600}\t"],
            ),
        ] {
            assert_eq!(parse(text).unwrap(), steps, "{text}");
        }
    }

    #[test]
    fn what_is_no_index_is_explained() {
        for (text, says) in [
            ("x", "fields are named in quotes: \"['x']\""),
            ("[x]", "fields are named in quotes: \"['x']\""),
            ("[0", "a ] is missing"),
            ("['x]", "a ] is missing"),
            ("'x", "the quote is not closed"),
            ("[0]1", "after a ] there may only be another [ ]"),
            ("['x', 'y']", "a field's name stands alone"),
            ("[['x', 'y']]", "one field at a time"),
            ("1.5", "\"1.5\" in \"1.5\" is no index"),
            (r"'\q'", "no escape of Python's"),
            (r"'\x1'", "no escape of Python's"),
            (r"'\ud800'", "no escape of Python's"),
        ] {
            let err = parse(text).unwrap_err();
            assert!(err.contains(says), "{text}: {err}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in r#"[\[\]'"\\:,.0-9xNoe\u{4e2d} -]{0,16}"#) {
            let _ = text.parse::<Steps>();
        }

        #[test]
        fn no_text_at_all_makes_it_panic(text: String) {
            let _ = text.parse::<Steps>();
        }
    }
}
