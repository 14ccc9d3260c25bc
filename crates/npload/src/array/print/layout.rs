//! Brackets, line breaks and dots: NumPy's nested lists.
#![allow(
    clippy::arithmetic_side_effects,
    reason = "widths of texts in memory, and at most 64 axes"
)]

/// How an array's elements are laid out.
pub(super) struct Layout<'a> {
    /// Between elements: a space, or a comma and one.
    pub(super) separator: &'a str,
    /// Lines do not get wider, if they hold more than one element.
    pub(super) width: usize,
    /// What stands before the array on its first line, in columns.
    pub(super) indent: usize,
    /// How many elements each axis has, of those that are shown.
    pub(super) shape: &'a [usize],
    /// Behind how many of them dots stand, where not all are shown.
    pub(super) gaps: &'a [Option<usize>],
}

impl Layout<'_> {
    /// The array whose elements, in C order, are these.
    pub(super) fn write(&self, words: &mut dyn Iterator<Item = String>) -> String {
        let mut out = String::new();
        self.axis(0, words, &mut out);
        out
    }

    fn axis(&self, axis: usize, words: &mut dyn Iterator<Item = String>, out: &mut String) {
        let Some((&len, rest)) = self.shape.get(axis..).and_then(<[usize]>::split_first) else {
            out.extend(words.next());
            return;
        };
        let gap = self.gaps.get(axis).copied().flatten();
        // The brackets that are open on this line, one of which is this axis's.
        let hanging = self.indent + axis + 1;
        out.push('[');
        if rest.is_empty() {
            self.row(len, gap, hanging, words, out);
        } else {
            let mut first = true;
            let mut next = |out: &mut String| {
                if !std::mem::take(&mut first) {
                    out.push_str(self.separator.trim_end());
                    out.extend(std::iter::repeat_n('\n', rest.len()));
                    out.extend(std::iter::repeat_n(' ', hanging));
                }
            };
            for i in 0..len {
                if gap == Some(i) {
                    next(out);
                    out.push_str("...");
                }
                next(out);
                self.axis(axis + 1, words, out);
            }
        }
        out.push(']');
    }

    /// The last axis, whose elements stand side by side.
    fn row(
        &self,
        len: usize,
        gap: Option<usize>,
        hanging: usize,
        words: &mut dyn Iterator<Item = String>,
        out: &mut String,
    ) {
        // Each axis keeps a column for its closing bracket.
        let width = self.width.saturating_sub(self.shape.len());
        let mut column = hanging;
        let mut first = true;
        let mut push = |word: &str, out: &mut String| {
            if !std::mem::take(&mut first) {
                out.push_str(self.separator);
                column += self.separator.len();
            }
            // Of several lines, which stand under each other, the widest counts.
            let widths = || word.split('\n').map(|line| line.chars().count());
            let word_width = widths().max().unwrap_or(0);
            // A break does not help a line that holds nothing yet.
            if column + word_width > width && column > hanging {
                out.truncate(out.trim_end().len());
                out.push('\n');
                out.extend(std::iter::repeat_n(' ', hanging));
                column = hanging;
            }
            let mut lines = word.split('\n');
            out.extend(lines.next());
            for line in lines {
                out.truncate(out.trim_end().len());
                out.push('\n');
                out.extend(std::iter::repeat_n(' ', column));
                out.push_str(line);
            }
            let missing = word_width - widths().next_back().unwrap_or(0);
            out.extend(std::iter::repeat_n(' ', missing));
            column += word_width;
        };
        for (i, word) in words.take(len).enumerate() {
            if gap == Some(i) {
                push("...", out);
            }
            push(&word, out);
        }
    }
}
