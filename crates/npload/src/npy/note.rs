//! The note: which of ml_dtypes' types a header's void stands for.
//!
//! NumPy has no typestr for these types, so they are written as void of their size, with a comment
//! after the dictionary, which Python's literal parser skips:
//!
//! ```text
//! {'descr': '<V2', 'fortran_order': False, 'shape': (3,), } # dtype: bfloat16
//! ```
//!
//! The grammar, after `# dtype:`:
//!
//! ```text
//! note   = name | '>' name | struct            '>': the first byte is the highest
//! struct = '{' field ':' note { ',' field ':' note } [ ',' ] '}'
//! field  = a Python string, the field's name
//! ```
//!
//! A struct's note names the fields that need it, nested as they are: `{'w': bfloat16, 'in': {'q':
//! int4}}`. For a subarray, the note is its base's. The first comment after the dictionary that
//! starts with `dtype:` counts. It counts as a whole or not at all: where a name is not one of
//! ml_dtypes', or the void has another size, or a field is not there, it is an ordinary comment.

use std::sync::Arc;

use super::literal::{Dialect, Literal, Scanner};
use crate::dtype::{ByteOrder, DType, Field, Number, Struct, Subarray};
use crate::python_repr;

/// What the comments behind a header make of its dtype; none where they say nothing about it.
pub(super) fn apply(comments: &[&str], dtype: &DType) -> Option<DType> {
    let mut notes = comments
        .iter()
        .filter_map(|comment| comment.trim().strip_prefix("dtype:"));
    let mut reader = Reader(Scanner::new(notes.next()?, Dialect::Python3));
    let noted = reader.note(dtype)?;
    reader.blanks();
    reader.0.rest().is_empty().then_some(noted)
}

/// The note for a dtype, without `# dtype:`; none where it needs none.
pub(super) fn write(dtype: &DType) -> Option<String> {
    match dtype {
        DType::Number(number, order) if number.is_ml_dtype() => {
            // The typestr's own order is that of the machine that reads it.
            let big = *order == ByteOrder::Big && number.itemsize() > 1;
            Some(format!("{}{}", if big { ">" } else { "" }, number.name()))
        }
        DType::Subarray(s) => write(s.base()),
        DType::Struct(s) => {
            let note = |field: &Field| {
                write(&field.dtype)
                    .map(|note| format!("{}: {note}", python_repr::text(&field.name)))
            };
            let notes: Vec<_> = s.fields().iter().filter_map(note).collect();
            (!notes.is_empty()).then(|| format!("{{{}}}", notes.join(", ")))
        }
        _ => None,
    }
}

/// Walks over a note and the dtype that it is about, which bounds how deep it goes.
struct Reader<'a>(Scanner<'a>);

impl Reader<'_> {
    fn blanks(&mut self) {
        let rest = self.0.rest();
        self.0.advance(
            rest.len()
                .saturating_sub(rest.trim_start_matches([' ', '\t']).len()),
        );
    }

    fn take(&mut self, c: char) -> bool {
        self.blanks();
        let there = self.0.rest().starts_with(c);
        self.0.advance(usize::from(there));
        there
    }

    fn note(&mut self, dtype: &DType) -> Option<DType> {
        match dtype {
            DType::Void(size) => {
                let order = if self.take('>') {
                    ByteOrder::Big
                } else {
                    ByteOrder::Little
                };
                self.blanks();
                let rest = self.0.rest();
                let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
                let name = rest.get(..rest.find(|c| !is_name(c)).unwrap_or(rest.len()))?;
                self.0.advance(name.len());
                let number = Number::from_name(name).filter(|number| number.is_ml_dtype())?;
                (number.itemsize() == *size).then(|| DType::number(number, order))
            }
            DType::Subarray(s) => {
                let base = self.note(s.base())?;
                Some(DType::Subarray(Arc::new(Subarray {
                    base,
                    shape: s.shape.clone(),
                })))
            }
            DType::Struct(s) => {
                let mut noted = Struct::clone(s);
                if !self.take('{') {
                    return None;
                }
                while !self.take('}') {
                    let Literal::Str(name) = self.0.string()?.ok()? else {
                        return None;
                    };
                    let mut fields = noted.fields.iter_mut();
                    let field = fields.find(|field| field.name == name)?;
                    if !self.take(':') {
                        return None;
                    }
                    field.dtype = self.note(&field.dtype)?;
                    if !self.take(',') {
                        if self.take('}') {
                            break;
                        }
                        return None;
                    }
                }
                Some(DType::Struct(Arc::new(noted)))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noted(descr: &str, comments: &[&str]) -> Option<String> {
        let literal = crate::npy::literal::parse(descr, Dialect::Python3)
            .unwrap()
            .value;
        let dtype = DType::from_descr(&literal, &mut Vec::new()).unwrap();
        apply(comments, &dtype).map(|dtype| {
            // What is read is written again as it was understood.
            let written = format!(" dtype: {}", write(&dtype).unwrap_or_default());
            let again = DType::from_descr(&literal, &mut Vec::new()).unwrap();
            assert_eq!(
                apply(&[&written], &again).unwrap_or(again),
                dtype,
                "{written}"
            );
            dtype.to_string()
        })
    }

    #[test]
    fn void_of_the_same_size_gets_its_name() {
        for (descr, comment, dtype) in [
            ("'<V2'", " dtype: bfloat16", "bfloat16"),
            ("'|V2'", "dtype:bfloat16   ", "bfloat16"),
            ("'|V1'", " dtype: float8_e5m2", "float8_e5m2"),
            ("'<V4'", " dtype: bcomplex32", "bcomplex32"),
            ("'>V2'", " dtype: >bfloat16", ">V2"),
            ("('V1', (3,))", " dtype: int4", "(int4, (3,))"),
            (
                "[('a', '<f4'), ('w', 'V2', (2,)), ('', 'V3'), ('in', [('it\\'s', 'V1')])]",
                " dtype: {'w': bfloat16, \"in\" : {'it' '\\x27s': uint4,}, }",
                "{'names': ['a', 'w', 'in'], 'formats': ['<f4', (bfloat16, (2,)), [(\"it's\", uint4)]], 'offsets': [0, 4, 11], 'itemsize': 12}",
            ),
            (
                "[('a', 'V2'), ('b', 'V2')]",
                " dtype: {'b': bfloat16}",
                "[('a', 'V2'), ('b', bfloat16)]",
            ),
            ("[('a', 'V2')]", " dtype: {}", "[('a', 'V2')]"),
        ] {
            assert_eq!(
                noted(descr, &[comment]).as_deref(),
                Some(dtype),
                "{descr} {comment}"
            );
        }
    }

    #[test]
    fn any_other_comment_says_nothing() {
        for (descr, comment) in [
            ("'<V2'", " bfloat16"),
            ("'<V2'", " dtype: bfloat16 or so"),
            ("'<V2'", " dtype: float8_e5m2"),
            ("'<V2'", " dtype: float16"),
            ("'<V2'", " dtype: bfloat17"),
            ("'<V2'", " dtype: 'bfloat16'"),
            ("'<V2'", " dtype: {'w': bfloat16}"),
            ("'<V2'", " dtype: "),
            ("'<V2'", " Dtype: bfloat16"),
            ("'<f2'", " dtype: bfloat16"),
            ("[('w', 'V2')]", " dtype: bfloat16"),
            ("[('w', 'V2')]", " dtype: {w: bfloat16}"),
            ("[('w', 'V2')]", " dtype: {'w' bfloat16}"),
            ("[('w', 'V2')]", " dtype: {'w': bfloat16"),
            ("[('w', 'V2')]", " dtype: {'w': bfloat16}}"),
            (
                "[('w', 'V2'), ('v', 'V2')]",
                " dtype: {'w': bfloat16 'v': bfloat16}",
            ),
            // As a whole or not at all.
            ("[('w', 'V2')]", " dtype: {'w': bfloat16, 'x': bfloat16}"),
            (
                "[('w', 'V2'), ('f', '<f2')]",
                " dtype: {'w': bfloat16, 'f': bfloat16}",
            ),
            ("[('w', 'V2')]", " dtype: {'w': bfloat16, 'w': bfloat16}"),
        ] {
            assert_eq!(noted(descr, &[comment]), None, "{descr} {comment}");
        }
        assert_eq!(noted("'<V2'", &[]), None);
        // The first one that looks like a note is the note.
        assert_eq!(
            noted("'<V2'", &["x", "dtype: bfloat16"]).as_deref(),
            Some("bfloat16")
        );
        assert_eq!(noted("'<V2'", &["dtype: x", "dtype: bfloat16"]), None);
    }
}
