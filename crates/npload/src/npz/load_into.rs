//! Members into memory of the caller's.

use super::{Npz, member, not_an_array};
use crate::source::Meter;
use crate::{Element, Result};

impl Npz {
    /// Loads an array into memory that exists, in the order of the file and this machine's byte
    /// order. No second copy of it is made on the way. After an error `dest` may hold anything.
    ///
    /// ```
    /// let npz = npload::Npz::open("../../testdata/npz/savez.npz")?;
    /// if let Some(header) = npz.header("x")? {
    ///     let mut values = vec![0_i64; header.size()];
    ///     npz.load_into("x", &mut values)?;
    /// }
    /// # Ok::<(), npload::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Type`](crate::ErrorKind::Type) when the elements are something else,
    /// [`ErrorKind::Shape`](crate::ErrorKind::Shape) when `dest` has not as many, both before its
    /// data is read; else as [`Npz::get`].
    pub fn load_into<T: Element + bytemuck::Pod>(&self, key: &str, dest: &mut [T]) -> Result<()> {
        let mut load = || {
            let entry = self.find(key)?;
            let options = self.options.clone().unmapped();
            let Some(header) = member::begin(&entry, &options)? else {
                return Err(not_an_array(entry.size()));
            };
            header.check_destination::<T>(dest.len())?;
            let bytes = bytemuck::cast_slice_mut(dest);
            let meter = Meter::new(&options, bytes.len() as u64);
            let threads = options.threads_for(bytes.len() as u64);
            member::reading(&entry, &options, threads, None, &meter, |how| {
                entry.read_into(header.data_offset() as u64, bytes, how)
            })?;
            meter.finish()?;
            header.make_native(dest);
            Ok(())
        };
        load().map_err(|e| self.locate(e, key))
    }
}
