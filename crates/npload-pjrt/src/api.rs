//! The plugin's table of functions, and calls through it.

use std::ffi::{c_char, c_void};
use std::ptr::{NonNull, from_ref};

use crate::error::Code;
use crate::raw::{self, Function, Head};
use crate::{Error, ErrorKind, Result};

/// The oldest minor version of the C API (of major version 0) that was tested. The newest was 115.
const OLDEST: i32 = 81;

/// A plugin's functions. Plugins stay loaded, so it lives as long as the process.
#[derive(Clone, Copy)]
pub(crate) struct Api {
    table: NonNull<Head>,
}

// SAFETY: the table is only read, by the plugin as well, and lives as long as the process.
unsafe impl Send for Api {}
// SAFETY: as above.
unsafe impl Sync for Api {}

impl Api {
    /// The functions of a table, whose version this crate knows, and by which all that is taken can be
    /// given back. What else it lacks is said when it is called.
    ///
    /// # Safety
    /// `table` is null, or such a table as `GetPjrtApi` returns, which nobody changes or frees.
    pub(crate) unsafe fn new(table: *const Head) -> Result<Api> {
        let Some(table) = NonNull::new(table.cast_mut()) else {
            let message = "the plugin's GetPjrtApi returned nothing: it could not be set up";
            return Err(Error::new(ErrorKind::Plugin, message));
        };
        let api = Api { table };
        let (major, minor) = api.version();
        if major != 0 || minor < OLDEST {
            let message = format!(
                "the plugin has version {major}.{minor} of the PJRT C API; npload needs 0.{OLDEST} or newer \
                 of major version 0 (tested: 0.81 and 0.115): take a plugin of another release"
            );
            return Err(Error::new(ErrorKind::Version, message));
        }
        for &(place, name) in raw::ESSENTIAL {
            if api.find(place).is_none() {
                return Err(api.missing(name));
            }
        }
        Ok(api)
    }

    fn head(&self) -> &'static Head {
        // SAFETY: `new`'s caller promised a table that lives for good and is not changed.
        unsafe { self.table.as_ref() }
    }

    /// Where the table is: one plugin has one.
    pub(crate) fn address(self) -> usize {
        self.table.as_ptr().addr()
    }

    /// Major and minor version of the C API.
    pub(crate) fn version(self) -> (i32, i32) {
        (self.head().version.major, self.head().version.minor)
    }

    /// The function at a place, if the plugin's table reaches so far and has one there.
    fn find(self, place: usize) -> Option<NonNull<c_void>> {
        let offset = size_of::<usize>()
            .checked_mul(place)?
            .checked_add(size_of::<Head>())?;
        let end = offset.checked_add(size_of::<usize>())?;
        if end > self.head().struct_size {
            return None;
        }
        // SAFETY: the plugin says that its table is `struct_size` bytes long, and the pointer lies within
        // them; behind the head there are nothing but pointers, each null or to a function.
        let function: *mut c_void = unsafe {
            self.table
                .as_ptr()
                .byte_add(offset)
                .cast::<*mut c_void>()
                .read()
        };
        NonNull::new(function)
    }

    #[cold]
    fn missing(self, name: &str) -> Error {
        let (major, minor) = self.version();
        let message = format!(
            "the plugin (PJRT C API {major}.{minor}) has no function {name}, which is needed here"
        );
        Error::new(ErrorKind::Missing, message)
    }

    /// Calls a function. One that throws an exception, as C++ can, ends the process: nobody here can catch it.
    ///
    /// # Safety
    /// Every pointer in `args` must be what the C API asks of this function, for as long as it asks that.
    pub(crate) unsafe fn call<A>(self, function: &Function<A>, args: &mut A) -> Result<()> {
        let Some(pointer) = self.find(function.place) else {
            return Err(self.missing(function.name));
        };
        // SAFETY: at this place stands a function of this type (`raw::functions`; `Api::new` checked the
        // version). A pointer to a function is as wide as any.
        let called: unsafe extern "C-unwind" fn(*mut A) -> *mut raw::Error =
            unsafe { std::mem::transmute(pointer) };
        // SAFETY: `args` is such a struct with its size in it; the caller vouches for what is in it.
        let error = unsafe { called(args) };
        match NonNull::new(error) {
            None => Ok(()),
            // SAFETY: errors that functions return are the caller's, and this is the only pointer to it.
            Some(error) => Err(unsafe { self.error(error, function.name) }),
        }
    }

    /// The plugin's error as ours: its code and its text. It is freed.
    ///
    /// # Safety
    /// `error` is this plugin's, and nobody uses it any more.
    pub(crate) unsafe fn error(self, error: NonNull<raw::Error>, doing: &str) -> Error {
        let mut message = raw::ErrorMessage {
            error: error.as_ptr(),
            ..raw::ErrorMessage::blank()
        };
        let mut code = raw::ErrorCode {
            error: error.as_ptr(),
            ..raw::ErrorCode::blank()
        };
        let mut text = String::new();
        if let Some(function) = self.find(raw::ERROR_MESSAGE.place) {
            // SAFETY: the function at this place takes this struct and returns nothing.
            let called: unsafe extern "C-unwind" fn(*mut raw::ErrorMessage) =
                unsafe { std::mem::transmute(function) };
            // SAFETY: the error is alive.
            unsafe { called(&mut message) };
            // SAFETY: the plugin filled it with a text that lives as long as the error.
            text = unsafe { text_of(message.text, message.len) };
        }
        if let Some(function) = self.find(raw::ERROR_CODE.place) {
            // SAFETY: the function at this place takes this struct and returns an error.
            let called: unsafe extern "C-unwind" fn(*mut raw::ErrorCode) -> *mut raw::Error =
                unsafe { std::mem::transmute(function) };
            // SAFETY: the error is alive.
            let another = unsafe { called(&mut code) };
            if let Some(another) = NonNull::new(another) {
                // SAFETY: it is ours, and is not used again.
                unsafe { self.free(another) };
                code.code = 0;
            }
        }
        // SAFETY: the caller gave it away, and what was asked of it has been copied.
        unsafe { self.free(error) };
        Error::new(
            ErrorKind::Device(Code::from_number(code.code)),
            format!("{doing}: {text}"),
        )
    }

    /// # Safety
    /// `error` is this plugin's, and nobody uses it any more.
    unsafe fn free(self, error: NonNull<raw::Error>) {
        let Some(function) = self.find(raw::ERROR_DESTROY.place) else {
            return;
        };
        let mut args = raw::ErrorDestroy {
            error: error.as_ptr(),
            ..raw::ErrorDestroy::blank()
        };
        // SAFETY: the function at this place takes this struct and returns nothing.
        let called: unsafe extern "C-unwind" fn(*mut raw::ErrorDestroy) =
            unsafe { std::mem::transmute(function) };
        // SAFETY: the caller gave the error away.
        unsafe { called(&mut args) };
    }

    /// The text that a function gives of something.
    ///
    /// # Safety
    /// `of` is alive.
    pub(crate) unsafe fn text<T>(
        self,
        function: &Function<raw::TextOf<T>>,
        of: *mut T,
    ) -> Result<String> {
        let mut args = raw::TextOf {
            of,
            ..raw::TextOf::blank()
        };
        // SAFETY: the caller vouches for `of`.
        unsafe { self.call(function, &mut args)? };
        // SAFETY: the text lives as long as `of`.
        Ok(unsafe { text_of(args.text, args.len) })
    }

    /// The number that a function gives of something.
    ///
    /// # Safety
    /// `of` is alive.
    pub(crate) unsafe fn number<T>(
        self,
        function: &Function<raw::NumberOf<T>>,
        of: *mut T,
    ) -> Result<i32> {
        let mut args = raw::NumberOf {
            of,
            ..raw::NumberOf::blank()
        };
        // SAFETY: the caller vouches for `of`.
        unsafe { self.call(function, &mut args)? };
        Ok(args.number)
    }

    /// The size, or the address as a number, that a function gives of something.
    ///
    /// # Safety
    /// `of` is alive.
    pub(crate) unsafe fn size<T>(
        self,
        function: &Function<raw::SizeOf<T>>,
        of: *mut T,
    ) -> Result<usize> {
        let mut args = raw::SizeOf {
            of,
            ..raw::SizeOf::blank()
        };
        // SAFETY: the caller vouches for `of`.
        unsafe { self.call(function, &mut args)? };
        Ok(args.size)
    }

    /// What a function gives of something; an error if that is nothing.
    ///
    /// # Safety
    /// `of` is alive.
    pub(crate) unsafe fn part<T, P>(
        self,
        function: &Function<raw::PartOf<T, P>>,
        of: *mut T,
    ) -> Result<NonNull<P>> {
        let mut args = raw::PartOf {
            of,
            ..raw::PartOf::blank()
        };
        // SAFETY: the caller vouches for `of`.
        unsafe { self.call(function, &mut args)? };
        NonNull::new(args.part).ok_or_else(|| gave_nothing(function.name))
    }

    /// The list that a function gives of something, without what is null.
    ///
    /// # Safety
    /// `of` is alive.
    pub(crate) unsafe fn list<T, P>(
        self,
        function: &Function<raw::ListOf<T, P>>,
        of: *mut T,
    ) -> Result<Vec<NonNull<P>>> {
        let mut args = raw::ListOf {
            of,
            ..raw::ListOf::blank()
        };
        // SAFETY: the caller vouches for `of`.
        unsafe { self.call(function, &mut args)? };
        // SAFETY: the plugin says that there are so many pointers, which live as long as `of`.
        let items = unsafe { slice_of(args.items, args.len) };
        Ok(items.iter().copied().filter_map(NonNull::new).collect())
    }

    /// Destroys something by its function; there is nobody to tell if that fails.
    ///
    /// # Safety
    /// `of` is this plugin's, and nobody uses it any more.
    pub(crate) unsafe fn destroy<T>(self, function: &Function<raw::Of<T>>, of: NonNull<T>) {
        let mut args = raw::Of {
            of: of.as_ptr(),
            ..raw::Of::blank()
        };
        // SAFETY: the caller gave it away.
        let _ = unsafe { self.call(function, &mut args) };
    }
}

#[cold]
pub(crate) fn gave_nothing(function: &str) -> Error {
    let message = format!("{function}: the plugin returned nothing, and no error");
    Error::new(ErrorKind::Device(Code::Internal), message)
}

/// A text of the plugin's, copied.
///
/// # Safety
/// `text` is null, or points to `len` bytes.
pub(crate) unsafe fn text_of(text: *const c_char, len: usize) -> String {
    // SAFETY: the caller's promise is the same.
    let bytes = unsafe { slice_of(text.cast::<u8>(), len) };
    String::from_utf8_lossy(bytes).into_owned()
}

/// A list of the plugin's.
///
/// # Safety
/// `items` is null, or points to `len` of them, which live for `'a` and are not changed.
pub(crate) unsafe fn slice_of<'a, T>(items: *const T, len: usize) -> &'a [T] {
    if items.is_null() || len == 0 {
        return &[];
    }
    // SAFETY: the caller's promise; it is not null.
    unsafe { std::slice::from_raw_parts(items, len) }
}

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (major, minor) = self.version();
        write!(f, "Api({major}.{minor} at {:p})", from_ref(self.head()))
    }
}

#[cfg(test)]
mod tests;
