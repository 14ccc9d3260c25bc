//! Any bytes print, in any dtype; what is too much does not.

use npload_buffer::Buffer;
use proptest::prelude::*;

use super::*;
use crate::Selection;
use crate::array::{Axes, Order};
use crate::dtype::{ByteOrder, DType, Field, Number, Struct, Subarray, TimeBase, TimeUnit};

fn array(dtype: DType, shape: &[usize], data: Vec<u8>) -> Array {
    let shape = Axes::from_slice(shape);
    Array::over(dtype, shape, Order::C, Buffer::from(data))
}

fn dtypes() -> impl Strategy<Value = DType> {
    let order = prop_oneof![Just(ByteOrder::Little), Just(ByteOrder::Big)];
    let numbers = prop::sample::select(Number::all().collect::<Vec<_>>());
    let bases = prop::sample::select(vec![
        TimeBase::Generic,
        TimeBase::Year,
        TimeBase::Month,
        TimeBase::Week,
        TimeBase::Day,
        TimeBase::Hour,
        TimeBase::Second,
        TimeBase::Nanosecond,
        TimeBase::Attosecond,
    ]);
    let units = (bases, 1..=i32::MAX).prop_map(|(base, count)| TimeUnit { base, count });
    let leaf = prop_oneof![
        8 => (numbers, order.clone()).prop_map(|(number, order)| DType::Number(number, order)),
        1 => (0..5_usize).prop_map(DType::Bytes),
        1 => (0..5_usize).prop_map(DType::Void),
        2 => (0..5_usize, order.clone()).prop_map(|(len, order)| DType::Str(len, order)),
        1 => (units.clone(), order.clone()).prop_map(|(unit, order)| DType::DateTime(unit, order)),
        1 => (units, order).prop_map(|(unit, order)| DType::TimeDelta(unit, order)),
        1 => Just(DType::Object),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let shape = prop::collection::vec(0..4_usize, 1..3);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(packed),
            (inner, shape)
                .prop_map(|(base, shape)| DType::Subarray(Subarray { base, shape }.into())),
        ]
    })
}

fn packed(dtypes: Vec<DType>) -> DType {
    let mut offset = 0;
    let fields = (0..).zip(dtypes).map(|(i, dtype)| {
        let start = offset;
        offset += dtype.itemsize();
        Field {
            name: format!("f{i}"),
            title: None,
            dtype,
            offset: start,
        }
    });
    let fields = fields.collect();
    DType::Struct(Struct::new(fields, offset, false).unwrap().into())
}

fn options() -> impl Strategy<Value = PrintOptions> {
    let size = || prop_oneof![0..20_usize, Just(usize::MAX)];
    let sizes = (size(), size(), size(), size(), any::<bool>());
    sizes.prop_map(
        |(precision, threshold, edgeitems, linewidth, suppress)| PrintOptions {
            precision,
            threshold,
            edgeitems,
            linewidth,
            suppress,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_bytes_print_in_any_dtype(
        dtype in dtypes(),
        shape in prop::collection::vec(0..5_usize, 0..4),
        options in options(),
        seed in prop::collection::vec(any::<u8>(), 1..200),
    ) {
        let len = shape.iter().product::<usize>() * dtype.itemsize();
        let data = seed.into_iter().cycle().take(len).collect();
        let array = array(dtype, &shape, data);
        let brackets = if shape.is_empty() { "" } else { "[" };
        prop_assert!(array.format(&options).starts_with(brackets));
        prop_assert!(array.format_repr(&options).starts_with("array("));
    }
}

#[test]
fn millions_of_empty_elements_are_not_shown() {
    let text = array(DType::Bytes(0), &[6; 32], Vec::new()).to_string();
    assert_eq!(text, "[...]");
    let few = array(DType::Bytes(0), &[1_000_000_000], Vec::new());
    assert_eq!(few.to_string(), "[b'' b'' b'' ... b'' b'' b'']");
}

#[test]
fn objects_are_not_shown() {
    let objects = array(DType::Object, &[2], vec![0; 2 * size_of::<usize>()]);
    assert_eq!(objects.to_string(), "[...]");
    assert_eq!(objects.repr(), "array([...], dtype=object)");
}

#[test]
fn views_print_what_they_see() {
    let whole = array(DType::parse("u1").unwrap(), &[2, 3], (0..6).collect());
    let reversed = whole
        .slice("::-1, ::-1".parse::<Selection>().unwrap())
        .unwrap();
    assert_eq!(reversed.to_string(), "[[5 4 3]\n [2 1 0]]");
}

#[test]
fn edges_of_another_shape_are_refused() {
    let part = array(DType::parse("u1").unwrap(), &[6], (0..6).collect());
    let options = PrintOptions::default();
    let text = part.format_edges(&[2000], &options).unwrap();
    assert_eq!(text, "[0 1 2 ... 3 4 5]");
    let err = part.format_edges(&[6, 1], &options).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::Shape);
    assert_eq!(
        err.message(),
        "the edges of an array of shape (6, 1) have shape (6, 1), got (6,)"
    );
}

#[test]
fn debug_is_short() {
    let large = array(DType::parse("f4").unwrap(), &[2, 3], vec![0; 24]);
    assert_eq!(format!("{large:?}"), "Array(float32, shape (2, 3))");
}

#[test]
fn billions_of_lists_without_elements_are_not_shown() {
    let dtype = DType::parse("S0,(1000000000,0)f4").unwrap();
    for shape in [&[][..], &[1], &[1_000_000]] {
        let array = array(dtype.clone(), shape, Vec::new());
        assert_eq!(array.to_string(), "[...]");
        assert!(array.repr().starts_with("array([...],"), "{shape:?}");
        assert_eq!(
            array.iter().next().unwrap().unwrap_err().kind(),
            crate::ErrorKind::Limit
        );
    }
}

#[test]
fn options_count_for_complex_fields_of_a_struct_alone() {
    // print(np.array((1.23456789+2e-9j, 1.23456789), 'c16,f8')) with NumPy 2.5.
    let bytes = [1.23456789, 2e-9, 1.23456789_f64]
        .map(f64::to_le_bytes)
        .concat();
    let array = array(DType::parse("c16,f8").unwrap(), &[], bytes);
    let options = PrintOptions {
        precision: 3,
        ..PrintOptions::default()
    };
    assert_eq!(array.format(&options), "(1.235+2.e-09j, 1.23456789)");
    let suppress = true;
    let options = PrintOptions {
        suppress,
        ..options
    };
    assert_eq!(array.format(&options), "(1.235+0.j, 1.23456789)");
    let precision = 8;
    let options = PrintOptions {
        precision,
        ..options
    };
    assert_eq!(array.format(&options), "(1.23456789+0.j, 1.23456789)");
}

#[test]
fn without_edgeitems_the_last_element_stands_behind_dots() {
    // np.set_printoptions(edgeitems=0, threshold=2) with NumPy 2.5.
    let options = PrintOptions {
        edgeitems: 0,
        threshold: 2,
        ..PrintOptions::default()
    };
    let bytes = || (0..100).collect::<Vec<u8>>();
    let of =
        |dtype: &str, shape: &[usize], bytes| array(DType::parse(dtype).unwrap(), shape, bytes);
    let line = of("u1", &[100], bytes());
    assert_eq!(line.format(&options), "[... 99]");
    assert_eq!(
        line.format_repr(&options),
        "array([..., 99], shape=(100,), dtype=uint8)"
    );
    assert_eq!(
        of("u1", &[10, 10], bytes()).format(&options),
        "[...\n [... 99]]"
    );
    assert_eq!(
        of("S0", &[3, 1], Vec::new()).format(&options),
        "[...\n [... b'']]"
    );
    let parts = of("u1,(3,)u1", &[5], vec![0; 20]);
    assert_eq!(parts.format(&options), "[... (0, [..., 0, 0, 0])]");
    assert_eq!(of("u1", &[2], vec![1, 2]).format(&options), "[1 2]");
}
