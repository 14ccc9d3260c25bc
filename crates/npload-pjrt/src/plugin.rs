//! Plugins: libraries that know a kind of device.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use libloading::Library;

use crate::api::{Api, slice_of};
use crate::raw::{self, Head};
use crate::value::{Value, read};
use crate::{Client, ClientOptions, Error, ErrorKind, Result};

/// Where [`Plugin::find`] looks.
pub(crate) const PATH_VARIABLE: &str = "PJRT_PLUGIN_PATH";

/// A PJRT plugin, loaded: a shared library that knows a kind of device (a CPU, NVIDIA's GPUs, TPUs). None
/// comes with this crate.
///
/// It stays loaded as long as the process: plugins have threads, which must not lose their code.
///
/// **A plugin is native code, which runs in this process with all its rights**, as a library that a
/// program is linked with. Load only what you would link.
///
/// ```no_run
/// use npload_pjrt::Plugin;
/// let plugin = Plugin::load("pjrt_c_api_cpu_plugin.so")?;
/// let client = plugin.client()?;
/// for device in client.devices() {
///     println!("{device}");
/// }
/// # Ok::<(), npload_pjrt::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Plugin {
    api: Api,
    path: PathBuf,
}

impl Plugin {
    /// Loads the plugin of that path, or gives that which was loaded before.
    ///
    /// # Errors
    /// [`ErrorKind::Plugin`] when there is no file, or it is no plugin; [`ErrorKind::Version`] when it has a
    /// version of the C API that is not known here; [`ErrorKind::Missing`] when it lacks a function without
    /// which nothing can be given back; [`ErrorKind::Device`] when it cannot be set up.
    pub fn load(path: impl AsRef<Path>) -> Result<Plugin> {
        Plugin::load_path(path.as_ref())
    }

    /// Loads the plugin that the environment variable `PJRT_PLUGIN_PATH` names.
    ///
    /// # Errors
    /// [`ErrorKind::Plugin`] when it is not set; else as [`Plugin::load`].
    pub fn find() -> Result<Plugin> {
        match std::env::var_os(PATH_VARIABLE) {
            Some(path) if !path.is_empty() => Plugin::load_path(Path::new(&path)),
            _ => {
                let message = format!(
                    "there is no plugin: set {PATH_VARIABLE} to the path of one (a shared library that \
                     exports GetPjrtApi), or name it (Plugin::load, --plugin)"
                );
                Err(Error::new(ErrorKind::Plugin, message))
            }
        }
    }

    fn load_path(path: &Path) -> Result<Plugin> {
        // A name without a folder would be looked for wherever the system keeps libraries.
        let whole = std::fs::canonicalize(path).map_err(|err| {
            let message = format!("{}: {err} (looking for the plugin)", path.display());
            Error::new(ErrorKind::Plugin, message).with_source(err)
        })?;
        let api = load(&whole).map_err(|err| err.of(&path.display().to_string()))?;
        Ok(Plugin { api, path: whole })
    }

    /// The file that was loaded.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Major and minor version of the C API that it has.
    #[must_use]
    pub fn version(&self) -> (i32, i32) {
        self.api.version()
    }

    /// What it says of itself: `xla_version`, `stablehlo_current_version` and the like.
    ///
    /// # Errors
    /// [`ErrorKind::Device`] with what the plugin says.
    pub fn attributes(&self) -> Result<Vec<(String, Value)>> {
        let mut args = raw::PluginAttributes::blank();
        // SAFETY: nothing is passed in.
        unsafe { self.api.call(&raw::PLUGIN_ATTRIBUTES, &mut args)? };
        // SAFETY: attributes live as long as the process. Where there is one, its size stands first.
        let is_known = args.len == 0
            || unsafe { args.attributes.as_ref() }
                .is_none_or(|first| first.struct_size <= size_of_val(first));
        if !is_known {
            let message = "the plugin's attributes are of a newer kind";
            return Err(Error::new(ErrorKind::Missing, message));
        }
        // SAFETY: as above; each is as large as here.
        let all = unsafe { slice_of(args.attributes, args.len) };
        // SAFETY: as above.
        Ok(all
            .iter()
            .filter_map(|named| unsafe { read(named) })
            .collect())
    }

    /// A client of its devices.
    ///
    /// # Errors
    /// [`ErrorKind::Device`] with what the plugin says: there may be no such device here.
    pub fn client(&self) -> Result<Client> {
        self.client_with(&ClientOptions::new())
    }

    /// A client with these options, of which the plugin decides what they mean.
    ///
    /// # Errors
    /// As [`Plugin::client`].
    pub fn client_with(&self, options: &ClientOptions) -> Result<Client> {
        Client::create(self, options)
    }

    /// One that was not loaded.
    #[cfg(test)]
    pub(crate) fn made_of(api: Api) -> Self {
        let path = PathBuf::new();
        Plugin { api, path }
    }

    pub(crate) fn api(&self) -> Api {
        self.api
    }
}

/// The table of the library of this path, once it is set up.
fn load(path: &Path) -> Result<Api> {
    // One at a time: a plugin is set up once, and before anything else is asked of it.
    static READY: Mutex<Vec<usize>> = Mutex::new(Vec::new());
    let mut ready = READY.lock().unwrap_or_else(PoisonError::into_inner);

    // SAFETY: the library's own code runs when it is loaded. That it can be trusted is what the caller
    // of `Plugin::load` is asked to know, as of every library that a program is linked with.
    let library = unsafe { Library::new(path) }.map_err(|err| no_plugin(&err))?;
    let api = {
        // SAFETY: this is the one function that makes a library a plugin, and it has this type.
        let get =
            unsafe { library.get::<unsafe extern "C-unwind" fn() -> *const Head>(b"GetPjrtApi\0") };
        let get = get.map_err(|err| no_plugin(&err))?;
        // SAFETY: it takes nothing, and returns the table, which lives as long as the library is loaded:
        // for good, as is seen to below.
        unsafe { Api::new(get()) }
    };
    // Its destructor would take the code away from threads that the library may have started.
    std::mem::forget(library);
    let api = api?;
    if !ready.contains(&api.address()) {
        // SAFETY: nothing is passed in.
        unsafe { api.call(&raw::PLUGIN_INITIALIZE, &mut raw::PluginInitialize::blank())? };
        ready.push(api.address());
    }
    Ok(api)
}

#[cold]
fn no_plugin(err: &libloading::Error) -> Error {
    // The system's own words are in the source.
    let why = std::error::Error::source(err).map_or_else(|| err.to_string(), ToString::to_string);
    let message =
        format!("this is no PJRT plugin, a shared library that exports GetPjrtApi: {why}");
    Error::new(ErrorKind::Plugin, message)
}
