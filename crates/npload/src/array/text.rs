//! Text of an array: UTF-32 that need not be Unicode.

use std::borrow::Cow;
use std::fmt;

/// Text of a `U` element: code points, of which some may be no characters.
///
/// NumPy stores any 32-bit number in a `U` element: lone surrogates, which Python's strings may
/// hold and Rust's may not, and numbers over 0x10FFFF, which neither may.
///
/// ```
/// use npload::Text;
/// assert_eq!(Text::from("né").as_str(), Some("né"));
/// let odd = Text::from_code_points(&[0x61, 0xD800]);
/// assert_eq!(odd.as_str(), None);
/// assert_eq!(odd.to_string_lossy(), "a\u{FFFD}");
/// assert_eq!(odd.code_points().collect::<Vec<_>>(), [0x61, 0xD800]);
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Text(Inner);

#[derive(Clone, PartialEq, Eq, Hash)]
enum Inner {
    Unicode(String),
    /// Holds at least one code point that is no `char`.
    Odd(Vec<u32>),
}

impl Text {
    /// The text of these code points.
    #[must_use]
    pub fn from_code_points(points: &[u32]) -> Self {
        let text: Option<String> = points.iter().map(|&p| char::from_u32(p)).collect();
        Text(text.map_or_else(|| Inner::Odd(points.to_vec()), Inner::Unicode))
    }

    /// The text, if every code point is a character.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match &self.0 {
            Inner::Unicode(text) => Some(text),
            Inner::Odd(_) => None,
        }
    }

    /// The text, with U+FFFD for every code point that is no character.
    #[must_use]
    pub fn to_string_lossy(&self) -> Cow<'_, str> {
        match &self.0 {
            Inner::Unicode(text) => Cow::Borrowed(text),
            Inner::Odd(points) => {
                let chars = points.iter().map(|&p| char::from_u32(p));
                chars
                    .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
                    .collect()
            }
        }
    }

    /// Its code points.
    pub fn code_points(&self) -> impl Iterator<Item = u32> + Clone {
        let (text, odd): (&str, &[u32]) = match &self.0 {
            Inner::Unicode(text) => (text, &[]),
            Inner::Odd(points) => ("", points),
        };
        text.chars().map(u32::from).chain(odd.iter().copied())
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Text(Inner::Unicode(text.to_owned()))
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Inner::Unicode(text) => text.fmt(f),
            Inner::Odd(points) => f.debug_tuple("Odd").field(points).finish(),
        }
    }
}
