//! Python literals, as `ast.literal_eval` reads them: the language of npy headers.
//!
//! The reader is made for hostile text. It runs no code and calls nothing; it keeps its own stack,
//! so nesting cannot overflow the thread's; brackets nest [`MAX_DEPTH`] deep at most, as in
//! Python, which bounds whatever walks or drops a [`Literal`] as well; and what it builds is never
//! larger than a small multiple of the text.

mod number;
mod parse;
mod repr;
mod scan;
mod text;

pub(crate) use parse::{Dialect, parse};
pub(crate) use scan::Scanner;

/// How deep brackets may nest: Python's own limit.
pub(crate) const MAX_DEPTH: usize = 200;

/// What a Python literal stands for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Literal {
    None,
    Ellipsis,
    Bool(bool),
    Int(i128),
    /// An integer that does not fit: its spelling, sign included.
    BigInt(String),
    Float(f64),
    Complex(f64, f64),
    Str(String),
    /// Text with surrogates, which Rust's strings cannot hold: its code points.
    Surrogates(Vec<u32>),
    Bytes(Vec<u8>),
    Tuple(Vec<Literal>),
    List(Vec<Literal>),
    Set(Vec<Literal>),
    /// In the order of the text; of equal keys the last counts.
    Dict(Vec<(Literal, Literal)>),
    /// `np.int64(3)`: no literal at all, but what NumPy 2's `repr` leaves in headers that were
    /// formatted by hand (numpy#28334).
    NumpyInt(i128),
}

impl Literal {
    /// Whether Python would take it as a key.
    pub(crate) fn is_hashable(&self) -> bool {
        match self {
            // As deep as brackets nest, and no deeper.
            Literal::Tuple(items) => items.iter().all(Literal::is_hashable),
            Literal::List(_) | Literal::Set(_) | Literal::Dict(_) => false,
            _ => true,
        }
    }
}

/// Why a text is no literal, and where.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed {
    /// The byte of the text.
    pub(crate) at: usize,
    /// What was expected and what was found.
    pub(crate) message: String,
}

impl Malformed {
    #[cold]
    pub(crate) fn new(at: usize, message: impl Into<String>) -> Self {
        Malformed {
            at,
            message: message.into(),
        }
    }
}

/// A literal and what stood behind it.
#[derive(Debug, PartialEq)]
pub(crate) struct Parsed<'a> {
    pub(crate) value: Literal,
    /// The comments after the literal, without their `#`.
    pub(crate) comments: Vec<&'a str>,
}

#[cfg(test)]
mod tests;
