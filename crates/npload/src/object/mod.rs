//! Python objects as data: object arrays, whose contents are a pickle behind a header, and pickles
//! that stand alone. Nothing in them is run.

mod array;
mod check;
mod dtype;
mod error;
mod file;
mod handles;
mod print;
mod read;

use std::fmt;
use std::sync::Arc;

use npload_buffer::Buffer;
use npload_pickle::{Id, NdData, ObjectRef, Objects};
use serde_core::de::Deserialize;

use error::from_pickle;
pub use file::Pickle;
pub(crate) use file::{load_pickle, refuse_left};
pub(crate) use handles::{refuse_as_array, refuse_as_objects};
pub use print::object_repr;
pub(crate) use read::{stream_pickle, take_pickle};

use crate::npy::{Header, tuple_repr};
use crate::{DType, Error, ErrorKind, LoadOptions, Order, Result};

/// An array of Python objects, as data.
///
/// ```
/// use npload::LoadOptions;
/// let options = LoadOptions::new().allow_pickle(true);
/// let array = options.load("../../testdata/npy/object.npy")?.into_object_array()?;
/// println!("{array}");                                   // as NumPy prints it
/// for object in array.iter() {
///     println!("{object}");                              // as Python's repr
/// }
/// # Ok::<(), npload::Error>(())
/// ```
///
/// Elements are [`ObjectRef`]s: `i64::try_from` and its like convert them, and so does serde. A numeric
/// array among them is an [`Array`](crate::Array) by `Array::try_from`, without a copy; it lies where
/// the pickle has it, mostly unaligned, so that [`Array::to_ndarray`](crate::Array::to_ndarray) is the
/// usual way to its numbers.
#[derive(Clone)]
pub struct ObjectArray {
    /// Shared, and small: archives have thousands of arrays, of which few are of objects.
    inner: Arc<Inner>,
}

struct Inner {
    objects: Objects,
    dtype: DType,
    shape: Vec<usize>,
    order: Order,
}

impl ObjectArray {
    /// The array of that header, whose pickle is at the start of `pickle` and `at` bytes into what
    /// errors speak of.
    // What loads thousands of other arrays is to have a small frame.
    #[inline(never)]
    pub(crate) fn parse(
        header: Header,
        pickle: Buffer,
        at: u64,
        options: &LoadOptions,
    ) -> Result<Self> {
        let loaded = options.pickle_options().load_buffer(pickle);
        let objects = loaded.map_err(|e| from_pickle(e, at))?;
        let array = objects.array(objects.root()).ok_or_else(|| {
            let found = objects.get(objects.root()).type_name();
            let message =
                format!("an ndarray expected in the pickle of an object array, {found} found");
            Error::new(ErrorKind::Pickle, message).at(at)
        })?;
        let checked = header.check_pickled(array.dtype, array.shape, array.fortran);
        checked.map_err(|e| e.at(at))?;
        let (dtype, shape, order) = header.into_parts();
        let inner = Arc::new(Inner {
            objects,
            dtype,
            shape,
            order,
        });
        Ok(ObjectArray { inner })
    }

    /// What the header says its elements are: [`DType::Object`], or a struct with such in it.
    #[must_use]
    pub fn dtype(&self) -> &DType {
        &self.inner.dtype
    }

    /// What its elements are by the pickle, which also knows NumPy's `StringDType`.
    #[must_use]
    pub fn pickled_dtype(&self) -> &npload_pickle::DType {
        const OBJECT: &npload_pickle::DType = &npload_pickle::DType::Plain {
            kind: 'O',
            itemsize: 8,
            order: '|',
            unit: None,
        };
        let array = self.inner.objects.array(self.inner.objects.root());
        array.map_or(OBJECT, |array| array.dtype)
    }

    /// The length of each axis.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.inner.shape
    }

    /// How many axes it has.
    #[must_use]
    pub fn ndim(&self) -> usize {
        self.inner.shape.len()
    }

    /// How many elements it has.
    #[must_use]
    pub fn size(&self) -> usize {
        self.elements().len()
    }

    /// The order that NumPy's array had in memory; [`ObjectArray::iter`] goes by C's in any case.
    #[must_use]
    pub fn order(&self) -> Order {
        self.inner.order
    }

    /// All that its pickle holds.
    #[must_use]
    pub fn objects(&self) -> &Objects {
        &self.inner.objects
    }

    /// The elements' ids, in C order.
    fn elements(&self) -> &[Id] {
        match self.inner.objects.array(self.inner.objects.root()) {
            Some(array) => match array.data {
                NdData::Objects(items) => items,
                NdData::Bytes(_) => &[],
            },
            None => &[],
        }
    }

    /// The elements, in C order. One of a struct is a tuple.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = ObjectRef<'_>> {
        self.elements()
            .iter()
            .map(|&id| self.inner.objects.object(id))
    }

    /// The element at an index, one number for each axis.
    ///
    /// # Errors
    /// [`ErrorKind::Index`] outside the array or with another number of axes.
    pub fn get(&self, index: &[usize]) -> Result<ObjectRef<'_>> {
        if index.len() != self.ndim() {
            let message = format!(
                "an index of {} numbers for an element of a {}-dimensional array",
                index.len(),
                self.ndim()
            );
            return Err(Error::new(ErrorKind::Index, message));
        }
        let mut place = 0_usize;
        for (axis, (&at, &len)) in index.iter().zip(&self.inner.shape).enumerate() {
            if at >= len {
                let message =
                    format!("index {at} is out of bounds for axis {axis} with size {len}");
                return Err(Error::new(ErrorKind::Index, message));
            }
            place = place.saturating_mul(len).saturating_add(at);
        }
        match self.elements().get(place) {
            Some(&id) => Ok(self.inner.objects.object(id)),
            None => {
                let message = format!("the array has no element {place}, which its shape promises");
                Err(Error::new(ErrorKind::Index, message))
            }
        }
    }

    /// The array as nested sequences of a Rust type; see [`Objects::deserialize`].
    ///
    /// ```
    /// use npload::LoadOptions;
    /// let options = LoadOptions::new().allow_pickle(true);
    /// let array = options.load("../../testdata/npy/object-stringdtype.npy")?.into_object_array()?;
    /// let texts: Vec<String> = array.deserialize()?;
    /// # Ok::<(), npload::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Type`] with the place in the array; [`ErrorKind::Limit`].
    pub fn deserialize<'de, T: Deserialize<'de>>(&'de self) -> Result<T> {
        Ok(self.inner.objects.deserialize()?)
    }
}

/// By dtype and shape, and by the objects as [`Objects`] are compared: arrays of numbers among them by
/// their bytes.
impl PartialEq for ObjectArray {
    fn eq(&self, other: &Self) -> bool {
        self.dtype() == other.dtype()
            && self.shape() == other.shape()
            && (Arc::ptr_eq(&self.inner, &other.inner) || self.inner.objects == other.inner.objects)
    }
}

impl Eq for ObjectArray {}

/// Short: what it is, not what it holds.
impl fmt::Debug for ObjectArray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shape = tuple_repr(&self.inner.shape);
        write!(f, "ObjectArray({}, shape {shape})", self.inner.dtype)
    }
}
