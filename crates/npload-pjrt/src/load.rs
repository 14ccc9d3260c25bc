//! A file, whole, onto a device.

use std::path::Path;

use npload::{Handle, LoadOptions, Member};

use crate::{Device, DeviceArray, Error, ErrorKind, Result};

/// What a file held, on a device.
#[derive(Debug)]
#[non_exhaustive]
pub enum Loaded {
    /// An npy file: one array.
    Array(DeviceArray),
    /// An npz file: its arrays with their keys, in the archive's order.
    Npz(Vec<(String, DeviceArray)>),
}

impl Loaded {
    /// The array of an npy file.
    ///
    /// # Errors
    /// [`ErrorKind::Argument`] when it was an archive.
    pub fn into_array(self) -> Result<DeviceArray> {
        match self {
            Loaded::Array(array) => Ok(array),
            Loaded::Npz(_) => Err(is_not("an archive (npz), not one array: use into_npz")),
        }
    }

    /// The arrays of an npz file.
    ///
    /// # Errors
    /// [`ErrorKind::Argument`] when it was one array.
    pub fn into_npz(self) -> Result<Vec<(String, DeviceArray)>> {
        match self {
            Loaded::Npz(arrays) => Ok(arrays),
            Loaded::Array(_) => Err(is_not("one array (npy), not an archive: use into_array")),
        }
    }
}

#[cold]
fn is_not(what: &str) -> Error {
    Error::new(ErrorKind::Argument, format!("this is {what}"))
}

/// Loads the file of that path onto a device: the array of an `.npy` file, all arrays of an `.npz` file.
///
/// ```no_run
/// let device = npload_pjrt::Plugin::find()?.client()?.device(0)?;
/// for (key, array) in npload_pjrt::load("weights.npz", &device)?.into_npz()? {
///     println!("{key}: {} {:?}", array.dtype(), array.shape());
/// }
/// # Ok::<(), npload_pjrt::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::File`] as [`npload::load`]; [`ErrorKind::Type`] for what is no array of numbers, with the
/// member's name; [`ErrorKind::Device`] with what the plugin says.
pub fn load(path: impl AsRef<Path>, device: &Device) -> Result<Loaded> {
    load_with(&LoadOptions::new(), path, device)
}

/// [`load`] with these options.
///
/// # Errors
/// As there.
pub fn load_with(options: &LoadOptions, path: impl AsRef<Path>, device: &Device) -> Result<Loaded> {
    match options.open(path)? {
        Handle::Npy(npy) => Ok(Loaded::Array(device.put(&npy)?)),
        Handle::Npz(npz) => {
            let mut arrays = Vec::with_capacity(npz.len());
            for (key, member) in npz.load_all()? {
                let of_member = |err: Error| err.of(&format!("member {key:?}"));
                let Member::Array(array) = member else {
                    let message = "this is no array of numbers: put those that are one by one";
                    return Err(of_member(Error::new(ErrorKind::Type, message)));
                };
                arrays.push((key.to_owned(), device.put(&array).map_err(of_member)?));
            }
            Ok(Loaded::Npz(arrays))
        }
        _ => Err(Error::new(
            ErrorKind::Type,
            "only arrays can be put on a device",
        )),
    }
}
