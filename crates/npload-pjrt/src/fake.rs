//! A plugin made here, of one CPU, which can get things wrong that real ones do not.

use std::ffi::c_void;
use std::future::Future;
use std::pin::pin;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use npload::{AlignedBuf, Array, Buffer, DType, Order};

use crate::api::Api;
use crate::event::{Event, Ready};
use crate::raw::{self, Head};
use crate::{Client, ClientOptions, Code, ErrorKind, Live, Placement, Plugin};

/// The table.
#[repr(C)]
struct Table {
    head: Head,
    functions: [*const c_void; 74],
}

/// What there is of the plugin's at present, by everything that a test makes.
#[derive(Default)]
struct Alive {
    buffers: AtomicUsize,
    events: AtomicUsize,
    errors: AtomicUsize,
}

/// Tests run one after the other: the functions know no more than what they are given.
static ONE: Mutex<()> = Mutex::new(());
static ALIVE: Alive = Alive {
    buffers: AtomicUsize::new(0),
    events: AtomicUsize::new(0),
    errors: AtomicUsize::new(0),
};
/// How often somebody waited for what had not happened: a real plugin would never return.
static HUNG: AtomicUsize = AtomicUsize::new(0);

type Callback = (
    unsafe extern "C" fn(*mut raw::Error, *mut c_void),
    *mut c_void,
);

/// An event: whether it happened, and who is to be told.
#[derive(Default)]
struct Happening {
    happened: bool,
    callbacks: Vec<Callback>,
}

type Shared = Arc<Mutex<Happening>>;

struct FakeBuffer {
    done: Shared,
    data: usize,
}

fn error(text: &'static str) -> *mut raw::Error {
    ALIVE.errors.fetch_add(1, Ordering::SeqCst);
    Box::into_raw(Box::new(text)).cast()
}

fn new_event(shared: &Shared) -> *mut raw::Event {
    ALIVE.events.fetch_add(1, Ordering::SeqCst);
    Box::into_raw(Box::new(shared.clone())).cast()
}

fn happen(shared: &Shared, error: &dyn Fn() -> *mut raw::Error) {
    let callbacks = {
        let mut happening = shared.lock().unwrap();
        happening.happened = true;
        std::mem::take(&mut happening.callbacks)
    };
    for (callback, argument) in callbacks {
        // SAFETY: registered by this crate, called once.
        unsafe { callback(error(), argument) };
    }
}

extern "C" fn fine(_: *mut c_void) -> *mut raw::Error {
    null_mut()
}

extern "C" fn refuse(_: *mut c_void) -> *mut raw::Error {
    error("refused")
}

extern "C" fn error_message(args: &mut raw::ErrorMessage) {
    // SAFETY: made by `error`.
    let text = unsafe { *args.error.cast::<&'static str>() };
    (args.text, args.len) = (text.as_ptr().cast(), text.len());
}

extern "C" fn error_code(args: &mut raw::ErrorCode) -> *mut raw::Error {
    args.code = 13;
    null_mut()
}

extern "C" fn error_destroy(args: &mut raw::ErrorDestroy) {
    // SAFETY: made by `error`, given back once.
    drop(unsafe { Box::from_raw(args.error.cast::<&'static str>()) });
    ALIVE.errors.fetch_sub(1, Ordering::SeqCst);
}

extern "C" fn event_destroy(args: &mut raw::Of<raw::Event>) -> *mut raw::Error {
    // SAFETY: made by `new_event`, given back once.
    drop(unsafe { Box::from_raw(args.of.cast::<Shared>()) });
    ALIVE.events.fetch_sub(1, Ordering::SeqCst);
    null_mut()
}

extern "C" fn event_await(args: &mut raw::Of<raw::Event>) -> *mut raw::Error {
    // SAFETY: made by `new_event`.
    let shared = unsafe { &*args.of.cast::<Shared>() };
    if !shared.lock().unwrap().happened {
        HUNG.fetch_add(1, Ordering::SeqCst);
    }
    null_mut()
}

extern "C" fn event_on_ready(args: &mut raw::EventOnReady) -> *mut raw::Error {
    // SAFETY: made by `new_event`.
    let shared = unsafe { &*args.event.cast::<Shared>() };
    let callback = (args.callback.unwrap(), args.argument);
    shared.lock().unwrap().callbacks.push(callback);
    if shared.lock().unwrap().happened {
        happen(shared, &null_mut);
    }
    null_mut()
}

extern "C" fn client_create(args: &mut raw::ClientCreate) -> *mut raw::Error {
    args.client = std::ptr::dangling_mut();
    null_mut()
}

extern "C" fn platform(args: &mut raw::TextOf<raw::Client>) -> *mut raw::Error {
    (args.text, args.len) = ("cpu".as_ptr().cast(), 3);
    null_mut()
}

/// One device, which nothing looks at.
struct Pointer(*mut raw::Device);

// SAFETY: it is never followed.
unsafe impl Sync for Pointer {}

static DEVICE: Pointer = Pointer(std::ptr::dangling_mut());

extern "C" fn devices(args: &mut raw::ListOf<raw::Client, raw::Device>) -> *mut raw::Error {
    (args.items, args.len) = (&raw const DEVICE.0, 1);
    null_mut()
}

extern "C" fn description(
    args: &mut raw::PartOf<raw::Device, raw::DeviceDescription>,
) -> *mut raw::Error {
    args.part = std::ptr::dangling_mut();
    null_mut()
}

extern "C" fn from_host(args: &mut raw::BufferFromHost) -> *mut raw::Error {
    let done = Shared::default();
    args.done = new_event(&done);
    ALIVE.buffers.fetch_add(1, Ordering::SeqCst);
    let data = args.data.addr();
    args.buffer = Box::into_raw(Box::new(FakeBuffer { done, data })).cast();
    null_mut()
}

extern "C" fn from_host_without_event(args: &mut raw::BufferFromHost) -> *mut raw::Error {
    from_host(args);
    let mut event = raw::Of {
        of: args.done,
        ..raw::Of::blank()
    };
    event_destroy(&mut event);
    args.done = null_mut();
    null_mut()
}

extern "C" fn from_host_without_buffer(args: &mut raw::BufferFromHost) -> *mut raw::Error {
    let done = Shared::default();
    done.lock().unwrap().happened = true;
    args.done = new_event(&done);
    null_mut()
}

extern "C" fn buffer_destroy(args: &mut raw::Of<raw::Buffer>) -> *mut raw::Error {
    // SAFETY: made by `from_host`, given back once.
    let buffer = unsafe { Box::from_raw(args.of.cast::<FakeBuffer>()) };
    ALIVE.buffers.fetch_sub(1, Ordering::SeqCst);
    happen(&buffer.done, &null_mut);
    null_mut()
}

extern "C" fn buffer_pointer(args: &mut raw::SizeOf<raw::Buffer>) -> *mut raw::Error {
    // SAFETY: made by `from_host`.
    args.size = unsafe { &*args.of.cast::<FakeBuffer>() }.data;
    null_mut()
}

type Anything = extern "C" fn(*mut c_void) -> *mut raw::Error;

/// A client of a plugin in which some functions are others, or are not there.
fn client(others: &[(usize, Option<*const c_void>)]) -> Client {
    let head = Head {
        struct_size: size_of::<Table>(),
        extension: null_mut(),
        version: raw::Version {
            struct_size: size_of::<raw::Version>(),
            extension: null_mut(),
            major: 0,
            minor: 100,
        },
    };
    let mut functions = [fine as Anything as *const c_void; 74];
    for (place, function) in [
        (raw::ERROR_MESSAGE.place, error_message as *const c_void),
        (raw::ERROR_CODE.place, error_code as *const c_void),
        (raw::ERROR_DESTROY.place, error_destroy as *const c_void),
        (raw::EVENT_DESTROY.place, event_destroy as *const c_void),
        (raw::EVENT_AWAIT.place, event_await as *const c_void),
        (raw::EVENT_ON_READY.place, event_on_ready as *const c_void),
        (raw::CLIENT_CREATE.place, client_create as *const c_void),
        (raw::CLIENT_PLATFORM_NAME.place, platform as *const c_void),
        (
            raw::CLIENT_ADDRESSABLE_DEVICES.place,
            devices as *const c_void,
        ),
        (raw::DEVICE_DESCRIPTION.place, description as *const c_void),
        (raw::BUFFER_FROM_HOST.place, from_host as *const c_void),
        (raw::BUFFER_DESTROY.place, buffer_destroy as *const c_void),
        (raw::BUFFER_POINTER.place, buffer_pointer as *const c_void),
    ] {
        functions[place] = function;
    }
    for &(place, function) in others {
        functions[place] = function.unwrap_or(std::ptr::null());
    }
    // Never freed, and never lost, so that a sanitizer does not take it for a leak.
    static TABLES: Mutex<Vec<usize>> = Mutex::new(Vec::new());
    let table: *const Table = Box::leak(Box::new(Table { head, functions }));
    TABLES.lock().unwrap().push(table.expose_provenance());
    // SAFETY: a table as the C API has it, never freed.
    let api = unsafe { Api::new(table.cast()) }.unwrap();
    Client::create(&Plugin::made_of(api), &ClientOptions::new()).unwrap()
}

/// Memory that counts when it is freed.
struct Owner(AlignedBuf, Arc<AtomicUsize>);

impl AsRef<[u8]> for Owner {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.1.fetch_add(1, Ordering::SeqCst);
    }
}

fn array(freed: &Arc<AtomicUsize>) -> Array {
    let owner = Owner(AlignedBuf::zeroed(64).unwrap(), freed.clone());
    // SAFETY: the memory of an AlignedBuf stays where it is.
    let memory = unsafe { Buffer::from_owner(owner) };
    Array::from_bytes(DType::parse("u1").unwrap(), &[64], Order::C, memory).unwrap()
}

/// What was left of the plugin's: buffers, events, errors, and waits without an end.
fn left() -> [usize; 4] {
    [&ALIVE.buffers, &ALIVE.events, &ALIVE.errors, &HUNG]
        .map(|count| count.swap(0, Ordering::SeqCst))
}

#[test]
fn memory_is_freed_once_and_after_the_array() {
    let _one = ONE
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let (client, freed) = (client(&[]), Arc::default());
    let there = client.device(0).unwrap().put(&array(&freed)).unwrap();
    assert!(there.is_zero_copy());
    assert_eq!(
        (freed.load(Ordering::SeqCst), client.live().host_memory),
        (0, 1)
    );
    drop(there);
    assert_eq!(
        (freed.load(Ordering::SeqCst), client.live()),
        (1, Live::default())
    );
    assert_eq!(left(), [0; 4]);
}

#[test]
fn an_event_that_tells_nobody_is_waited_for_without_hanging() {
    let _one = ONE
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let refuses = Some(refuse as Anything as *const c_void);
    let (client, freed) = (
        client(&[(raw::EVENT_ON_READY.place, refuses)]),
        Arc::default(),
    );
    let err = client.device(0).unwrap().put(&array(&freed)).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::Device(Code::Internal));
    assert_eq!(err.to_string(), "PJRT_Event_OnReady: refused");
    assert_eq!(
        (freed.load(Ordering::SeqCst), client.live()),
        (1, Live::default())
    );
    assert_eq!(left(), [0; 4]);
}

#[test]
fn a_plugin_that_refuses_gives_the_memory_back() {
    let _one = ONE
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let refuses = Some(refuse as Anything as *const c_void);
    let (client, freed) = (
        client(&[(raw::BUFFER_FROM_HOST.place, refuses)]),
        Arc::default(),
    );
    let err = client.device(0).unwrap().put(&array(&freed)).unwrap_err();
    assert_eq!(err.to_string(), "PJRT_Client_BufferFromHostBuffer: refused");
    assert_eq!(
        (freed.load(Ordering::SeqCst), client.live()),
        (1, Live::default())
    );
    assert_eq!(left(), [0; 4]);
}

#[test]
fn half_an_answer_is_an_error_and_nothing_of_it_is_left() {
    let _one = ONE
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let function = Some(from_host_without_buffer as *const c_void);
    let (no_buffer, freed) = (
        client(&[(raw::BUFFER_FROM_HOST.place, function)]),
        Arc::default(),
    );
    let err = no_buffer
        .device(0)
        .unwrap()
        .put(&array(&freed))
        .unwrap_err();
    assert!(
        err.to_string().contains("the plugin returned nothing"),
        "{err}"
    );
    assert_eq!(
        (freed.load(Ordering::SeqCst), no_buffer.live()),
        (1, Live::default())
    );
    assert_eq!(left(), [0; 4]);

    // Nobody says when it is done with the memory: that is never used again.
    static KEPT: Mutex<Vec<(Client, Array)>> = Mutex::new(Vec::new());
    let function = Some(from_host_without_event as *const c_void);
    let (no_event, freed) = (
        client(&[(raw::BUFFER_FROM_HOST.place, function)]),
        Arc::default(),
    );
    let array = array(&freed);
    let err = no_event.device(0).unwrap().put(&array).unwrap_err();
    assert!(
        err.to_string().contains("the plugin returned nothing"),
        "{err}"
    );
    let live = no_event.live();
    assert_eq!((live.arrays, live.host_memory), (0, 1));
    assert_eq!(left(), [0; 4]);
    KEPT.lock().unwrap().push((no_event, array));
}

#[test]
fn a_plugin_that_does_not_say_where_arrays_lie_is_taken_to_copy() {
    let _one = ONE
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let (client, freed) = (client(&[(raw::BUFFER_POINTER.place, None)]), Arc::default());
    let device = client.device(0).unwrap();
    let there = device.put(&array(&freed)).unwrap();
    assert!(!there.is_zero_copy());
    let err = device
        .put_with(&array(&freed), Placement::RequireZeroCopy)
        .unwrap_err();
    assert_eq!(err.kind(), ErrorKind::Copy);
    drop(there);
    assert_eq!(
        (freed.load(Ordering::SeqCst), client.live()),
        (2, Live::default())
    );
    assert_eq!(left(), [0; 4]);
}

#[test]
fn a_future_gives_the_error_that_the_event_comes_with() {
    let _one = ONE
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let client = client(&[]);
    let shared = Shared::default();
    let raw = std::ptr::NonNull::new(new_event(&shared)).unwrap();
    // SAFETY: made here, and given away.
    let event = unsafe { Event::new(client.api(), raw) };
    let mut ready = pin!(Ready::when(&event).unwrap());
    drop(event);
    let mut context = Context::from_waker(Waker::noop());
    assert!(ready.as_mut().poll(&mut context).is_pending());
    happen(&shared, &|| error("it failed"));
    let Poll::Ready(Err(err)) = ready.as_mut().poll(&mut context) else {
        panic!("not ready with an error");
    };
    assert_eq!(err.to_string(), "waiting for a device: it failed");
    // A panic of who is told stays here, and what is never told is freed.
    let event = std::ptr::NonNull::new(new_event(&Shared::default())).unwrap();
    // SAFETY: made here, and given away.
    drop(unsafe { Event::new(client.api(), event) });
    let event = std::ptr::NonNull::new(new_event(&shared)).unwrap();
    // SAFETY: made here, and given away.
    let event = unsafe { Event::new(client.api(), event) };
    assert!(event.on_ready(|_| panic!("told")).is_ok());
    drop(event);
    assert_eq!(left(), [0; 4]);
}
