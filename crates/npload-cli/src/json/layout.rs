//! How documents are laid out: objects over lines, lists on one.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;

use crate::escape;

/// Writes a document and ends its line.
///
/// Characters that no terminal should get, which JSON would let through (U+007F, U+0080 to U+009F,
/// changes of direction), are escaped.
pub(crate) fn write(document: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let layout = Layout {
        depth: 0,
        empty: true,
    };
    document.serialize(&mut Serializer::with_formatter(&mut *out, layout))?;
    writeln!(out)
}

struct Layout {
    /// Of objects.
    depth: usize,
    /// Whether the object that ends next has no fields.
    empty: bool,
}

impl Layout {
    fn line<W: Write + ?Sized>(&self, out: &mut W) -> io::Result<()> {
        write!(out, "\n{:1$}", "", self.depth.saturating_mul(2))
    }
}

impl Formatter for Layout {
    fn begin_array_value<W: Write + ?Sized>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        out.write_all(if first { b"" } else { b", " })
    }

    fn begin_object<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.depth = self.depth.saturating_add(1);
        self.empty = true;
        out.write_all(b"{")
    }

    fn begin_object_key<W: Write + ?Sized>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        out.write_all(if first { b"" } else { b"," })?;
        self.line(out)
    }

    fn begin_object_value<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b": ")
    }

    fn end_object_value<W: Write + ?Sized>(&mut self, _out: &mut W) -> io::Result<()> {
        self.empty = false;
        Ok(())
    }

    fn end_object<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.depth = self.depth.saturating_sub(1);
        if !self.empty {
            self.line(out)?;
        }
        self.empty = false;
        out.write_all(b"}")
    }

    fn write_string_fragment<W: Write + ?Sized>(
        &mut self,
        out: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        if !fragment.contains(escape::is_harmful) {
            return out.write_all(fragment.as_bytes());
        }
        let mut units = [0; 2];
        for c in fragment.chars() {
            if escape::is_harmful(c) {
                for unit in c.encode_utf16(&mut units) {
                    write!(out, "\\u{unit:04x}")?;
                }
            } else {
                write!(out, "{c}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn objects_are_read_by_people_and_lists_stay_short() {
        let document = json!({"a": [[1, 2], [3]], "b": [{"c": {}, "d": null}, {}], "e": {"f": 1}});
        let mut out = Vec::new();
        super::write(&document, &mut out).unwrap();
        let text = "{\n  \"a\": [[1, 2], [3]],\n  \"b\": [{\n    \"c\": {},\n    \"d\": null\n  }, {}],\
                    \n  \"e\": {\n    \"f\": 1\n  }\n}\n";
        assert_eq!(String::from_utf8(out).unwrap(), text);
    }

    #[test]
    fn what_moves_a_cursor_is_escaped_and_reads_back() {
        let document = json!(["a\u{7f}\u{9b}\u{202e}\x1b\"\\\u{e0001}\u{e9}"]);
        let mut out = Vec::new();
        super::write(&document, &mut out).unwrap();
        let text = "[\"a\\u007f\\u009b\\u202e\\u001b\\\"\\\\\\udb40\\udc01\u{e9}\"]\n";
        assert_eq!(std::str::from_utf8(&out).unwrap(), text);
        assert_eq!(
            serde_json::from_slice::<serde_json::Value>(&out).unwrap(),
            document
        );
    }
}
