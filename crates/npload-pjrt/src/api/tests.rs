//! Tables of functions made here, with what a plugin may get wrong.

use super::*;
use std::ptr::null_mut;
use std::sync::Mutex;

/// A table in memory: the head, and functions that all answer alike.
#[repr(C)]
struct Table {
    head: Head,
    functions: [*const c_void; 74],
}

extern "C" fn fine(_: *mut c_void) -> *mut raw::Error {
    null_mut()
}

fn table(major: i32, minor: i32) -> Box<Table> {
    let fine = fine as extern "C" fn(*mut c_void) -> *mut raw::Error;
    let head = Head {
        struct_size: size_of::<Table>(),
        extension: null_mut(),
        version: raw::Version {
            struct_size: size_of::<raw::Version>(),
            extension: null_mut(),
            major,
            minor,
        },
    };
    Box::new(Table {
        head,
        functions: [fine as *const c_void; 74],
    })
}

/// Never freed, and never lost, so that a sanitizer does not take it for a leak.
fn api(table: Box<Table>) -> Result<Api> {
    static TABLES: Mutex<Vec<usize>> = Mutex::new(Vec::new());
    let table: *const Table = Box::leak(table);
    TABLES.lock().unwrap().push(table.expose_provenance());
    // SAFETY: a table as the C API has it, never freed.
    unsafe { Api::new(table.cast()) }
}

#[test]
fn versions_that_are_not_known_are_refused_by_name() {
    for (major, minor) in [(0, 81), (0, 115), (0, 4000)] {
        assert_eq!(api(table(major, minor)).unwrap().version(), (major, minor));
    }
    for (major, minor) in [(0, 80), (0, 0), (0, -1), (1, 115), (-1, 90)] {
        let err = api(table(major, minor)).unwrap_err();
        assert_eq!(err.kind(), ErrorKind::Version);
        let text = err.to_string();
        assert!(
            text.contains(&format!("version {major}.{minor} ")),
            "{text}"
        );
        assert!(text.contains("0.81"), "{text}");
    }
}

#[test]
fn a_function_that_is_not_there_is_named() {
    let mut cut = table(0, 100);
    // The last that is used is not in it.
    cut.head.struct_size -= size_of::<usize>();
    let cut = api(cut).unwrap();
    // SAFETY: nothing is called.
    let err = unsafe { cut.size(&raw::BUFFER_POINTER, null_mut()) }.unwrap_err();
    assert_eq!(err.kind(), ErrorKind::Missing);
    let text = err.to_string();
    assert!(
        text.contains("(PJRT C API 0.100) has no function PJRT_Buffer_UnsafePointer"),
        "{text}"
    );

    let mut null = table(0, 100);
    null.functions[raw::EVENT_ON_READY.place] = std::ptr::null();
    let err = api(null).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::Missing);
    assert!(err.to_string().contains("PJRT_Event_OnReady"), "{err}");

    let mut empty = table(0, 100);
    empty.head.struct_size = 0;
    assert_eq!(api(empty).unwrap_err().kind(), ErrorKind::Missing);
}

#[test]
fn no_table_is_no_plugin() {
    // SAFETY: null is allowed.
    let err = unsafe { Api::new(std::ptr::null()) }.unwrap_err();
    assert_eq!(err.kind(), ErrorKind::Plugin);
}

/// An error of a plugin: its code and text, and how often it was freed.
struct Fake(i32, &'static str);

static FREED: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);

extern "C" fn refuse(_: *mut c_void) -> *mut raw::Error {
    Box::into_raw(Box::new(Fake(8, "no room for it"))).cast()
}

extern "C" fn message(args: *mut raw::ErrorMessage) {
    // SAFETY: the test's own error.
    unsafe {
        let text = (*(*args).error.cast::<Fake>()).1;
        (*args).text = text.as_ptr().cast();
        (*args).len = text.len();
    }
}

extern "C" fn code(args: *mut raw::ErrorCode) -> *mut raw::Error {
    // SAFETY: the test's own error.
    unsafe { (*args).code = (*(*args).error.cast::<Fake>()).0 };
    null_mut()
}

extern "C" fn free(args: *mut raw::ErrorDestroy) {
    // SAFETY: made by `refuse`.
    drop(unsafe { Box::from_raw((*args).error.cast::<Fake>()) });
    FREED.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
}

#[test]
fn what_a_plugin_says_is_in_the_error_and_its_own_is_freed() {
    let mut refusing = table(0, 100);
    let places = &mut refusing.functions;
    places[raw::ERROR_MESSAGE.place] = message as extern "C" fn(_) as *const c_void;
    places[raw::ERROR_CODE.place] = code as extern "C" fn(_) -> _ as *const c_void;
    places[raw::ERROR_DESTROY.place] = free as extern "C" fn(_) as *const c_void;
    places[raw::CLIENT_CREATE.place] = refuse as extern "C" fn(_) -> _ as *const c_void;
    let api = api(refusing).unwrap();
    // SAFETY: the test's function looks at nothing.
    let err = unsafe { api.call(&raw::CLIENT_CREATE, &mut raw::ClientCreate::blank()) };
    let err = err.unwrap_err();
    assert_eq!(err.kind(), ErrorKind::Device(Code::ResourceExhausted));
    assert_eq!(err.to_string(), "PJRT_Client_Create: no room for it");
    assert_eq!(FREED.load(std::sync::atomic::Ordering::SeqCst), 1);
    // SAFETY: as above; `fine` gives no part.
    let err = unsafe { api.part(&raw::BUFFER_READY_EVENT, null_mut()) }.unwrap_err();
    assert!(err.to_string().contains("returned nothing"), "{err}");
}

#[test]
fn lists_and_texts_may_be_nothing() {
    // SAFETY: null is allowed.
    unsafe {
        assert_eq!(text_of(std::ptr::null(), 7), "");
        assert_eq!(slice_of::<u8>(std::ptr::null(), 7), []);
        assert_eq!(text_of(b"ab\xff".as_ptr().cast(), 3), "ab\u{fffd}");
    }
}
