//! Object arrays out of handles.

use super::ObjectArray;
use super::read::read_pickle;
use crate::npy::{refuse_objects, refuse_objects_mapped};
use crate::{DType, Error, ErrorKind, LoadOptions, Npy, Npz, Pending, Result};

impl Npy {
    /// The whole array, if it is one of objects.
    ///
    /// ```
    /// let options = npload::LoadOptions::new().allow_pickle(true);
    /// let array = options.open_npy("../../testdata/npy/object.npy")?.load_object_array()?;
    /// assert_eq!(array.shape(), options.open_npy("../../testdata/npy/object.npy")?.header().shape());
    /// # Ok::<(), npload::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`load`](crate::load); [`ErrorKind::Type`] for any other array.
    pub fn load_object_array(&self) -> Result<ObjectArray> {
        let (source, len, located, options) = self.parts();
        let load = || {
            let start = located.data_start();
            check(located.header.dtype(), options)?;
            if options.map.is_some() {
                refuse_objects_mapped(located.header.dtype())?;
            }
            let pickle = read_pickle(source, start, len, options)?;
            ObjectArray::parse(located.header.clone(), pickle, start, options)
        };
        load().map_err(|e| source.explain(e))
    }
}

impl Pending {
    /// The array, if it is one of objects.
    ///
    /// # Errors
    /// As [`Npy::load_object_array`].
    pub fn load_object_array(self, options: &LoadOptions) -> Result<ObjectArray> {
        self.into_npy(options.clone()).load_object_array()
    }
}

impl Npz {
    /// The array of objects of that key, or of the member's whole name.
    ///
    /// # Errors
    /// As [`Npz::get`]; [`ErrorKind::Type`] for any other array.
    pub fn get_object_array(&self, key: &str) -> Result<ObjectArray> {
        let array = self.member(key)?.into_object_array();
        array.map_err(|e| self.locate(e, key))
    }
}

/// Whether arrays of objects may be read, and this is one.
fn check(dtype: &DType, options: &LoadOptions) -> Result<()> {
    if !dtype.has_object() {
        return Err(refuse_as_objects(dtype));
    }
    refuse_objects(dtype, options)
}

/// The error for an array of objects where one of bytes was asked for.
#[cold]
pub(crate) fn refuse_as_array() -> Error {
    let message = "this is an array of Python objects, which has no bytes of elements: load it as an \
                   ObjectArray (load, Npy::load_object_array, Npz::member)";
    Error::new(ErrorKind::ObjectArray, message)
}

/// The error for an array of bytes where one of objects was asked for.
#[cold]
pub(crate) fn refuse_as_objects(dtype: &DType) -> Error {
    let message = format!("this is an array of {dtype}, and not of Python objects");
    Error::new(ErrorKind::Type, message)
}
