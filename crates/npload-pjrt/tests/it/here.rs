//! The plugin of this run, and arrays.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use npload_pjrt::npload::{AlignedBuf, Array, Buffer, DType, Order};
use npload_pjrt::{Client, ClientOptions, Device, Live, Plugin};

/// The plugin of this run. Without one it is said that the test is skipped, and why.
pub(crate) fn plugin() -> Option<Plugin> {
    if std::env::var_os("PJRT_PLUGIN_PATH").is_none_or(|path| path.is_empty()) {
        println!("skipped: PJRT_PLUGIN_PATH names no plugin (scripts/test has two)");
        return None;
    }
    Some(Plugin::find().expect("the plugin that PJRT_PLUGIN_PATH names"))
}

/// A client of its own with eight devices.
pub(crate) fn new_client() -> Option<Client> {
    let options = ClientOptions::new().set("cpu_device_count", 8);
    Some(plugin()?.client_with(&options).unwrap())
}

/// A client with eight devices, the same for all tests that do not count what it has.
pub(crate) fn client() -> Option<Client> {
    static CLIENT: OnceLock<Option<Client>> = OnceLock::new();
    // So that every test says that it is skipped.
    plugin()?;
    CLIENT.get_or_init(new_client).clone()
}

/// One of its devices.
pub(crate) fn device() -> Option<Device> {
    Some(client()?.device(0).unwrap())
}

pub(crate) fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata")
}

/// An array of this dtype and shape over memory at a 64-byte boundary: bytes that count, 0 and 1 for bools.
pub(crate) fn array(dtype: &str, shape: &[usize], order: Order) -> Array {
    let dtype = DType::parse(dtype).unwrap();
    let nbytes = shape.iter().product::<usize>() * dtype.itemsize();
    let mut memory = AlignedBuf::zeroed(nbytes).unwrap();
    let most = if dtype.kind() == 'b' { 2 } else { 251 };
    for (i, byte) in memory.iter_mut().enumerate() {
        *byte = (i % most) as u8;
    }
    Array::from_bytes(dtype, shape, order, memory.into()).unwrap()
}

/// The same elements so many bytes behind a boundary.
pub(crate) fn shifted(array: &Array, by: usize) -> Array {
    let bytes = array.to_bytes().unwrap();
    let mut memory = AlignedBuf::zeroed(bytes.len() + by).unwrap();
    memory[by..].copy_from_slice(&bytes);
    let memory = Buffer::from(memory).slice(by..);
    Array::from_bytes(array.dtype().clone(), array.shape(), Order::C, memory).unwrap()
}

/// Floats 0, 1, 2, ….
pub(crate) fn floats(shape: &[usize]) -> Array {
    let size: usize = shape.iter().product();
    let mut memory = AlignedBuf::zeroed(4 * size).unwrap();
    for (i, place) in memory.chunks_exact_mut(4).enumerate() {
        place.copy_from_slice(&(i as f32).to_ne_bytes());
    }
    let dtype = DType::parse("f4").unwrap();
    Array::from_bytes(dtype, shape, Order::C, memory.into()).unwrap()
}

/// Waits until a client has nothing any more: plugins free memory on threads of their own.
pub(crate) fn wait_until_nothing_lives(client: &Client) {
    let start = Instant::now();
    while client.live() != Live::default() {
        let waited = start.elapsed();
        assert!(
            waited < Duration::from_secs(20),
            "still there: {:?}",
            client.live()
        );
        std::thread::sleep(Duration::from_millis(1));
    }
}
