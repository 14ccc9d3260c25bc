//! Clients: a plugin's devices, and what this process has on them.

use std::fmt;
use std::ptr::NonNull;
use std::sync::Arc;

use crate::api::{Api, gave_nothing};
use crate::counted::{Counters, Live};
use crate::device::{Described, describe};
use crate::error::Code;
use crate::event::is_in_callback;
use crate::raw;
use crate::{ClientOptions, Device, ErrorKind, Plugin, Result};

/// A plugin's client: its devices, and what is on them. Cloning it gives the same one.
///
/// It lives until the last of its devices, arrays and programs is dropped. All of them may be used by many
/// threads. **A process that has a client must not go on using it in a forked child**: the plugin's threads
/// are not there.
///
/// ```no_run
/// let client = npload_pjrt::Plugin::find()?.client()?;
/// println!("{}: {} devices", client.platform(), client.devices().len());
/// # Ok::<(), npload_pjrt::Error>(())
/// ```
#[derive(Clone)]
pub struct Client(Arc<Shared>);

/// What a client is. Whatever needs the plugin's client alive holds it.
pub(crate) struct Shared {
    pub(crate) client: NonNull<raw::Client>,
    pub(crate) plugin: Plugin,
    pub(crate) counters: Arc<Counters>,
    platform: String,
    pub(crate) devices: Vec<Described>,
}

// SAFETY: PJRT's clients, and the devices that are the client's own, may be used by several threads at
// once; all else in it is Rust's own and not changed.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Client {
    pub(crate) fn create(plugin: &Plugin, options: &ClientOptions) -> Result<Client> {
        let api = plugin.api();
        let named = options.named();
        let mut args = raw::ClientCreate {
            options: named.as_ptr(),
            num_options: named.len(),
            ..raw::ClientCreate::blank()
        };
        // SAFETY: the options live until the call returns.
        unsafe { api.call(&raw::CLIENT_CREATE, &mut args)? };
        let client =
            NonNull::new(args.client).ok_or_else(|| gave_nothing(raw::CLIENT_CREATE.name))?;
        // From here on its drop destroys the client, whatever else fails.
        let mut shared = Shared {
            client,
            plugin: plugin.clone(),
            counters: Arc::default(),
            platform: String::new(),
            devices: Vec::new(),
        };
        // SAFETY: the client is alive.
        shared.platform = unsafe { api.text(&raw::CLIENT_PLATFORM_NAME, client.as_ptr())? };
        // SAFETY: as above.
        let devices = unsafe { api.list(&raw::CLIENT_ADDRESSABLE_DEVICES, client.as_ptr())? };
        for device in devices {
            // SAFETY: the client's devices live as long as the client.
            shared.devices.push(unsafe { describe(api, device)? });
        }
        Ok(Client(Arc::new(shared)))
    }

    /// The devices that this process can use, in the plugin's order.
    #[must_use]
    pub fn devices(&self) -> Vec<Device> {
        (0..self.0.devices.len())
            .filter_map(|at| Device::of(self, at))
            .collect()
    }

    /// The device of this number among [`Client::devices`].
    ///
    /// # Errors
    /// [`ErrorKind::Argument`] when there are not so many.
    pub fn device(&self, at: usize) -> Result<Device> {
        Device::of(self, at).ok_or_else(|| {
            let count = self.0.devices.len();
            let message = format!(
                "there is no device {at}: {} has {count}, counted from 0",
                self.platform()
            );
            crate::Error::new(ErrorKind::Argument, message)
        })
    }

    /// The kind of device: `cpu`, `cuda`, `tpu`, ….
    #[must_use]
    pub fn platform(&self) -> &str {
        &self.0.platform
    }

    /// What the plugin says of the platform's version.
    ///
    /// # Errors
    /// [`ErrorKind::Device`] with what the plugin says.
    pub fn platform_version(&self) -> Result<String> {
        // SAFETY: the client is alive.
        unsafe {
            self.api()
                .text(&raw::CLIENT_PLATFORM_VERSION, self.0.client.as_ptr())
        }
    }

    /// Which of several processes this is, where they share devices; else 0.
    ///
    /// # Errors
    /// [`ErrorKind::Device`] with what the plugin says.
    pub fn process_index(&self) -> Result<i32> {
        // SAFETY: the client is alive.
        unsafe {
            self.api()
                .number(&raw::CLIENT_PROCESS_INDEX, self.0.client.as_ptr())
        }
    }

    /// The plugin that it is of.
    #[must_use]
    pub fn plugin(&self) -> &Plugin {
        &self.0.plugin
    }

    /// What this client has of the host's now. All of it is 0 once everything was dropped and the plugin
    /// has said that it is done with it.
    #[must_use]
    pub fn live(&self) -> Live {
        self.0.counters.live()
    }

    pub(crate) fn api(&self) -> Api {
        self.0.plugin.api()
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.0
    }

    /// Whether its devices compute in the host's memory, so that an array there need not be copied.
    pub(crate) fn is_cpu(&self) -> bool {
        self.0.platform == "cpu"
    }
}

impl PartialEq for Client {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Client {}

/// A client that nobody else knows any more.
struct Ended(NonNull<raw::Client>);

// SAFETY: PJRT's clients may be used, and ended, by any thread.
unsafe impl Send for Ended {}

impl Drop for Shared {
    fn drop(&mut self) {
        let (api, client) = (self.plugin.api(), Ended(self.client));
        let end = move || {
            let Ended(client) = { client };
            // SAFETY: arrays, programs and devices hold the client; they are gone.
            unsafe { api.destroy(&raw::CLIENT_DESTROY, client) };
        };
        // A client waits for its threads as it ends. One of them cannot do that: what it has called, a
        // waker or somebody's memory, may have held the client last.
        if is_in_callback() {
            let name = "npload-pjrt-end".to_owned();
            // Where there is no thread to be had it is left: ending it here could wait for ever.
            drop(std::thread::Builder::new().name(name).spawn(end));
        } else {
            end();
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Client({}, {} devices)",
            self.platform(),
            self.0.devices.len()
        )
    }
}

/// What a plugin may leave out.
pub(crate) fn optional<T>(asked: Result<T>) -> Result<Option<T>> {
    match asked {
        Ok(value) => Ok(Some(value)),
        Err(err)
            if matches!(
                err.kind(),
                ErrorKind::Missing | ErrorKind::Device(Code::Unimplemented)
            ) =>
        {
            Ok(None)
        }
        Err(err) => Err(err),
    }
}
