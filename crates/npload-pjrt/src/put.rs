//! From the host's memory to a device.

use std::ptr::NonNull;

use npload::Buffer;

use crate::api::gave_nothing;
use crate::counted::{Counted, What};
use crate::event::Event;
use crate::host::Host;
use crate::{Device, DeviceArray, Error, ErrorKind, Placement, Result, Source, raw};

/// What an array of no bytes points to: somewhere aligned.
#[repr(align(64))]
struct Nothing([u8; 64]);

static NOTHING: Nothing = Nothing([0; 64]);

/// The host's memory while the plugin may read it. It does not hold the client: the plugin drops this on a
/// thread of its own, which could not end the client that it belongs to.
struct Kept {
    #[expect(dead_code, reason = "held for its memory")]
    memory: Buffer,
    #[expect(dead_code, reason = "counts while it lives")]
    counted: Counted,
}

impl Device {
    /// Puts an array on this device: of [`npload::Array`], the memory itself where the device can use it
    /// (a CPU, memory at a 64-byte boundary, C order, this machine's byte order), else a copy. Of
    /// [`npload::Npy`] or a member of an [`npload::Npz`] what is in the file, read straight into memory of
    /// that kind.
    ///
    /// The transfer may go on after this returns. The array's memory is kept until the plugin is done with
    /// it: on a CPU, where it was not copied, until the [`DeviceArray`] is dropped and nothing computes
    /// with it any more. **That of a mapped file must not change for so long.**
    ///
    /// Nothing is converted: `int64` and `float64` stay so, or the plugin refuses them.
    ///
    /// ```no_run
    /// use npload_pjrt::Plugin;
    /// let device = Plugin::find()?.client()?.device(0)?;
    /// let array = npload::load("x.npy")?.into_array()?;
    /// let there = device.put(&array)?;
    /// assert_eq!(there.shape(), array.shape());
    ///
    /// let npz = npload::Npz::open("x.npz")?;
    /// let weights = device.put((&npz, "w"))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Type`] for elements that PJRT has no type for, [`ErrorKind::File`] when the file cannot
    /// be read, [`ErrorKind::Device`] with what the plugin says, [`ErrorKind::OutOfMemory`].
    pub fn put<'a>(&self, source: impl Into<Source<'a>>) -> Result<DeviceArray> {
        self.put_with(source, Placement::Auto)
    }

    /// As [`Device::put`], with a word about copies.
    ///
    /// ```no_run
    /// use npload_pjrt::{Placement, Plugin};
    /// let device = Plugin::find()?.client()?.device(0)?;
    /// let array = npload::load("x.npy")?.into_array()?;
    /// let there = device.put_with(&array, Placement::RequireZeroCopy)?;
    /// assert!(there.is_zero_copy());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As there; [`ErrorKind::Copy`] where zero-copy is required and cannot be.
    pub fn put_with<'a>(
        &self,
        source: impl Into<Source<'a>>,
        placement: Placement,
    ) -> Result<DeviceArray> {
        let source = source.into();
        let array = source.whole(self.client())?;
        // What was read for this alone is the device's own already.
        let is_own = !matches!(source, Source::Array(_)) && !array.is_mapped();
        let host = match placement {
            Placement::Copy if is_own => Host::new(&array, self.client(), Placement::Auto)?,
            placement => Host::new(&array, self.client(), placement)?,
        };
        drop(array);
        let there = self.put_host(host)?;
        if placement == Placement::RequireZeroCopy && !there.is_zero_copy() {
            let message =
                "zero-copy was required, and the plugin made a copy although it need not have";
            return Err(Error::new(ErrorKind::Copy, message));
        }
        Ok(there)
    }

    /// Hands memory over.
    pub(crate) fn put_host(&self, host: Host) -> Result<DeviceArray> {
        let Host {
            memory,
            element,
            shape,
            is_lent,
            only_during_call,
        } = host;
        let dims = dims(&shape)?;
        let is_empty = memory.is_empty();
        let data = if is_empty {
            NOTHING.0.as_ptr()
        } else {
            memory.as_ptr()
        };
        let client = self.client();
        let mut args = raw::BufferFromHost {
            client: client.shared().client.as_ptr(),
            data: data.cast(),
            element: element.raw,
            dims: dims.as_ptr(),
            num_dims: dims.len(),
            semantics: match only_during_call {
                true => raw::ONLY_DURING_CALL,
                false => raw::ZERO_COPY,
            },
            device: self.raw().as_ptr(),
            ..raw::BufferFromHost::blank()
        };
        // SAFETY: client and device are alive, `dims` until the call returns. At `data` lie as many bytes as
        // type and dims need, in C order: `Host` has them, or there are none. They are not changed, and
        // kept until the plugin says that it is done (`Kept`): Buffers lend their bytes for reading only,
        // and refuse to write while there is more than one.
        unsafe { client.api().call(&raw::BUFFER_FROM_HOST, &mut args)? };

        let counted = Counted::new(&client.shared().counters, What::HostMemory);
        let kept = Kept { memory, counted };
        // SAFETY: the event is new, and given away by the plugin.
        let done = NonNull::new(args.done).map(|event| unsafe { Event::new(client.api(), event) });
        // SAFETY: the buffer is new, of this client, on this device, and given away by the plugin.
        let there = NonNull::new(args.buffer)
            .map(|buffer| unsafe { DeviceArray::new(self, buffer, element, shape) });
        let Some(done) = done else {
            // It may still read: better a leak than memory that is used again.
            std::mem::forget(kept);
            return Err(gave_nothing(raw::BUFFER_FROM_HOST.name));
        };
        // Not a word of the error that it may come with: the array itself has the same.
        if let Err((err, drops)) = done.on_ready(move |_| drop(kept)) {
            // The plugin is done with an array's memory when the array is gone, at the latest. An error that
            // the event comes with is none of waiting: it is ready.
            drop(there);
            let _ = done.wait();
            drop(drops);
            return Err(err);
        }
        let mut there = there.ok_or_else(|| gave_nothing(raw::BUFFER_FROM_HOST.name))?;
        // Where the plugin says where the array lies, and that is here, nothing was copied.
        there.set_zero_copy(is_empty || (is_lent && there.lies_at(data)));
        Ok(there)
    }
}

/// A shape as PJRT has it. Plugins multiply lengths without looking, also those beside one of 0.
fn dims(shape: &[usize]) -> Result<Vec<i64>> {
    let dims: Result<Vec<i64>, _> = shape.iter().map(|&len| i64::try_from(len)).collect();
    let dims = dims.ok().filter(|dims| {
        // 16 bytes: the largest element.
        let mut lengths = dims.iter().map(|&len| len.max(1));
        lengths.try_fold(16_i64, i64::checked_mul).is_some()
    });
    dims.ok_or_else(|| {
        let message = format!("the shape {shape:?} is too large for a device");
        Error::new(ErrorKind::Argument, message)
    })
}
