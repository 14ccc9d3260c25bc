//! Aligned columns.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr;

/// A column gets no wider than this for the sake of one long cell, which then pushes its row aside.
const WIDEST: usize = 40;

/// How a column stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
}

/// Rows under a head, for people.
pub(crate) struct Columns {
    aligns: Vec<Align>,
    rows: Vec<Vec<String>>,
}

impl Columns {
    pub(crate) fn new(head: &[(&str, Align)]) -> Self {
        Columns {
            aligns: head.iter().map(|(_, align)| *align).collect(),
            rows: vec![head.iter().map(|(name, _)| (*name).to_owned()).collect()],
        }
    }

    /// A row. One with fewer cells than the head has ends in a cell that may be of any width.
    pub(crate) fn push(&mut self, row: Vec<String>) {
        self.rows.push(row);
    }

    /// A line under the row before, if there is anything to say.
    pub(crate) fn note(&mut self, text: Option<String>) {
        self.rows.extend(text.map(|text| vec![format!("  {text}")]));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.len() < 2
    }

    /// Writes them, two spaces apart, with no space at the end of a line.
    pub(crate) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut widths = vec![0; self.aligns.len()];
        for row in &self.rows {
            // The last cell of a short row stands in nobody's column.
            let own = if row.len() < widths.len() {
                row.len().saturating_sub(1)
            } else {
                row.len()
            };
            for (width, cell) in widths.iter_mut().zip(row).take(own) {
                *width = (*width).max(cell.width().min(WIDEST));
            }
        }
        for row in &self.rows {
            let mut line = String::new();
            let columns = self.aligns.iter().zip(&widths);
            for (i, (cell, (align, width))) in row.iter().zip(columns).enumerate() {
                line.push_str(if i == 0 { "" } else { "  " });
                let pad = width.saturating_sub(cell.width());
                let short = row.len() < widths.len() && i.saturating_add(1) == row.len();
                let before = if *align == Align::Right && !short {
                    pad
                } else {
                    0
                };
                line.extend(std::iter::repeat_n(' ', before));
                line.push_str(cell);
                line.extend(std::iter::repeat_n(' ', pad.saturating_sub(before)));
            }
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_stand_under_each_other_whatever_their_script() {
        let mut columns = Columns::new(&[
            ("name", Align::Left),
            ("n", Align::Right),
            ("x", Align::Left),
        ]);
        columns.push(["中文", "7", "a"].map(Into::into).to_vec());
        columns.push(["b", "error: of any length"].map(Into::into).to_vec());
        columns.push(["c", "1234", ""].map(Into::into).to_vec());
        let mut out = Vec::new();
        columns.write(&mut out).unwrap();
        let lines = "name     n  x\n中文     7  a\nb     error: of any length\nc     1234\n";
        assert_eq!(String::from_utf8(out).unwrap(), lines);
    }
}
