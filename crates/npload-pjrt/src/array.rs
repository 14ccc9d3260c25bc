//! Arrays on devices.

use std::fmt;
use std::ptr::NonNull;

use npload::{AlignedBuf, Array, Buffer, DType, Order};

use crate::api::{Api, gave_nothing, slice_of};
use crate::counted::{Counted, What};
use crate::element::Element;
use crate::error::Code;
use crate::event::{Event, Ready};
use crate::{Device, Error, ErrorKind, Result, raw};

/// An array on a device. It is not changed any more, and may be used by many threads.
///
/// Its transfer, or the program that it comes from, may still be running: [`DeviceArray::wait`] waits,
/// [`DeviceArray::ready`] is a future, and whatever needs its elements waits by itself. Dropping it does not
/// wait.
///
/// ```no_run
/// let device = npload_pjrt::Plugin::find()?.client()?.device(0)?;
/// let there = device.put(&npload::Npy::open("x.npy")?)?;
/// println!("{} {:?}, zero-copy: {}", there.dtype(), there.shape(), there.is_zero_copy());
/// let back = there.to_host()?;
/// println!("{back}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct DeviceArray {
    buffer: NonNull<raw::Buffer>,
    element: Element,
    dtype: DType,
    shape: Vec<usize>,
    is_zero_copy: bool,
    /// Holds the client, which must outlive the buffer.
    device: Device,
    #[expect(dead_code, reason = "counts while it lives")]
    counted: Counted,
}

// SAFETY: PJRT's buffers may be used by several threads at once; all else is Rust's own and not changed.
unsafe impl Send for DeviceArray {}
// SAFETY: as above.
unsafe impl Sync for DeviceArray {}

impl DeviceArray {
    /// # Safety
    /// The buffer is on this device, of this type and shape, and is given away.
    pub(crate) unsafe fn new(
        device: &Device,
        buffer: NonNull<raw::Buffer>,
        element: Element,
        shape: Vec<usize>,
    ) -> Self {
        DeviceArray {
            buffer,
            element,
            dtype: element.dtype(),
            shape,
            is_zero_copy: false,
            device: device.clone(),
            counted: Counted::new(&device.client().shared().counters, What::Array),
        }
    }

    /// What a program made: type and shape are asked for.
    ///
    /// # Safety
    /// The buffer is on this device, and is given away.
    pub(crate) unsafe fn from_program(
        device: &Device,
        buffer: NonNull<raw::Buffer>,
    ) -> Result<Self> {
        let byte = Element::from_raw(6)?;
        // SAFETY: the caller's promise; what it is of is set below. From here on its drop destroys it.
        let mut made = unsafe { DeviceArray::new(device, buffer, byte, Vec::new()) };
        // SAFETY: the buffer is alive.
        let number = unsafe { made.api().number(&raw::BUFFER_TYPE, buffer.as_ptr())? };
        made.element = Element::from_raw(number)?;
        made.dtype = made.element.dtype();
        let mut args = raw::DimensionsOf {
            of: buffer.as_ptr(),
            ..raw::DimensionsOf::blank()
        };
        // SAFETY: the buffer is alive.
        unsafe { made.api().call(&raw::BUFFER_DIMENSIONS, &mut args)? };
        // SAFETY: the plugin says that there are so many; they live as long as the buffer.
        let dims = unsafe { slice_of(args.dims, args.len) };
        let shape: Result<Vec<usize>, _> = dims.iter().map(|&len| usize::try_from(len)).collect();
        made.shape = shape.map_err(|_| {
            let message = format!("the plugin made an array of the shape {dims:?}");
            Error::new(ErrorKind::Device(Code::Internal), message)
        })?;
        Ok(made)
    }

    /// What its elements are, in this machine's byte order.
    #[must_use]
    pub fn dtype(&self) -> &DType {
        &self.dtype
    }

    /// The length of each axis.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// How many axes it has.
    #[must_use]
    pub fn ndim(&self) -> usize {
        self.shape.len()
    }

    /// How many elements it has.
    #[must_use]
    pub fn size(&self) -> usize {
        self.shape
            .iter()
            .fold(1, |size, &len| size.saturating_mul(len))
    }

    /// How many bytes its elements take on the host.
    #[must_use]
    pub fn nbytes(&self) -> usize {
        self.size().saturating_mul(self.dtype.itemsize())
    }

    /// The device that it is on.
    #[must_use]
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Whether no byte of it was copied: the device uses the memory that was put on it, or there are no
    /// bytes. What a program made is not zero-copy.
    #[must_use]
    pub fn is_zero_copy(&self) -> bool {
        self.is_zero_copy
    }

    pub(crate) fn set_zero_copy(&mut self, is_zero_copy: bool) {
        self.is_zero_copy = is_zero_copy;
    }

    /// Whether the plugin says that it lies at this address of the host's memory.
    pub(crate) fn lies_at(&self, data: *const u8) -> bool {
        if !self.device.client().is_cpu() {
            return false;
        }
        // SAFETY: the buffer is alive.
        let address = unsafe { self.api().size(&raw::BUFFER_POINTER, self.buffer.as_ptr()) };
        address.is_ok_and(|address| address == data.addr())
    }

    /// Whether its elements are there. An array that could not be made is ready, too: waiting says why.
    ///
    /// # Errors
    /// [`ErrorKind::Device`] with what the plugin says.
    pub fn is_ready(&self) -> Result<bool> {
        self.ready_event()?.is_ready()
    }

    /// Waits until its elements are there.
    ///
    /// # Errors
    /// [`ErrorKind::Device`] with what the plugin says: its transfer or its program failed.
    pub fn wait(&self) -> Result<()> {
        self.ready_event()?.wait()
    }

    /// A future that is ready when its elements are there, for any runtime. It does not hold the array.
    ///
    /// ```no_run
    /// # async fn load(device: &npload_pjrt::Device, npy: &npload::Npy) -> npload_pjrt::Result<()> {
    /// let there = device.put(npy)?;
    /// there.ready()?.await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Device`] with what the plugin says.
    pub fn ready(&self) -> Result<Ready> {
        Ready::when(&self.ready_event()?)
    }

    fn ready_event(&self) -> Result<Event> {
        // SAFETY: the buffer is alive.
        let event = unsafe {
            self.api()
                .part(&raw::BUFFER_READY_EVENT, self.buffer.as_ptr())?
        };
        // SAFETY: the event is new, and given away by the plugin.
        Ok(unsafe { Event::new(self.api(), event) })
    }

    /// Copies it back to the host: an array in C order. Waits for its elements.
    ///
    /// # Errors
    /// [`ErrorKind::Device`] with what the plugin says, [`ErrorKind::OutOfMemory`].
    pub fn to_host(&self) -> Result<Array> {
        let mut memory = AlignedBuf::zeroed(self.nbytes()).map_err(|err| {
            let message = format!("{err} (taking {} bytes for an array)", self.nbytes());
            Error::new(ErrorKind::OutOfMemory, message).with_source(err)
        })?;
        if memory.is_empty() {
            // An array of no elements can fail, too.
            self.wait()?;
        } else {
            self.copy_to(&mut memory)?;
            self.element.extend_signs(&mut memory);
        }
        let array = Array::from_bytes(
            self.dtype.clone(),
            &self.shape,
            Order::C,
            Buffer::from(memory),
        );
        Ok(array?)
    }

    fn copy_to(&self, dest: &mut [u8]) -> Result<()> {
        let minor_to_major: Vec<i64> = (0_i64..).take(self.ndim()).collect();
        let minor_to_major: Vec<i64> = minor_to_major.into_iter().rev().collect();
        let mut layout = raw::Layout {
            tiled_size: raw::TILED_SIZE,
            minor_to_major: minor_to_major.as_ptr(),
            minor_to_major_len: minor_to_major.len(),
            ..raw::Layout::blank()
        };
        let mut args = raw::BufferToHost {
            buffer: self.buffer.as_ptr(),
            layout: &raw mut layout,
            ..raw::BufferToHost::blank()
        };
        // SAFETY: the buffer is alive, the layout until the call returns. No memory: its size is asked for.
        unsafe { self.api().call(&raw::BUFFER_TO_HOST, &mut args)? };
        if args.dest_len != dest.len() {
            let message = format!(
                "the plugin wants {} bytes for {} elements of {}, which have {}",
                args.dest_len,
                self.size(),
                self.dtype,
                dest.len()
            );
            return Err(Error::new(ErrorKind::Device(Code::Internal), message));
        }
        args.dest = dest.as_mut_ptr().cast();
        // SAFETY: as above; there is as much memory as the plugin asked for, borrowed for writing until
        // this returns, and that is not before the event is ready. A plugin that gives none has written
        // before the call returned: the API has no other way to say so.
        unsafe { self.api().call(&raw::BUFFER_TO_HOST, &mut args)? };
        match NonNull::new(args.event) {
            // SAFETY: the event is new, and given away by the plugin.
            Some(event) => unsafe { Event::new(self.api(), event) }.wait(),
            None => Err(gave_nothing(raw::BUFFER_TO_HOST.name)),
        }
    }

    pub(crate) fn raw(&self) -> NonNull<raw::Buffer> {
        self.buffer
    }

    fn api(&self) -> Api {
        self.device.client().api()
    }
}

impl Drop for DeviceArray {
    fn drop(&mut self) {
        // SAFETY: it is this one's own, and nobody uses it any more; what computes with it has a reference
        // of the plugin's.
        unsafe { self.api().destroy(&raw::BUFFER_DESTROY, self.buffer) };
    }
}

impl fmt::Debug for DeviceArray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "DeviceArray({} {:?} on {})",
            self.dtype, self.shape, self.device
        )
    }
}
