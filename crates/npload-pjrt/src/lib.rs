//! Arrays of `.npy` and `.npz` files on XLA devices (CPU, GPU, TPU), without Python.
//!
//! XLA's devices are reached through a *PJRT plugin*: a shared library that knows a kind of device, the same
//! that JAX uses. It is chosen when the program runs; none comes with this crate.
//!
//! ```no_run
//! use npload_pjrt::Plugin;
//!
//! let plugin = Plugin::find()?;                          // the one that PJRT_PLUGIN_PATH names
//! let device = plugin.client()?.device(0)?;
//! let x = npload_pjrt::load("x.npy", &device)?.into_array()?;
//! println!("{} {:?} on {device}, zero-copy: {}", x.dtype(), x.shape(), x.is_zero_copy());
//!
//! let square = device.compile(
//!     "func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
//!        %y = stablehlo.multiply %x, %x : tensor<4xf32>
//!        return %y : tensor<4xf32>
//!      }",
//! )?;
//! println!("{}", square.run(&[&x])?[0].to_host()?);
//! # Ok::<(), npload_pjrt::Error>(())
//! ```
//!
//! * [`Plugin`], [`Client`], [`Device`]: what there is.
//! * [`Device::put`], [`put_sharded`], [`load`]: from files and arrays to devices. Memory that a CPU can use
//!   as it is is not copied ([`Placement`]); of a lazy handle only what a device needs is read.
//! * [`DeviceArray`]: what is there; [`DeviceArray::to_host`] brings it back.
//! * [`Device::compile`], [`Program::run`]: StableHLO on arrays.
//!
//! Everything is `Send + Sync` and holds its client. Plugins stay loaded. A forked child must not use what
//! its parent had: the plugin's threads are not there.

mod api;
mod array;
mod client;
mod compile_options;
mod counted;
mod device;
mod element;
mod error;
mod event;
#[cfg(test)]
mod fake;
mod host;
mod load;
mod plugin;
mod program;
mod put;
mod raw;
mod shard;
mod source;
mod value;

pub use array::DeviceArray;
pub use client::Client;
pub use counted::Live;
pub use device::Device;
pub use error::{Code, Error, ErrorKind, Result};
pub use event::Ready;
pub use host::Placement;
pub use load::{Loaded, load, load_with};
pub use npload;
pub use plugin::Plugin;
pub use program::Program;
pub use shard::{Partition, Shard, Sharded, put_sharded};
pub use source::Source;
pub use value::{ClientOptions, Value};
