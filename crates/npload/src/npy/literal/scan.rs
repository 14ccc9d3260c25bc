//! The text, one token after the other.

use super::number::number;
use super::text::{prefix_len, strings};
use super::{Dialect, Literal, Malformed};

/// Which brackets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bracket {
    Round,
    Square,
    Curly,
}

impl Bracket {
    pub(super) fn closing(self) -> char {
        match self {
            Bracket::Round => ')',
            Bracket::Square => ']',
            Bracket::Curly => '}',
        }
    }
}

/// What the text is made of.
#[derive(Debug, PartialEq)]
pub(super) enum Token {
    Open(Bracket),
    Close(Bracket),
    Comma,
    Colon,
    /// `-`, or else `+`.
    Sign(bool),
    Value(Literal),
    /// The end of the text, or at the top level the end of the line.
    End,
}

/// A place in a text. Newlines are `\n`, `\r\n` or `\r`, as Python reads source code.
pub(crate) struct Scanner<'a> {
    text: &'a str,
    pos: usize,
    dialect: Dialect,
    /// Whether the first token was there.
    started: bool,
    pub(super) comments: Vec<&'a str>,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(text: &'a str, dialect: Dialect) -> Self {
        Scanner {
            text,
            pos: 0,
            dialect,
            started: false,
            comments: Vec::new(),
        }
    }

    /// What was not read yet.
    pub(crate) fn rest(&self) -> &'a str {
        self.text.get(self.pos..).unwrap_or_default()
    }

    pub(super) fn pos(&self) -> usize {
        self.pos
    }

    /// Steps over so many bytes.
    pub(crate) fn advance(&mut self, bytes: usize) {
        self.pos = self.pos.saturating_add(bytes);
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.pos).copied()
    }

    /// The next character, newlines as `\n`.
    pub(super) fn next(&mut self) -> Option<char> {
        let c = self.rest().chars().next()?;
        self.advance(c.len_utf8());
        if c == '\r' {
            if self.peek() == Some(b'\n') {
                self.advance(1);
            }
            return Some('\n');
        }
        Some(c)
    }

    /// A string (with those that follow it directly) at this place; none where none starts.
    pub(crate) fn string(&mut self) -> Option<Result<Literal, Malformed>> {
        prefix_len(self.rest()).map(|_| strings(self, true))
    }

    /// Steps over blanks, comments and joined lines, inside of brackets over newlines too.
    pub(super) fn skip_space(&mut self, nested: bool) -> Result<(), Malformed> {
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' | b'\x0c' => self.advance(1),
                b'\n' | b'\r' if nested => self.advance(1),
                b'#' => self.comment(),
                b'\\' => self.joined_line()?,
                _ => break,
            }
        }
        Ok(())
    }

    fn comment(&mut self) {
        let rest = self.rest();
        let len = rest.find(['\n', '\r']).unwrap_or(rest.len());
        self.comments.extend(rest.get(1..len));
        self.advance(len);
    }

    /// Steps over a backslash, which has to stand at the end of a line that is not the last.
    fn joined_line(&mut self) -> Result<(), Malformed> {
        let at = self.pos;
        self.advance(1);
        if self.next() != Some('\n') || self.rest().is_empty() {
            return Err(Malformed::new(at, "a backslash that joins no lines"));
        }
        Ok(())
    }

    /// Steps over lines without a token, and over the blanks before the first one, which is not
    /// indented (`literal_eval` strips those of the first line).
    fn start(&mut self) -> Result<(), Malformed> {
        self.started = true;
        let mut indented = false;
        let mut first_line = true;
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' => {
                    indented = !first_line;
                    self.advance(1);
                }
                b'\x0c' => {
                    (indented, first_line) = (false, false);
                    self.advance(1);
                }
                b'\n' | b'\r' => {
                    (indented, first_line) = (false, false);
                    self.advance(1);
                }
                b'#' => self.comment(),
                b'\\' => {
                    self.joined_line()?;
                    self.skip_space(false)?;
                    break;
                }
                _ => break,
            }
        }
        if indented {
            return Err(Malformed::new(self.pos, "unexpected indent"));
        }
        Ok(())
    }

    /// Reads what follows the literal: nothing but blank lines and comments.
    fn finish(&mut self) -> Result<Token, Malformed> {
        self.skip_space(true)?;
        if let Some(found) = self.found() {
            let message = format!("expected the end of the text, found {found}");
            return Err(Malformed::new(self.pos, message));
        }
        // Python takes blanks that end the text without a newline for the indent of a statement.
        if self.text.ends_with([' ', '\t']) {
            let line = self
                .text
                .rfind(['\n', '\r'])
                .map_or(0, |at| at.saturating_add(1));
            let last = self.text.get(line..).unwrap_or_default();
            if last
                .bytes()
                .all(|byte| matches!(byte, b' ' | b'\t' | b'\x0c'))
            {
                return Err(Malformed::new(line, "blanks after the last newline"));
            }
        }
        Ok(Token::End)
    }

    /// What stands here, for errors; none at the end.
    pub(super) fn found(&self) -> Option<String> {
        let c = self.rest().chars().next()?;
        let name = self.name();
        Some(if !name.is_empty() {
            format!("the name `{name}`")
        } else if c.is_ascii_graphic() {
            format!("`{c}`")
        } else {
            format!("the character U+{:04X}", u32::from(c))
        })
    }

    fn name(&self) -> &'a str {
        let rest = self.rest();
        let len = rest
            .find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap_or(rest.len());
        rest.get(..len).unwrap_or_default()
    }

    /// The next token and where it starts.
    pub(super) fn token(&mut self, nested: bool) -> Result<(usize, Token), Malformed> {
        if !self.started {
            self.start()?;
        }
        self.skip_space(nested)?;
        let at = self.pos;
        let Some(byte) = self.peek() else {
            return Ok((at, Token::End));
        };
        if matches!(byte, b'\n' | b'\r') {
            return Ok((at, self.finish()?));
        }
        // Only the comments that no token follows are kept.
        self.comments.clear();
        let punctuation = match byte {
            b'(' => Token::Open(Bracket::Round),
            b'[' => Token::Open(Bracket::Square),
            b'{' => Token::Open(Bracket::Curly),
            b')' => Token::Close(Bracket::Round),
            b']' => Token::Close(Bracket::Square),
            b'}' => Token::Close(Bracket::Curly),
            b',' => Token::Comma,
            b':' => Token::Colon,
            b'+' => Token::Sign(false),
            b'-' => Token::Sign(true),
            _ => return Ok((at, Token::Value(self.value(nested)?))),
        };
        self.advance(1);
        Ok((at, punctuation))
    }

    fn value(&mut self, nested: bool) -> Result<Literal, Malformed> {
        let rest = self.rest();
        if prefix_len(rest).is_some() {
            return strings(self, nested);
        }
        let mut bytes = rest.bytes();
        let (first, second) = (
            bytes.next().unwrap_or_default(),
            bytes.next().unwrap_or_default(),
        );
        if first.is_ascii_digit() || (first == b'.' && second.is_ascii_digit()) {
            return self.number();
        }
        if rest.starts_with("...") {
            self.advance(3);
            return Ok(Literal::Ellipsis);
        }
        let at = self.pos;
        let name = self.name();
        let value = match name {
            "None" => Literal::None,
            "True" => Literal::Bool(true),
            "False" => Literal::Bool(false),
            "set" => return self.empty_set(at),
            "np" | "numpy" => return self.numpy_int(at),
            _ => {
                let found = self.found().unwrap_or_default();
                return Err(Malformed::new(
                    at,
                    format!("expected a literal, found {found}"),
                ));
            }
        };
        self.advance(name.len());
        Ok(value)
    }

    fn number(&mut self) -> Result<Literal, Malformed> {
        let at = self.pos;
        let (value, len) = number(self.rest(), at)?;
        self.advance(len);
        if self.dialect == Dialect::Python2 {
            // The suffix of Python 2's long integers, where NumPy drops it: after any number,
            // blanks or not.
            loop {
                let end = self.pos;
                self.skip_blanks();
                if self.name() != "L" {
                    self.pos = end;
                    break;
                }
                self.advance(1);
            }
        }
        match self.rest().chars().next() {
            Some(c) if c.is_alphanumeric() || c == '_' => Err(Malformed::new(
                self.pos,
                format!("a number followed by `{c}`"),
            )),
            _ => Ok(value),
        }
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\x0c')) {
            self.advance(1);
        }
    }

    /// `set()`, the one call that is a literal: there is no other way to write an empty set.
    fn empty_set(&mut self, at: usize) -> Result<Literal, Malformed> {
        self.advance(3);
        self.expect(b'(', at)?;
        self.expect(b')', at)?;
        Ok(Literal::Set(Vec::new()))
    }

    /// `np.int64(3)`.
    fn numpy_int(&mut self, at: usize) -> Result<Literal, Malformed> {
        self.advance(self.name().len());
        self.expect(b'.', at)?;
        self.skip_space(true)?;
        let name = self.name();
        if !NUMPY_INTS.contains(&name) {
            return Err(call(at));
        }
        self.advance(name.len());
        self.expect(b'(', at)?;
        self.skip_space(true)?;
        let negative = self.peek() == Some(b'-');
        if negative {
            self.advance(1);
        }
        if !self.peek().is_some_and(|b| b.is_ascii_digit()) {
            return Err(call(at));
        }
        let Literal::Int(value) = self.number()? else {
            return Err(call(at));
        };
        self.expect(b')', at)?;
        Ok(Literal::NumpyInt(if negative {
            value.saturating_neg()
        } else {
            value
        }))
    }

    fn expect(&mut self, byte: u8, at: usize) -> Result<(), Malformed> {
        self.skip_space(true)?;
        if self.peek() != Some(byte) {
            return Err(call(at));
        }
        self.advance(1);
        Ok(())
    }
}

/// The names under which NumPy 2 shows an integer scalar.
const NUMPY_INTS: &[&str] = &[
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "intp",
    "uintp",
    "intc",
    "uintc",
    "int_",
    "uint",
    "long",
    "ulong",
    "longlong",
    "ulonglong",
    "short",
    "ushort",
    "byte",
    "ubyte",
];

#[cold]
fn call(at: usize) -> Malformed {
    Malformed::new(at, "expected a literal, found a name or a call")
}
