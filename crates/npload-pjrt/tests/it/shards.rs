//! Arrays over eight devices.

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use npload_pjrt::npload::{
    Array, Compression, Index, LoadOptions, Npy, Npz, Order, ReadAt, SaveOptions, Selection, save,
};
use npload_pjrt::{Client, ErrorKind, Partition, Sharded, put_sharded};

use crate::here::{array, client, floats, new_client};

fn part(array: &Array, index: &[Range<usize>]) -> Array {
    let slice = |range: &Range<usize>| Index::Slice {
        start: Some(range.start as isize),
        stop: Some(range.end as isize),
        step: 1,
    };
    array
        .slice(Selection::new(index.iter().map(slice).collect()))
        .unwrap()
}

fn check(sharded: &Sharded, array: &Array, client: &Client) {
    assert_eq!(sharded.shape(), array.shape());
    assert_eq!(
        sharded.dtype().to_string(),
        array.to_native().unwrap().dtype().to_string()
    );
    sharded.wait().unwrap();
    assert_eq!(sharded.shards().len(), client.devices().len());
    for (shard, device) in sharded.shards().iter().zip(client.devices()) {
        assert_eq!(shard.array().device(), &device);
        let expected = part(array, shard.index());
        assert_eq!(shard.array().shape(), expected.shape());
        let back = shard.array().to_host().unwrap();
        assert_eq!(
            back.to_bytes().unwrap(),
            expected.to_dense().unwrap().to_bytes().unwrap()
        );
    }
}

#[test]
fn every_source_is_cut_every_way() {
    let Some(client) = client() else { return };
    let devices = client.devices();
    let folder = tempfile::tempdir().unwrap();
    for dtype in ["<f4", ">f8", "u1", ">c16", "bfloat16", "int4"] {
        for order in [Order::C, Order::F] {
            let mut array = array(dtype, &[16, 24, 3], order);
            if dtype == "int4" {
                // What a byte may hold.
                array
                    .bytes_mut()
                    .unwrap()
                    .iter_mut()
                    .for_each(|byte| *byte = (*byte << 4).cast_signed().wrapping_shr(4) as u8 & 7);
            }
            let path = folder.path().join("x.npy");
            save(&path, &array).unwrap();
            let npy = Npy::open(&path).unwrap();
            let archives = [Compression::Stored, Compression::Deflate(1)].map(|compression| {
                let path = folder
                    .path()
                    .join(format!("{compression:?}.npz").replace(['(', ')'], "-"));
                SaveOptions::new()
                    .compression(compression)
                    .savez(&path, [("w", &array)])
                    .unwrap();
                Npz::open(path).unwrap()
            });
            for partition in [
                Partition::rows(),
                Partition::columns(),
                Partition::blocks(&[2, 4]),
                Partition::blocks(&[4, 2, 1]),
            ] {
                check(
                    &put_sharded(&array, &devices, &partition).unwrap(),
                    &array,
                    &client,
                );
                let lazy = put_sharded(&npy, &devices, &partition).unwrap();
                check(&lazy, &array, &client);
                // What was read for a device is not copied after that.
                let zero_copy = lazy
                    .shards()
                    .iter()
                    .all(|shard| shard.array().is_zero_copy());
                assert_eq!(zero_copy, dtype != "int4");
                for npz in &archives {
                    check(
                        &put_sharded((npz, "w"), &devices, &partition).unwrap(),
                        &array,
                        &client,
                    );
                }
            }
        }
    }
}

#[test]
fn rows_of_an_array_in_memory_are_used_where_they_are() {
    let Some(client) = client() else { return };
    let floats = floats(&[16, 32]);
    let sharded = put_sharded(&floats, &client.devices(), &Partition::rows()).unwrap();
    assert!(
        sharded
            .shards()
            .iter()
            .all(|shard| shard.array().is_zero_copy())
    );
    let columns = put_sharded(&floats, &client.devices(), &Partition::columns()).unwrap();
    assert!(
        columns
            .shards()
            .iter()
            .all(|shard| !shard.array().is_zero_copy())
    );
    assert_eq!(
        columns.into_shards().remove(7).into_array().shape(),
        [16, 4]
    );
}

/// A file that counts what is read of it.
struct Counting(Vec<u8>, Arc<AtomicU64>);

impl ReadAt for Counting {
    fn len(&self) -> io::Result<u64> {
        ReadAt::len(&self.0)
    }

    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        self.1.fetch_add(buf.len() as u64, Ordering::Relaxed);
        self.0.read_exact_at(buf, offset)
    }
}

#[test]
fn a_file_is_read_once_for_all_devices() {
    let Some(client) = client() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npy");
    let floats = floats(&[1024, 512]);
    save(&path, &floats).unwrap();
    for partition in [
        Partition::rows(),
        Partition::columns(),
        Partition::blocks(&[4, 2]),
    ] {
        let read = Arc::new(AtomicU64::new(0));
        let source = Counting(std::fs::read(&path).unwrap(), read.clone());
        let npy = LoadOptions::new().open_npy_in(source).unwrap();
        let before = read.load(Ordering::Relaxed);
        let sharded = put_sharded(&npy, &client.devices(), &partition).unwrap();
        assert_eq!(
            read.load(Ordering::Relaxed) - before,
            floats.nbytes() as u64
        );
        check(&sharded, &floats, &client);
    }
}

#[test]
fn shards_that_cannot_be_are_refused() {
    let Some(client) = client() else { return };
    let floats = floats(&[10, 8]);
    let err = put_sharded(&floats, &client.devices(), &Partition::rows()).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::Argument);
    assert!(
        err.to_string()
            .contains("10 elements, which are not 8 equal parts"),
        "{err}"
    );
    let mut mixed = client.devices();
    mixed[7] = new_client().unwrap().device(7).unwrap();
    let err = put_sharded(&floats, &mixed, &Partition::columns()).unwrap_err();
    assert!(
        err.to_string().contains("devices are of several clients"),
        "{err}"
    );
    let err = put_sharded(&floats, &[], &Partition::rows()).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::Argument);
    let text = array("S3", &[8], Order::C);
    let err = put_sharded(&text, &client.devices(), &Partition::rows()).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::Type);
}
