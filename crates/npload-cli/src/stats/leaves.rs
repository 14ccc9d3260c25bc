//! The numbers of a dtype: itself, or each field of a struct and of the structs in it.

use npload::{DType, Part};

use super::cells::{Column, Extent};
use super::form;

/// A field of more pieces than this in one element is not looked at.
const MOST_PIECES: usize = 1 << 12;

/// Numbers of one dtype that every element has.
pub(super) struct Leaf {
    /// As Python picks it: `['a']['b']`; empty where elements are the numbers.
    pub(super) field: String,
    pub(super) dtype: DType,
    /// The shape of the subarrays that it is in.
    pub(super) shape: Vec<usize>,
    /// None: no numbers.
    pub(super) column: Option<Box<dyn Column>>,
    /// Where in an element its pieces begin, and how long they are, in bytes.
    starts: Vec<usize>,
    len: usize,
    /// Whether it is all of an element.
    is_all: bool,
}

impl Leaf {
    /// How many numbers one element has.
    pub(super) fn count(&self) -> usize {
        product(&self.shape)
    }

    /// Adds the numbers of elements, given by their bytes; `gathered` is memory to use again.
    pub(super) fn add(
        &self,
        column: &mut dyn Column,
        bytes: &[u8],
        itemsize: usize,
        extent: Extent,
        gathered: &mut Vec<u8>,
    ) {
        if self.is_all {
            return column.add(bytes, extent);
        }
        gathered.clear();
        for item in bytes.chunks_exact(itemsize.max(1)) {
            for &start in &self.starts {
                let piece = item.get(start..start.saturating_add(self.len));
                gathered.extend_from_slice(piece.unwrap_or_default());
            }
        }
        column.add(gathered, extent);
    }
}

/// How many elements an array of that shape has.
pub(super) fn product(shape: &[usize]) -> usize {
    match shape.contains(&0) {
        true => 0,
        false => shape.iter().fold(1, |n, &len| n.saturating_mul(len)),
    }
}

/// The numbers of a part's elements.
pub(super) fn leaves(part: &Part<'_>) -> Vec<Leaf> {
    let mut found = Vec::new();
    walk(part.dtype(), String::new(), &[0], &[], &mut found);
    for leaf in &mut found {
        let size = leaf.starts.len().saturating_mul(leaf.len);
        leaf.is_all = leaf.starts.first() == Some(&0) && size == part.dtype().itemsize();
    }
    found
}

fn walk(dtype: &DType, field: String, starts: &[usize], shape: &[usize], found: &mut Vec<Leaf>) {
    match dtype {
        DType::Struct(fields) => {
            for inner in fields.fields() {
                let name = inner.name.replace('\\', "\\\\").replace('\'', "\\'");
                let at = |start: &usize| start.saturating_add(inner.offset);
                let starts: Vec<_> = starts.iter().map(at).collect();
                let field = format!("{field}['{name}']");
                walk(&inner.dtype, field, &starts, shape, found);
            }
        }
        DType::Subarray(inner) => {
            let shape = [shape, inner.shape()].concat();
            let count = product(inner.shape());
            let size = inner.base().itemsize();
            let pieces = starts.len().saturating_mul(count);
            match inner.base() {
                DType::Struct(_) if pieces <= MOST_PIECES => {
                    let each = |&start: &usize| {
                        let at = move |i: usize| start.saturating_add(i.saturating_mul(size));
                        (0..count).map(at)
                    };
                    let starts: Vec<_> = starts.iter().flat_map(each).collect();
                    walk(inner.base(), field, &starts, &shape, found);
                }
                base => found.push(Leaf {
                    field,
                    dtype: base.clone(),
                    shape,
                    column: form::column(base),
                    starts: starts.to_vec(),
                    len: size.saturating_mul(count),
                    is_all: false,
                }),
            }
        }
        dtype => found.push(Leaf {
            field,
            dtype: dtype.clone(),
            shape: shape.to_vec(),
            column: form::column(dtype),
            starts: starts.to_vec(),
            len: dtype.itemsize(),
            is_all: false,
        }),
    }
}
