//! Arrays, handed out without a copy.

use std::sync::Arc;

use npload_buffer::Buffer;

use super::node::Id;
use super::{Object, Objects};
use crate::data::{Contents, DType, Data};

/// An array of an [`Objects`]: what an array library needs to make its own.
#[derive(Clone, Debug)]
pub struct NdArray<'a> {
    /// The dtype; its text is a `descr`.
    pub dtype: &'a Arc<DType>,
    /// The shape, before `axes` turn it.
    pub shape: &'a [u64],
    /// Whether the first index varies fastest.
    pub fortran: bool,
    /// How the axes are transposed after that, if they are.
    pub axes: Option<&'a [usize]>,
    /// Whether NumPy would swap the bytes of a plain dtype to the machine's order; here they are
    /// as `dtype` says.
    pub to_native: bool,
    /// The elements: as many as the shape says.
    pub data: NdData<'a>,
}

/// The elements of an array.
#[derive(Clone, Debug)]
pub enum NdData<'a> {
    /// Their bytes, shared with the input.
    Bytes(Buffer),
    /// The elements of an array of objects, or of `StringDType`, with the last index varying
    /// fastest whatever [`NdArray::fortran`] says; a struct with objects in it has tuples.
    Objects(&'a [Id]),
}

impl Objects {
    /// The array that an object is, without copying its elements.
    ///
    /// ```
    /// use npload_pickle::Objects;
    /// // pickle.dumps(numpy.array([1, 2], "i2"), 5)
    /// let pickle = b"\x80\x05\x95x\0\0\0\0\0\0\0\x8c\x13numpy._core.numeric\x94\x8c\x0b_frombuffer\
    ///     \x94\x93\x94(\x96\x04\0\0\0\0\0\0\0\x01\0\x02\0\x94\x8c\x05numpy\x94\x8c\x05dtype\x94\x93\
    ///     \x94\x8c\x02i2\x94\x89\x88\x87\x94R\x94(K\x03\x8c\x01<\x94NNNJ\xff\xff\xff\xffJ\xff\xff\
    ///     \xff\xffK\0t\x94bK\x02\x85\x94\x8c\x01C\x94t\x94R\x94.";
    /// let objects = Objects::load(pickle)?;
    /// let array = objects.array(objects.root()).unwrap();
    /// assert_eq!((array.dtype.to_string(), array.shape), ("'<i2'".to_owned(), &[2][..]));
    /// # Ok::<(), npload_pickle::Error>(())
    /// ```
    #[must_use]
    pub fn array(&self, id: Id) -> Option<NdArray<'_>> {
        let Object::Data(Data::Array(array)) = self.get(id) else {
            return None;
        };
        let data = match array.contents {
            Contents::Bytes(bytes) => NdData::Bytes(self.buffer(bytes)?),
            Contents::Objects(list) => match self.get(list) {
                Object::List(items) => NdData::Objects(items),
                _ => return None,
            },
        };
        Some(NdArray {
            dtype: &array.dtype,
            shape: &array.shape,
            fortran: array.fortran,
            axes: array.axes.as_deref(),
            to_native: array.to_native,
            data,
        })
    }
}
