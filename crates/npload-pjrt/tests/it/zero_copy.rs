//! Whether a device uses the host's memory, and what it says of that.

use npload_pjrt::npload::{LoadOptions, MmapMode, Npy, Order, SaveOptions, s, save};
use npload_pjrt::{ErrorKind, Placement};

use crate::here::{array, device, floats, shifted, testdata};

#[test]
fn aligned_memory_is_used_as_it_is() {
    let Some(device) = device() else { return };
    for dtype in ["f4", "u1", "f8", "c16", "bfloat16", "float8_e4m3fn", "?"] {
        let array = array(dtype, &[100, 30], Order::C);
        for placement in [Placement::Auto, Placement::RequireZeroCopy] {
            let there = device.put_with(&array, placement).unwrap();
            assert!(there.is_zero_copy(), "{dtype}");
            assert_eq!(
                there.to_host().unwrap().to_bytes().unwrap(),
                array.to_bytes().unwrap()
            );
        }
        let copied = device.put_with(&array, Placement::Copy).unwrap();
        assert!(!copied.is_zero_copy(), "{dtype}");
        assert_eq!(
            copied.to_host().unwrap().to_bytes().unwrap(),
            array.to_bytes().unwrap()
        );
    }
    // One element in Fortran order lies as in C order, and so does a row.
    assert!(
        device
            .put(&array("f4", &[1, 1], Order::F))
            .unwrap()
            .is_zero_copy()
    );
    assert!(
        device
            .put(&array("f4", &[1, 50], Order::F))
            .unwrap()
            .is_zero_copy()
    );
}

#[test]
fn every_boundary_but_64_bytes_means_one_copy() {
    let Some(device) = device() else { return };
    let floats = floats(&[50, 20]);
    for by in [4, 8, 16, 32, 48, 60] {
        let shifted = shifted(&floats, by);
        let there = device.put(&shifted).unwrap();
        assert!(!there.is_zero_copy(), "{by}");
        assert_eq!(
            there.to_host().unwrap().to_bytes().unwrap(),
            floats.to_bytes().unwrap()
        );
        let err = device
            .put_with(&shifted, Placement::RequireZeroCopy)
            .unwrap_err();
        assert_eq!(err.kind(), ErrorKind::Copy);
        let text = err.to_string();
        assert!(
            text.contains(&format!(
                "the memory lies {by} bytes behind a 64-byte boundary"
            )),
            "{text}"
        );
    }
    assert!(device.put(&shifted(&floats, 64)).unwrap().is_zero_copy());
    // A part that begins at a boundary is zero-copy again.
    let rows = floats.slice(s![16.., ..]).unwrap();
    assert!(
        device
            .put_with(&rows, Placement::RequireZeroCopy)
            .unwrap()
            .is_zero_copy()
    );
}

#[test]
fn what_must_be_copied_says_why() {
    let Some(device) = device() else { return };
    for (array, why) in [
        (
            array(">f4", &[4], Order::C),
            ">f4 is not in this machine's byte order",
        ),
        (
            array("f4", &[4, 5], Order::F),
            "not in C order without gaps (shape [4, 5], strides [4, 16] bytes)",
        ),
        (
            array("int4", &[4], Order::C),
            "int4 has 4 bits for each element on a device",
        ),
        (array("uint2", &[4], Order::C), "uint2 has 2 bits"),
    ] {
        assert!(!device.put(&array).unwrap().is_zero_copy(), "{why}");
        let err = device
            .put_with(&array, Placement::RequireZeroCopy)
            .unwrap_err();
        assert_eq!(err.kind(), ErrorKind::Copy);
        let text = err.to_string();
        assert!(
            text.contains(why) && text.contains("Placement::Auto copies it"),
            "{text}"
        );
    }
}

#[test]
fn an_array_of_no_bytes_is_never_copied() {
    let Some(device) = device() else { return };
    for array in [array("f4", &[0], Order::C), array(">f4", &[3, 0], Order::F)] {
        let there = device.put_with(&array, Placement::RequireZeroCopy).unwrap();
        assert!(there.is_zero_copy());
        assert_eq!(there.to_host().unwrap().shape(), array.shape());
    }
}

#[test]
fn a_mapped_file_is_used_as_it_is() {
    let Some(device) = device() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npy");
    let floats = floats(&[300, 1000]);
    save(&path, &floats).unwrap();
    // SAFETY: nobody else knows the file.
    let options = unsafe { LoadOptions::new().mmap_mode(MmapMode::Read) };
    let mapped = options.load(&path).unwrap().into_array().unwrap();
    assert!(mapped.is_mapped());
    let there = device
        .put_with(&mapped, Placement::RequireZeroCopy)
        .unwrap();
    drop(mapped);
    assert!(there.is_zero_copy());
    assert_eq!(
        there.to_host().unwrap().to_bytes().unwrap(),
        floats.to_bytes().unwrap()
    );
    // By the handle as well, in an archive too.
    let npy = options.open_npy(&path).unwrap();
    assert!(
        device
            .put_with(&npy, Placement::RequireZeroCopy)
            .unwrap()
            .is_zero_copy()
    );
    assert!(
        !device
            .put_with(&npy, Placement::Copy)
            .unwrap()
            .is_zero_copy()
    );
    let archive = folder.path().join("x.npz");
    SaveOptions::new()
        .savez(&archive, [("w", &floats)])
        .unwrap();
    let npz = options.open_npz(&archive).unwrap();
    assert!(
        device
            .put_with((&npz, "w"), Placement::RequireZeroCopy)
            .unwrap()
            .is_zero_copy()
    );
}

#[test]
fn what_is_read_for_a_device_is_not_copied_after_that() {
    let Some(device) = device() else { return };
    for name in ["f8-le-2d-c", "f8-le-2d-f", "f8-be-2d-c", "i2-be-2d-f"] {
        let npy = Npy::open(testdata().join(format!("npy/{name}.npy"))).unwrap();
        for placement in [Placement::RequireZeroCopy, Placement::Copy] {
            let there = device.put_with(&npy, placement).unwrap();
            assert!(there.is_zero_copy(), "{name}");
            let expected = npy.load().unwrap().to_dense().unwrap();
            assert_eq!(
                there.to_host().unwrap().to_bytes().unwrap(),
                expected.to_bytes().unwrap()
            );
        }
    }
}
