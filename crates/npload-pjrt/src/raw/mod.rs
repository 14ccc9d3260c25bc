//! The PJRT C API, as far as it is used here: what plugins lay out in memory, and nothing that runs.
//!
//! The facts are those of XLA's public header `xla/pjrt/c/pjrt_c_api.h`: which fields a struct has, in which
//! order, and at which place of the table a function stands. Within major version 0 neither changes; new
//! fields and functions come at the end.

mod functions;
mod structs;

use std::ffi::c_void;
use std::marker::PhantomData;

pub(crate) use functions::*;
pub(crate) use structs::*;

/// Something of the plugin's, known by its address only.
macro_rules! opaque {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[repr(C)]
        pub(crate) struct $name {
            /// Neither `Send` nor `Sync` by itself, and never made here.
            _opaque: [*mut u8; 0],
        }
    )*};
}

opaque! {
    /// `PJRT_Error`: owned by whoever got it.
    Error
    /// `PJRT_Event`: owned by whoever got it.
    Event
    /// `PJRT_Client`
    Client
    /// `PJRT_Device`: the client's.
    Device
    /// `PJRT_DeviceDescription`: the device's.
    DeviceDescription
    /// `PJRT_Memory`: the client's.
    Memory
    /// `PJRT_Buffer`: an array on a device.
    Buffer
    /// `PJRT_Executable`
    Executable
    /// `PJRT_LoadedExecutable`: a program compiled for devices of a client.
    LoadedExecutable
}

/// `PJRT_Api_Version`.
#[repr(C)]
pub(crate) struct Version {
    pub(crate) struct_size: usize,
    pub(crate) extension: *mut c_void,
    pub(crate) major: i32,
    pub(crate) minor: i32,
}

/// How `PJRT_Api`, the table of functions, begins. Behind it stand as many pointers to functions as
/// `struct_size` has room for.
#[repr(C)]
pub(crate) struct Head {
    pub(crate) struct_size: usize,
    pub(crate) extension: *mut c_void,
    pub(crate) version: Version,
}

/// A function of the table that takes a pointer to `A` and returns an error, or none.
pub(crate) struct Function<A> {
    /// Its place behind the [`Head`].
    pub(crate) place: usize,
    pub(crate) name: &'static str,
    takes: PhantomData<fn(*mut A)>,
}

impl<A> Function<A> {
    const fn new(place: usize, name: &'static str) -> Self {
        Function {
            place,
            name,
            takes: PhantomData,
        }
    }
}
