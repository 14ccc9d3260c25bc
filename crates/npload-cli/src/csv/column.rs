//! What the cells of a column are, where nobody says it.

use npload::{ByteOrder, DType, Number};

use super::cell;

/// What was seen of a column.
#[derive(Clone, Default)]
pub(super) struct Column {
    /// Cells with something in them.
    filled: u64,
    empty: u64,
    /// How many of those with something are each of these.
    bools: u64,
    integers: u64,
    floats: u64,
    complex: u64,
    /// The least and the greatest integer.
    least: i128,
    greatest: i128,
    /// An integer that no 128 bits hold: so many digits are no number that anybody has.
    huge: bool,
    /// The longest text: its characters and its bytes.
    chars: usize,
    bytes: usize,
    /// Whether one is neither a bool nor a number.
    words: bool,
    /// Whether one is no UTF-8.
    odd: bool,
}

/// What a column can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Is {
    /// All cells are empty.
    Nothing,
    Bool,
    Int,
    UInt,
    /// Integers that do not fit 64 bits.
    Huge,
    Float,
    Complex,
    Text,
}

impl Column {
    pub(super) fn add(&mut self, cell: &[u8]) {
        self.bytes = self.bytes.max(cell.len());
        let Some(text) = cell::text(cell) else {
            self.odd = true;
            self.filled = self.filled.saturating_add(1);
            return;
        };
        if cell.len() > self.chars {
            let chars = std::str::from_utf8(cell).map_or(0, |text| text.chars().count());
            self.chars = self.chars.max(chars);
        }
        if text.is_empty() {
            self.empty = self.empty.saturating_add(1);
            return;
        }
        self.filled = self.filled.saturating_add(1);
        // What is known to be text need not be looked at any more.
        if self.words {
            return;
        }
        let count = |n: &mut u64| *n = n.saturating_add(1);
        if cell::is_word(text).is_some() {
            return count(&mut self.bools);
        }
        if let Some(value) = cell::integer(cell) {
            self.least = self.least.min(value);
            self.greatest = self.greatest.max(value);
            count(&mut self.integers);
            count(&mut self.floats);
            return count(&mut self.complex);
        }
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            self.huge = true;
            count(&mut self.integers);
        }
        if cell::double(cell).is_some() {
            count(&mut self.floats);
            return count(&mut self.complex);
        }
        let parts = cell::complex(cell);
        match parts.is_some_and(|(re, im)| cell::double(re).and(cell::double(im)).is_some()) {
            true => count(&mut self.complex),
            false => self.words = true,
        }
    }

    pub(super) fn is(&self) -> Is {
        let all = |count: u64| count == self.filled;
        let whole = self.empty == 0;
        if self.filled == 0 {
            Is::Nothing
        } else if all(self.bools) && whole {
            Is::Bool
        } else if all(self.integers) && whole {
            let fits =
                |least: i128, greatest: i128| least <= self.least && self.greatest <= greatest;
            match self.huge {
                false if fits(i64::MIN.into(), i64::MAX.into()) => Is::Int,
                false if fits(0, u64::MAX.into()) => Is::UInt,
                _ => Is::Huge,
            }
        } else if all(self.floats) {
            Is::Float
        } else if all(self.complex) && whole {
            Is::Complex
        } else {
            Is::Text
        }
    }

    /// What all cells of this and another column can be.
    pub(super) fn and(&self, other: &Self) -> Self {
        let sum = |a: u64, b: u64| a.saturating_add(b);
        Column {
            filled: sum(self.filled, other.filled),
            empty: sum(self.empty, other.empty),
            bools: sum(self.bools, other.bools),
            integers: sum(self.integers, other.integers),
            floats: sum(self.floats, other.floats),
            complex: sum(self.complex, other.complex),
            least: self.least.min(other.least),
            greatest: self.greatest.max(other.greatest),
            huge: self.huge || other.huge,
            chars: self.chars.max(other.chars),
            bytes: self.bytes.max(other.bytes),
            words: self.words || other.words,
            odd: self.odd || other.odd,
        }
    }

    /// The dtype that its cells fit.
    pub(super) fn dtype(&self) -> Result<DType, &'static str> {
        let number = |number: Number| match number.itemsize() {
            1 => DType::Number(number, ByteOrder::NATIVE),
            _ => DType::Number(number, ByteOrder::Little),
        };
        Ok(match self.is() {
            Is::Nothing | Is::Float => number(Number::Float64),
            Is::Bool => number(Number::Bool),
            Is::Int => number(Number::Int64),
            Is::UInt => number(Number::UInt64),
            Is::Complex => number(Number::Complex128),
            Is::Huge => {
                return Err(
                    "its integers do not fit 64 bits; --dtype float64 rounds them, --dtype U keeps \
                     them as text",
                );
            }
            Is::Text if self.odd => {
                return Err("its texts are not UTF-8; --dtype S keeps their bytes");
            }
            Is::Text => DType::Str(self.chars.max(1), ByteOrder::Little),
        })
    }

    /// A dtype of texts that does not say how long they are, with the longest of the column's.
    pub(super) fn fill(&self, dtype: &DType) -> DType {
        match dtype {
            DType::Str(0, order) => DType::Str(self.chars.max(1), *order),
            DType::Bytes(0) => DType::Bytes(self.bytes.max(1)),
            other => other.clone(),
        }
    }
}

/// Whether a cell can be the name of a column: it is no value, nor what somebody else may write as a number
/// (`1,5`, `1_000`, `1e999`).
pub(super) fn is_name(cell: &[u8]) -> bool {
    let mut before = b'e';
    let is_number = cell.iter().all(|&byte| {
        // A sign stands first, or first in the exponent: with others between digits it is a date.
        let fits = match byte {
            b'+' | b'-' => matches!(before, b'e' | b'E'),
            _ => byte.is_ascii_digit() || b".,_eE".contains(&byte),
        };
        before = byte;
        fits
    });
    if is_number && cell.iter().any(u8::is_ascii_digit) {
        return false;
    }
    let mut column = Column::default();
    column.add(cell);
    matches!(column.is(), Is::Text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dtype(cells: &[&str]) -> String {
        let mut column = Column::default();
        cells.iter().for_each(|cell| column.add(cell.as_bytes()));
        match column.dtype() {
            Ok(dtype) => dtype.to_string(),
            Err(why) => why.split(';').next().unwrap_or_default().to_owned(),
        }
    }

    #[test]
    fn a_column_is_the_narrowest_that_holds_all_of_it() {
        for (cells, expected) in [
            (&["1", "-2"][..], "int64"),
            (&["1", ""], "float64"),
            (&["1", "2.5", "nan", "-inf"], "float64"),
            (&["0", "18446744073709551615"], "uint64"),
            (
                &["-1", "18446744073709551615"],
                "its integers do not fit 64 bits",
            ),
            (
                &["340282366920938463463374607431768211456000"],
                "its integers do not fit 64 bits",
            ),
            (
                &["340282366920938463463374607431768211456000", "0.5"],
                "float64",
            ),
            (&["True", "false"], "bool"),
            (&["True", "1"], "<U4"),
            (&["True", ""], "<U4"),
            (&["1", "(1+2j)"], "complex128"),
            (&["1", "x"], "<U1"),
            (&["x", "1"], "<U1"),
            (&["2020-01-01", "é"], "<U10"),
            (&["", " "], "float64"),
            (&[], "float64"),
        ] {
            assert_eq!(dtype(cells), expected, "{cells:?}");
        }
        let mut column = Column::default();
        column.add(b"\xff");
        assert!(column.dtype().is_err());
        assert_eq!(column.fill(&DType::Bytes(0)), DType::Bytes(1));
    }

    #[test]
    fn names_are_no_values() {
        assert!(!is_name(b"1,5") && !is_name(b"-1_000") && !is_name(b"1e999"));
        assert!(is_name(b"e") && is_name(b"1st") && is_name(b"-"));
        assert!(is_name(b"x") && is_name(b"2020-01-01"));
        for value in [&b"1"[..], b"nan", b"True", b"", b"1j"] {
            assert!(!is_name(value));
        }
    }
}
