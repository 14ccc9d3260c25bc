//! What lives how long: the host's memory, arrays, clients.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use npload_pjrt::npload::{AlignedBuf, Array, Buffer, DType, Order};
use npload_pjrt::{Live, Placement};

use crate::here::{floats, new_client, wait_until_nothing_lives};

/// Memory that counts when it is freed, and may panic then.
struct Owner {
    memory: AlignedBuf,
    freed: Arc<AtomicUsize>,
    panics: bool,
}

impl AsRef<[u8]> for Owner {
    fn as_ref(&self) -> &[u8] {
        &self.memory
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.freed.fetch_add(1, Ordering::SeqCst);
        assert!(!self.panics, "an owner that panics when it is dropped");
    }
}

fn owned(freed: &Arc<AtomicUsize>, panics: bool) -> Array {
    let mut memory = AlignedBuf::zeroed(4096).unwrap();
    memory.fill(7);
    let freed = freed.clone();
    let owner = Owner {
        memory,
        freed,
        panics,
    };
    // SAFETY: the memory of an AlignedBuf stays where it is.
    let buffer = unsafe { Buffer::from_owner(owner) };
    Array::from_bytes(DType::parse("u1").unwrap(), &[4096], Order::C, buffer).unwrap()
}

fn wait_for(count: &AtomicUsize, wanted: usize) {
    let start = Instant::now();
    while count.load(Ordering::SeqCst) != wanted {
        assert!(start.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn memory_is_kept_until_the_array_on_the_device_is_gone() {
    let Some(client) = new_client() else { return };
    let freed = Arc::new(AtomicUsize::new(0));
    let there = {
        let array = owned(&freed, false);
        client
            .device(3)
            .unwrap()
            .put_with(&array, Placement::RequireZeroCopy)
            .unwrap()
    };
    there.wait().unwrap();
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!(freed.load(Ordering::SeqCst), 0);
    let live = client.live();
    assert_eq!((live.arrays, live.host_memory), (1, 1));
    assert_eq!(there.to_host().unwrap().to_bytes().unwrap(), [7; 4096]);
    drop(there);
    wait_for(&freed, 1);
    wait_until_nothing_lives(&client);
}

#[test]
fn memory_that_was_copied_is_given_back_while_the_array_lives() {
    let Some(client) = new_client() else { return };
    let freed = Arc::new(AtomicUsize::new(0));
    let array = owned(&freed, false);
    let device = client.device(0).unwrap();
    let there = device.put_with(&array, Placement::Copy).unwrap();
    drop(array);
    wait_for(&freed, 1);
    assert_eq!(there.to_host().unwrap().to_bytes().unwrap(), [7; 4096]);
}

#[test]
fn changing_the_hosts_array_does_not_reach_the_device() {
    let Some(client) = new_client() else { return };
    let mut array = floats(&[32]);
    let before = array.to_bytes().unwrap();
    let there = client.device(0).unwrap().put(&array).unwrap();
    assert!(there.is_zero_copy());
    array.bytes_mut().unwrap().fill(255);
    assert_eq!(there.to_host().unwrap().to_bytes().unwrap(), before);
}

#[test]
fn an_owner_that_panics_does_not_take_the_plugin_along() {
    let Some(client) = new_client() else { return };
    let freed = Arc::new(AtomicUsize::new(0));
    let there = {
        let array = owned(&freed, true);
        client.device(0).unwrap().put(&array).unwrap()
    };
    drop(there);
    wait_for(&freed, 1);
    // It goes on working.
    let floats = floats(&[8]);
    let there = client.device(0).unwrap().put(&floats).unwrap();
    assert_eq!(
        there.to_host().unwrap().to_bytes().unwrap(),
        floats.to_bytes().unwrap()
    );
}

#[test]
fn arrays_outlive_the_handles_they_came_by() {
    let Some(client) = new_client() else { return };
    let floats = floats(&[64]);
    let device = client.device(5).unwrap();
    let there = device.put(&floats).unwrap();
    drop((client, device));
    let client = there.device().client().clone();
    assert_eq!(
        there.to_host().unwrap().to_bytes().unwrap(),
        floats.to_bytes().unwrap()
    );
    drop(there);
    wait_until_nothing_lives(&client);
    assert_eq!(client.live(), Live::default());
}

#[test]
fn the_last_array_ends_the_client() {
    let Some(client) = new_client() else { return };
    let there = client.device(0).unwrap().put(&floats(&[64])).unwrap();
    drop(client);
    drop(there);
}

#[test]
fn nothing_is_left_of_what_failed() {
    let Some(client) = new_client() else { return };
    let device = client.device(0).unwrap();
    assert!(
        device
            .put_with(
                &crate::here::array("f4", &[2, 2], Order::F),
                Placement::RequireZeroCopy
            )
            .is_err()
    );
    assert!(
        device
            .put(&crate::here::array("S3", &[2], Order::C))
            .is_err()
    );
    assert!(device.compile("no program").is_err());
    assert_eq!(client.live(), Live::default());
}
