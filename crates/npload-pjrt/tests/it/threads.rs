//! Many threads on one client.

use npload_pjrt::npload::Order;
use npload_pjrt::{Client, Device, DeviceArray, Error, Plugin, Program, Ready, Sharded};

use crate::here::{array, floats, new_client, shifted, wait_until_nothing_lives};

#[test]
fn eight_threads_put_and_drop_a_thousand_arrays_each_and_nothing_is_left() {
    let Some(client) = new_client() else { return };
    let lent = floats(&[16, 16]);
    let copied = shifted(&lent, 4);
    let packed = array("int4", &[100], Order::C);
    let bytes = lent.to_bytes().unwrap();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (client, lent, copied, packed, bytes) = (&client, &lent, &copied, &packed, &bytes);
            scope.spawn(move || {
                let device = client.device(thread).unwrap();
                for i in 0..1000 {
                    let source = [lent, copied, packed][i % 3];
                    let there = device.put(source).unwrap();
                    if i % 50 == 0 {
                        assert_eq!(
                            &there.to_host().unwrap().to_bytes().unwrap()[..],
                            match i % 3 {
                                2 => there.to_host().unwrap().to_bytes().unwrap(),
                                _ => bytes.clone(),
                            }
                        );
                    }
                }
            });
        }
    });
    wait_until_nothing_lives(&client);
}

#[test]
fn an_array_is_used_by_several_threads_at_once() {
    let Some(client) = new_client() else { return };
    let there = client.device(0).unwrap().put(&floats(&[1000])).unwrap();
    let expected = floats(&[1000]).to_bytes().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..20 {
                    assert_eq!(there.to_host().unwrap().to_bytes().unwrap(), expected);
                }
            });
        }
    });
}

#[test]
fn everything_may_go_to_another_thread() {
    fn check<T: Send + Sync>() {}
    check::<Plugin>();
    check::<Client>();
    check::<Device>();
    check::<DeviceArray>();
    check::<Program>();
    check::<Sharded>();
    check::<Ready>();
    check::<Error>();
}
