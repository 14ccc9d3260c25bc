//! Arrays in hand: typed views and copies, slices, fields, elements.
#![cfg(feature = "ndarray")]

use half::{bf16, f16};
use npload::ndarray::{Ix1, Ix2, array};
use npload::{Array, Buffer, DType, ErrorKind, Order, Selection, Value, load, s};
use num_complex::Complex;

use crate::files::testdata;

fn array_of(dtype: &str, shape: &[usize], order: Order, bytes: &[u8]) -> Array {
    let mut aligned = npload::AlignedBuf::zeroed(bytes.len()).unwrap();
    aligned.copy_from_slice(bytes);
    Array::from_bytes(DType::parse(dtype).unwrap(), shape, order, aligned.into()).unwrap()
}

fn ints(order: Order) -> Array {
    let bytes: Vec<u8> = (0..6_i32).flat_map(i32::to_ne_bytes).collect();
    array_of("i4", &[2, 3], order, &bytes)
}

#[test]
fn views_borrow_in_the_shape_and_order_that_is_there() {
    let c = ints(Order::C);
    assert_eq!(
        c.view::<i32>().unwrap(),
        array![[0, 1, 2], [3, 4, 5]].into_dyn()
    );
    let f = ints(Order::F);
    assert_eq!(
        f.view_dim::<i32, Ix2>().unwrap(),
        array![[0, 2, 4], [1, 3, 5]]
    );
    assert_eq!(
        f.view::<i32>().unwrap().as_ptr().cast(),
        f.contiguous_bytes(Order::F).unwrap().as_ptr()
    );
    let owned = f.to_ndarray_dim::<i32, Ix2>().unwrap();
    assert_eq!(owned, array![[0, 2, 4], [1, 3, 5]]);
    assert!(!owned.is_standard_layout(), "Fortran order stays");
    assert_eq!(
        c.view_dim::<i32, Ix1>().unwrap_err().kind(),
        ErrorKind::Shape
    );
}

#[test]
fn views_of_slices_follow_every_step() {
    let whole = ints(Order::C);
    let view = whole.view_dim::<i32, Ix2>().unwrap();
    for (selection, expected) in [
        (
            Selection::from(s![.., ..;-1]),
            view.slice(s![.., ..;-1]).into_dyn(),
        ),
        (s![1, ..;2].into(), view.slice(s![1, ..;2]).into_dyn()),
        (s![..;-1, 1..].into(), view.slice(s![..;-1, 1..]).into_dyn()),
        (s![.., 1..1].into(), view.slice(s![.., 1..1]).into_dyn()),
    ] {
        let sliced = whole.slice(selection.clone()).unwrap();
        assert_eq!(sliced.view::<i32>().unwrap(), expected, "{selection}");
        assert_eq!(sliced.to_ndarray::<i32>().unwrap(), expected, "{selection}");
    }
    let all: Selection = "None, ..., 0".parse().unwrap();
    assert_eq!(
        whole.slice(all).unwrap().view::<i32>().unwrap(),
        array![[0, 3]].into_dyn()
    );
}

#[test]
fn numbers_are_never_converted_and_the_other_byte_order_is_copied() {
    let big = array_of(">f4", &[2], Order::C, &[0x3f, 0x80, 0, 0, 0xc0, 0, 0, 0]);
    let err = big.view::<f32>().unwrap_err();
    assert_eq!(err.kind(), ErrorKind::View);
    assert!(
        err.message().contains(">f4") && err.message().contains("to_ndarray"),
        "{err}"
    );
    assert_eq!(
        big.to_ndarray::<f32>().unwrap(),
        array![1.0, -2.0].into_dyn()
    );
    assert_eq!(
        big.to_native().unwrap().view::<f32>().unwrap(),
        array![1.0, -2.0].into_dyn()
    );
    for err in [
        big.view::<f64>().unwrap_err(),
        big.to_ndarray::<f64>().unwrap_err(),
    ] {
        assert_eq!(err.kind(), ErrorKind::Type);
        assert!(
            err.message().contains(">f4") && err.message().contains("f64"),
            "{err}"
        );
    }
}

#[test]
fn bools_are_checked_before_they_are_borrowed() {
    let good = array_of("?", &[3], Order::C, &[0, 1, 1]);
    assert_eq!(
        good.view::<bool>().unwrap(),
        array![false, true, true].into_dyn()
    );
    let odd = array_of("?", &[3], Order::C, &[0, 2, 255]);
    assert_eq!(odd.view::<bool>().unwrap_err().kind(), ErrorKind::View);
    assert_eq!(
        odd.to_ndarray::<bool>().unwrap(),
        array![false, true, true].into_dyn()
    );
    assert_eq!(odd.to_bytes().unwrap(), [0, 2, 255], "the bytes are kept");
}

#[test]
fn halves_complex_dates_and_ml_bytes_have_their_types() {
    let half = array_of("f2", &[1], Order::C, &f16::from_f32(1.5).to_ne_bytes());
    assert_eq!(half.view::<f16>().unwrap()[0], f16::from_f32(1.5));
    let brain = array_of(
        "bfloat16",
        &[1],
        Order::C,
        &bf16::from_f32(-2.0).to_ne_bytes(),
    );
    assert_eq!(brain.to_ndarray::<bf16>().unwrap()[0], bf16::from_f32(-2.0));
    assert_eq!(half.view::<bf16>().unwrap_err().kind(), ErrorKind::Type);
    let bytes = [1.0_f64.to_be_bytes(), 2.0_f64.to_be_bytes()].concat();
    let complex = array_of(">c16", &[1], Order::C, &bytes);
    assert_eq!(
        complex.to_ndarray::<Complex<f64>>().unwrap()[0],
        Complex::new(1.0, 2.0)
    );
    let date = array_of("M8[s]", &[1], Order::C, &7_i64.to_ne_bytes());
    assert_eq!(date.view::<i64>().unwrap()[0], 7);
    let tiny = array_of("float8_e5m2", &[2], Order::C, &[0x3c, 0x40]);
    assert_eq!(tiny.view::<u8>().unwrap(), array![0x3c, 0x40].into_dyn());
    let void = array_of("V1", &[1], Order::C, &[1]);
    assert_eq!(void.view::<u8>().unwrap_err().kind(), ErrorKind::Type);
}

#[test]
fn fields_are_views_and_packed_ones_are_copied() {
    let bytes = [&[9, 1, 0, 0, 0, b'x'][..], &[8, 2, 0, 0, 0, b'y']].concat();
    let table = array_of("u1,<i4,S1", &[2], Order::C, &bytes);
    let second = table.field("f1").unwrap();
    assert_eq!(second.strides(), [6]);
    assert_eq!(
        second.view::<i32>().unwrap_err().kind(),
        ErrorKind::View,
        "misaligned"
    );
    assert_eq!(second.to_ndarray::<i32>().unwrap(), array![1, 2].into_dyn());
    assert_eq!(table.field("f2").unwrap().to_string(), "[b'x' b'y']");
    let err = table.field("nope").unwrap_err();
    assert!(
        err.message().contains("f0") && err.kind() == ErrorKind::Argument,
        "{err}"
    );
    let nested = array_of(
        "(2,2)u1,u1",
        &[2],
        Order::C,
        &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    );
    let inner = nested.field("f0").unwrap();
    assert_eq!(inner.shape(), [2, 2, 2]);
    assert_eq!(inner.to_bytes().unwrap(), [1, 2, 3, 4, 6, 7, 8, 9]);
}

#[test]
fn elements_are_values_and_indices_are_checked() {
    let array = ints(Order::F);
    assert_eq!(array.get(&[1, 2]).unwrap(), Value::Int(5));
    assert_eq!(array.get(&[0, 1]).unwrap().as_i64(), Some(2));
    for (index, message) in [
        (
            &[2, 0][..],
            "index 2 is out of bounds for axis 0 with size 2",
        ),
        (
            &[0],
            "an index of 1 numbers for an element of a 2-dimensional array",
        ),
    ] {
        let err = array.get(index).unwrap_err();
        assert_eq!((err.kind(), err.message()), (ErrorKind::Index, message));
    }
    let all: Vec<_> = array
        .iter()
        .map(|value| value.unwrap().as_i64().unwrap())
        .collect();
    assert_eq!(all, [0, 2, 4, 1, 3, 5]);
}

#[test]
fn writing_is_private_unless_the_memory_is_unshared() {
    let mut array = ints(Order::C);
    let copy = array.clone();
    array.bytes_mut().unwrap()[0] = 9;
    assert_eq!(array.get(&[0, 0]).unwrap(), Value::Int(9));
    assert_eq!(copy.get(&[0, 0]).unwrap(), Value::Int(0));
    let before = array.buffer().0.as_ptr();
    array.bytes_mut().unwrap()[0] = 8;
    assert_eq!(
        array.buffer().0.as_ptr(),
        before,
        "memory of its own is written in place"
    );
    let mut reversed = ints(Order::C).slice(s![..;-1, ..]).unwrap();
    reversed.bytes_mut().unwrap();
    assert_eq!(reversed.to_string(), "[[3 4 5]\n [0 1 2]]");
}

#[test]
fn bytes_that_do_not_fit_make_no_array() {
    let make = |shape: &[usize], len| {
        Array::from_bytes(
            DType::parse("<f8").unwrap(),
            shape,
            Order::C,
            Buffer::from(vec![0; len]),
        )
    };
    assert_eq!(make(&[2], 15).unwrap_err().kind(), ErrorKind::Truncated);
    assert_eq!(
        make(&[usize::MAX, 2], 15).unwrap_err().kind(),
        ErrorKind::Shape
    );
    assert_eq!(make(&[2], 17).unwrap().nbytes(), 16);
}

#[test]
fn an_array_of_no_elements_and_enormous_axes_is_as_cheap_as_any() {
    let path = testdata().join("npy/empty-shape-4294967296x4294967296x0.npy");
    let array = load(path).unwrap().into_array().unwrap();
    assert_eq!(array.shape(), [1 << 32, 1 << 32, 0]);
    assert_eq!(
        (array.size(), array.nbytes(), array.to_string().as_str()),
        (0, 0, "[]")
    );
    assert_eq!(array.iter().count(), 0);
    assert!(array.to_bytes().unwrap().is_empty());
    assert_eq!(array.slice(s![5, .., ..]).unwrap().shape(), [1 << 32, 0]);
    assert!(
        array
            .repr()
            .starts_with("array([], shape=(4294967296, 4294967296, 0)")
    );
}

#[test]
fn data_of_every_member_is_64_byte_aligned_whatever_the_header() {
    for file in [
        "npz/header-lengths.npz",
        "npz/savez-compressed.npz",
        "npz/method-each-in-one.npz",
    ] {
        let npz = npload::Npz::open(testdata().join(file)).unwrap();
        let all = npz.load_all().unwrap();
        let one_by_one = npz.keys().map(|key| (key, npz.member(key).unwrap()));
        for (key, member) in all.into_iter().chain(one_by_one.collect::<Vec<_>>()) {
            let Ok(array) = member.into_array() else {
                continue;
            };
            let (buffer, offset) = array.buffer();
            let address = buffer.as_ptr().addr() + offset;
            assert!(
                address.is_multiple_of(64) || array.nbytes() == 0,
                "{file} {key}"
            );
        }
    }
}
