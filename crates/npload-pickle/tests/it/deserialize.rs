//! Objects as Rust values, by serde.

use std::collections::{BTreeMap, HashMap};

use npload_pickle::{DeserializeLimits, ErrorKind, Objects, Options};
use serde::Deserialize;

use crate::files::corpus;

#[derive(Debug, Deserialize, PartialEq)]
struct Model {
    name: String,
    weights: Vec<f64>,
    bias: Option<f32>,
    kind: Kind,
}

#[derive(Debug, Deserialize, PartialEq)]
enum Kind {
    Linear,
    Tree { depth: u8 },
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
#[expect(dead_code, reason = "made and looked at by nobody")]
enum Anything {
    Number(f64),
    List(Vec<Anything>),
}

#[test]
fn a_dict_or_an_instance_of_a_class_is_a_struct() {
    let dict = b"}(Vname\nVm\nVweights\n](K\x01G\x40\x04\0\0\0\0\0\0eVbias\nNVkind\n}VTree\n}Vdepth\nK\x03ssVmore\nNu";
    let expected = |kind| Model {
        name: "m".to_owned(),
        weights: vec![1.0, 2.5],
        bias: None,
        kind,
    };
    let plain = Objects::load([&dict[..], b"."].concat()).unwrap();
    let tree = Kind::Tree { depth: 3 };
    assert_eq!(plain.deserialize::<Model>().unwrap(), expected(tree));
    let instance = [b"cm\nModel\n)R", &dict[..], b"Vkind\nVLinear\nsb."].concat();
    let instance = Objects::load(instance).unwrap();
    assert_eq!(
        instance.deserialize::<Model>().unwrap(),
        expected(Kind::Linear)
    );
}

#[test]
fn errors_name_the_place_and_what_was_found() {
    let objects = Objects::load(b"}(Va\n](K\x01}Vb\nVx\nseVc\ncos\nsystem\n(Vls\ntRu.").unwrap();
    for (found, message) in [
        (
            objects.deserialize::<HashMap<String, Vec<i32>>>().map(drop),
            "['a'][1]: invalid type: map, expected i32",
        ),
        (
            objects
                .root_object()
                .entry("a")
                .unwrap()
                .item(1)
                .unwrap()
                .deserialize_within::<HashMap<String, i32>>(&DeserializeLimits::default())
                .map(drop),
            "['b']: invalid type: string \"x\", expected i32",
        ),
        (
            objects
                .root_object()
                .entry("c")
                .map(String::deserialize)
                .unwrap()
                .map(drop),
            "call that was not run cannot be a Rust value: os.system('ls')",
        ),
        (
            objects.deserialize::<HashMap<i32, ()>>().map(drop),
            "key ['a']: invalid type: string \"a\", expected i32",
        ),
    ] {
        let err = found.unwrap_err();
        assert_eq!(
            (err.kind(), err.to_string()),
            (ErrorKind::Convert, message.to_owned())
        );
    }
}

#[test]
fn cycles_and_depth_end_at_a_limit() {
    let deep = [&b"]".repeat(5000)[..], &b"a".repeat(4999), b"."].concat();
    for pickle in [&b"]q\x00h\x00a."[..], &deep] {
        let objects = Objects::load(pickle).unwrap();
        let limits = DeserializeLimits::default();
        let err = objects
            .root_object()
            .deserialize_within::<Nested>(&limits)
            .unwrap_err();
        assert_eq!(err.kind(), ErrorKind::Limit, "{err}");
        assert!(err.message().contains("max_depth"), "{err}");
        assert!(objects.deserialize::<Anything>().is_err());
        // What is not asked for is not looked at.
        objects.deserialize::<serde::de::IgnoredAny>().unwrap();
    }
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "made and looked at by nobody")]
struct Nested(Vec<Nested>);

#[test]
fn a_billion_laughs_end_at_a_limit() {
    let laughs = [&b")"[..], &b"2\x86".repeat(60), b"."].concat();
    let objects = Objects::load(laughs).unwrap();
    let err = objects.deserialize::<Nested>().unwrap_err();
    assert_eq!(err.kind(), ErrorKind::Limit, "{err}");
    assert!(err.message().contains("max_extra_work"), "{err}");
    // A long text, many times.
    let text = "x".repeat(10_000);
    let pickle = [
        format!("V{text}\np0\n0](").as_bytes(),
        &b"h\x00".repeat(10_000),
        b"e.",
    ]
    .concat();
    let objects = Objects::load(pickle).unwrap();
    let err = objects.deserialize::<Vec<String>>().unwrap_err();
    assert!(err.to_string().contains("max_extra_work"), "{err}");
}

#[test]
fn arrays_are_nested_sequences_in_any_order() {
    let array = |state: &[u8]| {
        let pickle = [
            b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85S'b'\ntR(K\x01K\x02K\x03\x86",
            state,
            b"tb.",
        ];
        Objects::load(pickle.concat()).unwrap()
    };
    let int16 = b"cnumpy\ndtype\n(S'i2'\nI00\nI01\ntR(I3\nS'>'\nNNNI-1\nI-1\nI0\ntb";
    let bytes = b"C\x0c\0\x01\0\x02\0\x03\0\x04\0\x05\xff\xff";
    let of = |order: &[u8]| array(&[&int16[..], order, bytes].concat());
    let rows: Vec<Vec<i16>> = of(b"\x89").deserialize().unwrap();
    assert_eq!(rows, [[1, 2, 3], [4, 5, -1]]);
    let rows: Vec<[i16; 3]> = of(b"\x88").deserialize().unwrap();
    assert_eq!(rows, [[1, 3, 5], [2, 4, -1]]);
    let err = of(b"\x89").deserialize::<Vec<Vec<u8>>>().unwrap_err();
    assert_eq!(
        err.to_string(),
        "[1][2]: invalid value: integer `-1`, expected u8"
    );
    let object = b"cnumpy\ndtype\n(S'O8'\nI00\nI01\ntR(I3\nS'|'\nNNNI-1\nI-1\nI63\ntb";
    let objects = array(&[&object[..], b"\x88](K\x01NVx\nK\x04K\x05K\x06e"].concat());
    let rows: Vec<(Option<u8>, Option<u8>, serde_json::Value)> = objects.deserialize().unwrap();
    assert_eq!(rows[0], (Some(1), None, "x".into()));
}

#[test]
fn dates_numbers_and_ids_are_texts_as_others_write_them() {
    for (pickle, text) in [
        (
            &b"cdatetime\ndate\n(C\x04\x07\xe8\x01\x02tR."[..],
            "2024-01-02",
        ),
        (
            b"cdatetime\ndatetime\n(C\x0a\x07\xe8\x01\x02\x03\x04\x05\0\0\x06tR.",
            "2024-01-02T03:04:05.000006",
        ),
        (b"cdecimal\nDecimal\n(V1.50\ntR.", "1.50"),
        (b"cfractions\nFraction\n(V1/3\ntR.", "1/3"),
    ] {
        assert_eq!(
            Objects::load(pickle)
                .unwrap()
                .deserialize::<String>()
                .unwrap(),
            text
        );
    }
    let complex = Objects::load(b"c__builtin__\ncomplex\n(F1.5\nF2\ntR.").unwrap();
    assert_eq!(complex.deserialize::<(f64, f64)>().unwrap(), (1.5, 2.0));
    let bytes = Objects::load(b"C\x02ab.").unwrap();
    assert_eq!(bytes.deserialize::<Vec<u8>>().unwrap(), b"ab");
    assert_eq!(bytes.deserialize::<&[u8]>().unwrap(), b"ab");
}

#[test]
fn what_cpython_wrote_is_equal_to_itself_and_becomes_json_or_an_error() {
    let mut converted = 0;
    for case in corpus() {
        let load = || Options::new().encoding(case.encoding).load(&case.pickle);
        let (Ok(a), Ok(b)) = (load(), load()) else {
            continue;
        };
        assert!(a == b, "{}", case.name);
        converted += usize::from(a.deserialize::<serde_json::Value>().is_ok());
        let _ = a.deserialize::<BTreeMap<String, f64>>();
    }
    assert!(converted > 100, "{converted}");
}
