//! Types made of types.

use std::collections::HashSet;
use std::hash::{Hash, Hasher};

use super::{DType, MAX_ITEMSIZE, MAX_NDIM};
use crate::{Error, ErrorKind, Result};

/// A structured dtype: named fields at offsets, in an item of a fixed size.
///
/// Whether it was made with `align=True` is no part of equality, as in NumPy.
#[derive(Clone, Debug, Eq)]
pub struct Struct {
    pub(crate) fields: Vec<Field>,
    pub(crate) itemsize: usize,
    /// NumPy's `isalignedstruct`. Headers do not tell it; pickles do.
    pub(crate) aligned: bool,
}

impl PartialEq for Struct {
    fn eq(&self, other: &Self) -> bool {
        self.itemsize == other.itemsize && self.fields == other.fields
    }
}

impl Hash for Struct {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.itemsize.hash(state);
        self.fields.hash(state);
    }
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
    /// The struct of these fields.
    ///
    /// # Errors
    /// [`ErrorKind::DType`]: two names or titles are the same, a field does not fit into
    /// `itemsize`, or that is more than NumPy allows.
    pub(crate) fn new(fields: Vec<Field>, itemsize: usize, aligned: bool) -> Result<Self> {
        let invalid = |message: String| Err(Error::new(ErrorKind::DType, message));
        if itemsize > MAX_ITEMSIZE {
            return invalid(format!(
                "a struct of {itemsize} bytes is larger than a dtype may be, {MAX_ITEMSIZE}"
            ));
        }
        let mut names = HashSet::with_capacity(fields.len());
        for field in &fields {
            if !names.insert(field.name.as_str()) {
                let name = &field.name;
                return invalid(format!("name already used as a name or title: {name:?}"));
            }
            if let Some(title) = &field.title
                && !names.insert(title.as_str())
            {
                return invalid(format!("title already used as a name or title: {title:?}"));
            }
            let end = field.offset.checked_add(field.dtype.itemsize());
            if end.is_none_or(|end| end > itemsize) {
                return invalid(format!(
                    "the field {:?} of {} bytes at {} is not inside of its struct of {itemsize} bytes",
                    field.name,
                    field.dtype.itemsize(),
                    field.offset,
                ));
            }
        }
        Ok(Struct {
            fields,
            itemsize,
            aligned,
        })
    }

    /// The struct of these fields, one right behind the other: what `numpy.dtype([(name, dtype), …])` is.
    ///
    /// ```
    /// use npload::{DType, Struct};
    /// let fields = [("id", DType::parse("<i8")?), ("name", DType::parse("<U5")?)];
    /// let packed = Struct::packed(fields.map(|(name, dtype)| (name.to_owned(), dtype)))?;
    /// assert_eq!(packed.itemsize(), 8 + 20);
    /// # Ok::<(), npload::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::DType`] for two fields of one name, and for more bytes than an element may have.
    pub fn packed(fields: impl IntoIterator<Item = (String, DType)>) -> Result<Self> {
        let mut end = 0_usize;
        let field = |(name, dtype): (String, DType)| {
            let offset = end;
            end = end.saturating_add(dtype.itemsize());
            Field {
                name,
                title: None,
                dtype,
                offset,
            }
        };
        let fields = fields.into_iter().map(field).collect();
        Struct::new(fields, end, false)
    }

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

    /// Whether it was made with NumPy's `align=True`.
    #[must_use]
    pub fn is_aligned(&self) -> bool {
        self.aligned
    }

    /// Whether its fields follow each other as NumPy would place them without being told offsets:
    /// such a struct is shown as a list.
    pub(crate) fn is_packed(&self) -> bool {
        let mut end: usize = 0;
        let mut alignment: usize = 1;
        for field in &self.fields {
            if self.aligned {
                let needed = field.dtype.alignment().max(1);
                alignment = alignment.max(needed);
                end = end.next_multiple_of(needed);
            }
            if field.offset != end {
                return false;
            }
            end = end.saturating_add(field.dtype.itemsize());
        }
        end.next_multiple_of(alignment) == self.itemsize
    }
}

impl Subarray {
    /// The array of `shape` as one element.
    ///
    /// # Errors
    /// [`ErrorKind::DType`]: it is larger than NumPy allows, in dimensions or in bytes.
    pub(crate) fn new(base: DType, shape: Vec<usize>) -> Result<Self> {
        let invalid = |why: &str| {
            let message = format!("invalid shape in fixed-type tuple: {why}");
            Err(Error::new(ErrorKind::DType, message))
        };
        if shape.len() > MAX_NDIM {
            return invalid(&format!(
                "{} dimensions, and {MAX_NDIM} is the most",
                shape.len()
            ));
        }
        if shape.iter().any(|&n| n > MAX_ITEMSIZE) {
            return invalid("dimension does not fit into a C int.");
        }
        let size = if shape.contains(&0) {
            Some(0)
        } else {
            shape
                .iter()
                .try_fold(base.itemsize(), |size, &n| size.checked_mul(n))
        };
        let items = if shape.contains(&0) {
            Some(0)
        } else {
            shape
                .iter()
                .try_fold(1_usize, |items, &n| items.checked_mul(n))
        };
        if size.is_none_or(|n| n > MAX_ITEMSIZE) || items.is_none_or(|n| n > MAX_ITEMSIZE) {
            return invalid("dtype size in bytes must fit into a C int.");
        }
        Ok(Subarray { base, shape })
    }

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
