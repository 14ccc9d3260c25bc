//! Arrays to a device and back: real NumPy's files, of every dtype, order and shape.

use std::fs;

use npload_pjrt::npload::{Array, DType, LoadOptions, Npy, Number, Order};
use npload_pjrt::{Device, ErrorKind, Placement};

use crate::here::{array, device, shifted, testdata};

/// Whether devices have this dtype.
fn is_shared(dtype: &DType, minor: i32) -> bool {
    let DType::Number(number, _) = dtype else {
        return false;
    };
    match number {
        Number::LongDouble | Number::CLongDouble | Number::Complex32 | Number::BComplex32 => false,
        Number::Float6E2M3Fn | Number::Float6E3M2Fn => false,
        Number::Int1 | Number::UInt1 => minor >= 94,
        _ => true,
    }
}

/// Its elements as a device has them: in C order; bools are 0 and 1, and of elements of a few bits the rest
/// of their byte does not count.
fn elements(array: &Array) -> Vec<u8> {
    let dense = array.to_dense().unwrap();
    let mut bytes = dense.to_bytes().unwrap();
    let DType::Number(number, _) = array.dtype() else {
        return bytes;
    };
    let (bits, signed) = match number {
        Number::Bool => {
            bytes
                .iter_mut()
                .for_each(|byte| *byte = u8::from(*byte != 0));
            return bytes;
        }
        Number::Int4 => (4, true),
        Number::UInt4 | Number::Float4E2M1Fn => (4, false),
        Number::Int2 => (2, true),
        Number::UInt2 => (2, false),
        Number::Int1 => (1, true),
        Number::UInt1 => (1, false),
        _ => return bytes,
    };
    let unused = 8 - bits;
    for byte in &mut bytes {
        *byte = match signed {
            true => (((*byte << unused) as i8) >> unused) as u8,
            false => (*byte << unused) >> unused,
        };
    }
    bytes
}

fn check(array: &Array, device: &Device, name: &str) {
    let there = device
        .put(array)
        .unwrap_or_else(|err| panic!("{name}: {err}"));
    assert_eq!(there.shape(), array.shape(), "{name}");
    assert_eq!(
        there.dtype().to_string(),
        array.to_native().unwrap().dtype().to_string()
    );
    assert_eq!(
        (there.ndim(), there.size(), there.nbytes()),
        (array.ndim(), array.size(), array.nbytes())
    );
    assert_eq!(there.device(), device);
    let back = there
        .to_host()
        .unwrap_or_else(|err| panic!("{name}: {err}"));
    assert_eq!(
        (back.shape(), back.dtype()),
        (there.shape(), there.dtype()),
        "{name}"
    );
    assert_eq!(back.to_bytes().unwrap(), elements(array), "{name}");
}

#[test]
fn every_file_of_numpys_comes_back_as_it_was_or_is_refused_by_its_dtype() {
    let Some(device) = device() else { return };
    let minor = device.client().plugin().version().1;
    let (mut same, mut refused) = (0, 0);
    for entry in fs::read_dir(testdata().join("npy")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let options = LoadOptions::new();
        let Ok(array) = options
            .load(&path)
            .and_then(npload_pjrt::npload::Loaded::into_array)
        else {
            continue;
        };
        let npy = Npy::open(&path).unwrap();
        if name.starts_with("empty-shape") {
            let err = device.put(&array).unwrap_err();
            assert_eq!(err.kind(), ErrorKind::Argument, "{name}: {err}");
            assert!(err.to_string().contains("too large for a device"), "{err}");
            continue;
        }
        if is_shared(array.dtype(), minor) {
            check(&array, &device, &name);
            let lazy = device
                .put(&npy)
                .unwrap_or_else(|err| panic!("{name}: {err}"));
            assert_eq!(lazy.shape(), array.shape(), "{name}");
            assert_eq!(
                lazy.to_host().unwrap().to_bytes().unwrap(),
                elements(&array),
                "{name}"
            );
            same += 1;
        } else {
            for err in [
                device.put(&array).unwrap_err(),
                device.put(&npy).unwrap_err(),
            ] {
                assert_eq!(err.kind(), ErrorKind::Type, "{name}: {err}");
                let text = err.to_string();
                let dtype = array.dtype().to_string();
                assert!(
                    text.contains(&format!("{dtype} is no type that devices have")),
                    "{text}"
                );
            }
            refused += 1;
        }
    }
    assert!(same > 150 && refused > 100, "{same} {refused}");
}

#[test]
fn every_type_that_both_have_comes_back_from_every_layout() {
    let Some(device) = device() else { return };
    let minor = device.client().plugin().version().1;
    for name in [
        "bool",
        "int8",
        "int16",
        "int32",
        "int64",
        "uint8",
        "uint16",
        "uint32",
        "uint64",
        "float16",
        "float32",
        "float64",
        "complex64",
        "complex128",
        "bfloat16",
        "float8_e5m2",
        "float8_e4m3fn",
        "float8_e4m3b11fnuz",
        "float8_e5m2fnuz",
        "float8_e4m3fnuz",
        "float8_e4m3",
        "float8_e3m4",
        "float8_e8m0fnu",
        "float4_e2m1fn",
        "int4",
        "uint4",
        "int2",
        "uint2",
        "int1",
        "uint1",
    ] {
        let dtype = DType::parse(name).unwrap();
        if !is_shared(&dtype, minor) {
            let err = device.put(&array(name, &[3], Order::C)).unwrap_err();
            assert!(
                err.to_string()
                    .contains("from 0.94 on, and this one has 0.81"),
                "{err}"
            );
            continue;
        }
        for order in [Order::C, Order::F] {
            check(&array(name, &[5, 7, 3], order), &device, name);
            check(&array(name, &[], order), &device, name);
            check(&array(name, &[0, 3], order), &device, name);
            check(&array(name, &[1000], order), &device, name);
        }
        check(&shifted(&array(name, &[4, 5], Order::C), 16), &device, name);
        let strided = array(name, &[6, 8], Order::C);
        let strided = strided
            .slice(npload_pjrt::npload::s![..;-1, 1..;2])
            .unwrap();
        check(&strided, &device, name);
        let big = format!(">{}", dtype.to_string().trim_start_matches('|'));
        if let Ok(swapped) = DType::parse(&big) {
            check(
                &array(&swapped.to_string(), &[4, 3], Order::F),
                &device,
                name,
            );
        }
    }
}

#[test]
fn integers_of_64_bits_are_never_narrowed() {
    let Some(device) = device() else { return };
    let values = [i64::MAX, i64::MIN, 1 << 40, -1];
    let bytes: Vec<u8> = values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    let dtype = DType::parse("<i8").unwrap();
    let array = Array::from_bytes(dtype, &[4], Order::C, bytes.into()).unwrap();
    let back = device.put(&array).unwrap().to_host().unwrap();
    assert_eq!(
        back.to_ndarray::<i64>().unwrap().as_slice().unwrap(),
        values
    );
}

#[test]
fn bools_other_than_0_and_1_become_1() {
    let Some(device) = device() else { return };
    let path = testdata().join("npy/b1-bytes-other-than-0-and-1.npy");
    let array = npload_pjrt::npload::load(path)
        .unwrap()
        .into_array()
        .unwrap();
    assert!(array.to_bytes().unwrap().iter().any(|&byte| byte > 1));
    let there = device.put(&array).unwrap();
    assert!(!there.is_zero_copy());
    let back = there.to_host().unwrap();
    assert_eq!(back.to_bytes().unwrap(), elements(&array));
    let err = device
        .put_with(&array, Placement::RequireZeroCopy)
        .unwrap_err();
    assert!(err.to_string().contains("neither 0 nor 1"), "{err}");
}
