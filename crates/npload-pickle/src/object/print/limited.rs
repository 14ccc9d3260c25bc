//! Text that stops when it is long enough.

use std::fmt::{self, Write};

/// What prints, up to so many bytes and `...`; what comes after is not even made.
pub(super) fn print(text: impl fmt::Display, max: usize) -> String {
    let mut limited = Limited {
        out: String::new(),
        max,
    };
    if write!(limited, "{text}").is_err() {
        limited.out.push_str("...");
    }
    limited.out
}

struct Limited {
    out: String,
    max: usize,
}

impl Write for Limited {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let left = self.max.saturating_sub(self.out.len());
        let end = (0..=left.min(text.len()))
            .rev()
            .find(|&end| text.is_char_boundary(end));
        let start = end.and_then(|end| text.get(..end)).unwrap_or_default();
        self.out.push_str(start);
        if start.len() < text.len() {
            return Err(fmt::Error);
        }
        Ok(())
    }
}
