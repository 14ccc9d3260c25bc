//! Types made of types.

use super::DType;

/// A structured dtype: named fields at offsets, in an item of a fixed size.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Struct {
    pub(crate) fields: Vec<Field>,
    pub(crate) itemsize: usize,
}

/// One field of a [`Struct`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its title: a second name for it.
    pub title: Option<String>,
    /// Its type.
    pub dtype: DType,
    /// Where it starts in the item, in bytes.
    pub offset: usize,
}

/// A fixed-shape array as one element.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Subarray {
    pub(crate) base: DType,
    pub(crate) shape: Vec<usize>,
}

impl Struct {
    /// Its fields, in order; what lies between them is padding.
    #[must_use]
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// Its size in bytes, padding included.
    #[must_use]
    pub fn itemsize(&self) -> usize {
        self.itemsize
    }
}

impl Subarray {
    /// What its elements are.
    #[must_use]
    pub fn base(&self) -> &DType {
        &self.base
    }

    /// Its shape, in elements.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }
}
