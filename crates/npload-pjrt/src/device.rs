//! Devices.

use std::fmt;
use std::ptr::NonNull;

use crate::api::Api;
use crate::client::optional;
use crate::raw;
use crate::{Client, Result};

/// A device of a client: what arrays are put on and programs run on. Cloning it gives the same one.
///
/// ```no_run
/// let client = npload_pjrt::Plugin::find()?.client()?;
/// let device = client.device(0)?;
/// let array = npload::load("x.npy")?.into_array()?;
/// let there = device.put(&array)?;
/// println!("{} {:?} on {device}", there.dtype(), there.shape());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Device {
    client: Client,
    /// Its place among the client's devices.
    at: usize,
    device: NonNull<raw::Device>,
}

// SAFETY: PJRT's devices may be used by several threads at once; the client, which is held, keeps it alive.
unsafe impl Send for Device {}
// SAFETY: as above.
unsafe impl Sync for Device {}

/// A device and what the plugin says of it, which does not change.
pub(crate) struct Described {
    device: NonNull<raw::Device>,
    id: i32,
    hardware_id: Option<i32>,
    process_index: i32,
    kind: String,
    text: String,
    memories: Vec<String>,
}

/// # Safety
/// The device is alive.
pub(crate) unsafe fn describe(api: Api, device: NonNull<raw::Device>) -> Result<Described> {
    // SAFETY: the caller vouches for the device. What describes it, and its memories, live as long.
    unsafe {
        let description = api
            .part(&raw::DEVICE_DESCRIPTION, device.as_ptr())?
            .as_ptr();
        let hardware_id = optional(api.number(&raw::DEVICE_HARDWARE_ID, device.as_ptr()))?;
        let mut memories = Vec::new();
        for memory in
            optional(api.list(&raw::DEVICE_MEMORIES, device.as_ptr()))?.unwrap_or_default()
        {
            memories.extend(optional(api.text(&raw::MEMORY_KIND, memory.as_ptr()))?);
        }
        Ok(Described {
            device,
            id: api.number(&raw::DESCRIPTION_ID, description)?,
            hardware_id: hardware_id.filter(|&id| id >= 0),
            process_index: optional(api.number(&raw::DESCRIPTION_PROCESS_INDEX, description))?
                .unwrap_or(0),
            kind: optional(api.text(&raw::DESCRIPTION_KIND, description))?.unwrap_or_default(),
            text: optional(api.text(&raw::DESCRIPTION_TEXT, description))?.unwrap_or_default(),
            memories,
        })
    }
}

impl Device {
    pub(crate) fn of(client: &Client, at: usize) -> Option<Device> {
        let device = client.shared().devices.get(at)?.device;
        Some(Device {
            client: client.clone(),
            at,
            device,
        })
    }

    fn described(&self) -> Option<&Described> {
        self.client.shared().devices.get(self.at)
    }

    /// Its number, which no other device of this kind has, in other processes neither.
    #[must_use]
    pub fn id(&self) -> i32 {
        self.described().map_or(0, |device| device.id)
    }

    /// The number that the hardware has, as the CUDA device's; none where there is none.
    #[must_use]
    pub fn hardware_id(&self) -> Option<i32> {
        self.described()?.hardware_id
    }

    /// The process that it belongs to.
    #[must_use]
    pub fn process_index(&self) -> i32 {
        self.described().map_or(0, |device| device.process_index)
    }

    /// What it is: `cpu`, `NVIDIA H200`, ….
    #[must_use]
    pub fn kind(&self) -> &str {
        self.described().map_or("", |device| &device.kind)
    }

    /// The kinds of memory that it can use: `device`, `pinned_host`, …. Arrays are put in its default one.
    #[must_use]
    pub fn memories(&self) -> &[String] {
        self.described().map_or(&[], |device| &device.memories)
    }

    /// Its client.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) fn raw(&self) -> NonNull<raw::Device> {
        self.device
    }
}

/// As the plugin writes it.
impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.described().map_or("", |device| &device.text))
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Device({self})")
    }
}
