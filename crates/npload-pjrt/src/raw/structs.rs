//! The structs that functions take a pointer to.
//!
//! Many differ in names only: `Of<Event>` is what every function takes that needs an event and returns
//! nothing, `TextOf<Client>` what those take that give a text.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "where fields end, which the compiler computes"
)]

use std::ffi::{c_char, c_void};
use std::mem::offset_of;
use std::ptr::{null, null_mut};

use super::{Buffer, Client, Device, Error, Event, LoadedExecutable, Memory};

/// What a field has before it is set: all bits zero, which every type here takes for nothing.
trait Blank {
    const BLANK: Self;
}

macro_rules! blank {
    ($($type:ty = $value:expr;)*) => {$(
        impl Blank for $type {
            const BLANK: Self = $value;
        }
    )*};
}

blank! {
    bool = false;
    i32 = 0;
    usize = 0;
    u64 = 0;
}

impl<T> Blank for *const T {
    const BLANK: Self = null();
}

impl<T> Blank for *mut T {
    const BLANK: Self = null_mut();
}

impl<T> Blank for Option<T> {
    const BLANK: Self = None;
}

macro_rules! structs {
    ($($(#[$doc:meta])* $name:ident $(<$($generic:ident),*>)? {
        $($(#[$field_doc:meta])* $field:ident: $type:ty,)*
    })*) => {$(
        $(#[$doc])*
        #[repr(C)]
        pub(crate) struct $name $(<$($generic),*>)? {
            pub(crate) struct_size: usize,
            /// Nothing is extended here.
            pub(crate) extension: *mut c_void,
            $($(#[$field_doc])* pub(crate) $field: $type,)*
        }

        impl $(<$($generic),*>)? $name $(<$($generic),*>)? {
            /// Where its last field ends: that is the size which plugins ask for.
            pub(crate) const SIZE: usize = {
                let ends = [
                    offset_of!(Self, extension) + size_of::<*mut c_void>(),
                    $(offset_of!(Self, $field) + size_of::<$type>(),)*
                ];
                match ends {
                    [.., last] => last,
                }
            };

            /// One of which only the size is set.
            #[allow(dead_code, reason = "some are only read")]
            pub(crate) const fn blank() -> Self {
                $name {
                    struct_size: Self::SIZE,
                    extension: null_mut(),
                    $($field: Blank::BLANK,)*
                }
            }
        }
    )*};
}

structs! {
    /// For functions that need one thing and give nothing.
    Of<T> { of: *mut T, }

    /// For those that give a text, which lives as long as the thing.
    TextOf<T> { of: *mut T, text: *const c_char, len: usize, }

    /// For those that give a C int or an enum.
    NumberOf<T> { of: *mut T, number: i32, }

    /// For those that give a size, or an address as a number.
    SizeOf<T> { of: *mut T, size: usize, }

    /// For those that give another thing.
    PartOf<T, P> { of: *mut T, part: *mut P, }

    /// For those that give a list, which lives as long as the thing.
    ListOf<T, P> { of: *mut T, items: *const *mut P, len: usize, }

    /// For those that give lengths of axes, which live as long as the thing.
    DimensionsOf<T> { of: *mut T, dims: *const i64, len: usize, }

    ErrorDestroy { error: *mut Error, }

    ErrorMessage { error: *const Error, text: *const c_char, len: usize, }

    ErrorCode { error: *const Error, code: i32, }

    PluginInitialize {}

    PluginAttributes { attributes: *const NamedValue, len: usize, }

    EventIsReady { event: *mut Event, is_ready: bool, }

    EventOnReady {
        event: *mut Event,
        callback: Option<unsafe extern "C" fn(*mut Error, *mut c_void)>,
        argument: *mut c_void,
    }

    /// An option or an attribute: a name and a value. `value` is as wide as the widest that there is.
    NamedValue {
        name: *const c_char,
        name_len: usize,
        kind: i32,
        value: u64,
        value_len: usize,
    }

    ClientCreate {
        options: *const NamedValue,
        num_options: usize,
        get: *mut c_void,
        get_argument: *mut c_void,
        put: *mut c_void,
        put_argument: *mut c_void,
        client: *mut Client,
        try_get: *mut c_void,
        try_get_argument: *mut c_void,
    }

    Program {
        code: *const c_char,
        code_len: usize,
        format: *const c_char,
        format_len: usize,
    }

    ClientCompile {
        client: *mut Client,
        program: *const Program,
        options: *const c_char,
        options_len: usize,
        executable: *mut LoadedExecutable,
    }

    BufferFromHost {
        client: *mut Client,
        data: *const c_void,
        element: i32,
        dims: *const i64,
        num_dims: usize,
        byte_strides: *const i64,
        num_byte_strides: usize,
        semantics: i32,
        device: *mut Device,
        memory: *mut Memory,
        device_layout: *mut c_void,
        done: *mut Event,
        buffer: *mut Buffer,
    }

    /// Of the layouts that there are only this is used: axes in an order, without tiles. The C union's
    /// other arm is smaller.
    Layout {
        tiled_size: usize,
        tiled_extension: *mut c_void,
        minor_to_major: *const i64,
        minor_to_major_len: usize,
        tile_dims: *const i64,
        tile_dim_sizes: *const usize,
        num_tiles: usize,
        /// 0: tiled.
        kind: i32,
    }

    BufferToHost {
        buffer: *mut Buffer,
        layout: *mut Layout,
        dest: *mut c_void,
        dest_len: usize,
        event: *mut Event,
    }

    ExecuteOptions {
        send_callbacks: *mut c_void,
        receive_callbacks: *mut c_void,
        num_sends: usize,
        num_receives: usize,
        launch_id: i32,
        kept_inputs: *const i64,
        num_kept_inputs: usize,
        context: *mut c_void,
        call_location: *const c_char,
        num_tasks: usize,
        task_ids: *mut c_void,
        incarnation_ids: *mut c_void,
        /// Since version 0.97. Older plugins do not look so far.
        multi_slice: *mut c_void,
    }

    Execute {
        executable: *mut LoadedExecutable,
        options: *mut ExecuteOptions,
        arguments: *const *const *mut Buffer,
        num_devices: usize,
        num_args: usize,
        outputs: *const *mut *mut Buffer,
        complete: *mut *mut Event,
        device: *mut Device,
    }
}

/// `PJRT_NamedValue_Type`.
pub(crate) mod kind {
    pub(crate) const STRING: i32 = 0;
    pub(crate) const INT: i32 = 1;
    pub(crate) const INTS: i32 = 2;
    pub(crate) const FLOAT: i32 = 3;
    pub(crate) const BOOL: i32 = 4;
}

/// `PJRT_HostBufferSemantics_kImmutableZeroCopy`: the memory may be used as it is, and is never changed;
/// where that cannot be, it is copied.
pub(crate) const ZERO_COPY: i32 = 2;
/// The host's memory is read before the call returns, and not after.
pub(crate) const ONLY_DURING_CALL: i32 = 0;

/// The size that [`Layout`]'s first arm has of itself.
pub(crate) const TILED_SIZE: usize = size_of::<[usize; 7]>();

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_pointer_width = "64")]
    fn sizes_are_those_that_a_c_compiler_has_of_the_header() {
        assert_eq!(ErrorMessage::SIZE, 40);
        assert_eq!(ErrorCode::SIZE, 28);
        assert_eq!(NamedValue::SIZE, 56);
        assert_eq!(EventIsReady::SIZE, 25);
        assert_eq!(EventOnReady::SIZE, 40);
        assert_eq!(ClientCreate::SIZE, 88);
        assert_eq!(Program::SIZE, 48);
        assert_eq!(ClientCompile::SIZE, 56);
        assert_eq!(BufferFromHost::SIZE, 120);
        assert_eq!(offset_of!(BufferFromHost, done), 104);
        assert_eq!(Layout::SIZE, 76);
        assert_eq!(TILED_SIZE, 56);
        assert_eq!(BufferToHost::SIZE, 56);
        assert_eq!(ExecuteOptions::SIZE, 120);
        assert_eq!(offset_of!(ExecuteOptions, incarnation_ids), 104);
        assert_eq!(Execute::SIZE, 80);
        assert_eq!(size_of::<super::super::Head>(), 40);
        assert_eq!(Of::<Event>::SIZE, 24);
        assert_eq!(NumberOf::<Client>::SIZE, 28);
        assert_eq!(PluginInitialize::SIZE, 16);
    }

    #[test]
    fn places_are_those_of_the_header_and_rise() {
        let used = super::super::USED;
        assert!(used.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert_eq!(used.last(), Some(&(73, "PJRT_Buffer_UnsafePointer")));
        assert!(used.iter().all(|(_, name)| name.starts_with("PJRT_")));
    }
}
