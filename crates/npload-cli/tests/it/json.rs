//! `--json`: documents that programs read.

use npload_cli::Exit;
use serde_json::{Value, json};

use crate::command::npload;

fn document(args: &[&str]) -> (Value, Exit) {
    let mut all = args.to_vec();
    all.push("--json");
    let ran = npload(&all);
    (serde_json::from_str(&ran.out).unwrap(), ran.exit)
}

#[test]
fn info_describes_every_array() {
    let (answer, exit) = document(&[
        "info",
        "testdata/npz/savez.npz",
        "testdata/npy/f8-be-2d-f.npy",
    ]);
    assert_eq!(exit, Exit::Success);
    let (npz, npy) = (&answer["files"][0], &answer["files"][1]);
    assert_eq!(npz["format"], "npz");
    let expected = json!({
        "key": "y", "member": "y.npy", "kind": "array",
        "dtype": "float32", "descr": "'<f4'", "itemsize": 4, "shape": [2, 2], "order": "C",
        "nbytes": 16, "version": "1.0", "warnings": [],
        "size": 144, "stored_size": 144, "compression": "stored",
        "data_offset": npz["arrays"][1]["data_offset"], "error": null,
    });
    assert_eq!(npz["arrays"][1], expected);
    assert!(npz["arrays"][1]["data_offset"].as_u64().unwrap() > 300);
    assert_eq!(npy["format"], "npy");
    let array = &npy["arrays"][0];
    assert_eq!(
        (&array["key"], &array["compression"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(
        (&array["order"], &array["data_offset"]),
        (&json!("F"), &json!(128))
    );
}

#[test]
fn info_tells_damaged_members_and_files_from_good_ones() {
    let files = [
        "info",
        "testdata/npz/malformed-members.npz",
        "no-such-file.npz",
    ];
    let (answer, exit) = document(&files);
    assert_eq!(exit, Exit::Wrong);
    let arrays = answer["files"][0]["arrays"].as_array().unwrap();
    let kinds: Vec<_> = arrays
        .iter()
        .map(|array| array["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["error", "error", "error", "array"]);
    assert_eq!(arrays[0]["error"]["kind"], "Version");
    assert_eq!(arrays[0]["error"]["member"], "version.npy");
    let missing = &answer["files"][1];
    assert_eq!(
        (&missing["format"], &missing["error"]["kind"]),
        (&Value::Null, &json!("Io"))
    );
    assert_eq!(missing["error"]["message"], "there is no such file");
}

#[test]
fn show_gives_values_nested_as_the_axes_are() {
    let (answer, exit) = document(&["show", "testdata/npz/savez.npz"]);
    assert_eq!(exit, Exit::Success);
    assert_eq!(answer["file"], "testdata/npz/savez.npz");
    let x = json!({
        "kind": "array", "key": "x", "dtype": "int64", "descr": "'<i8'", "shape": [3],
        "data": [0, 1, 2],
    });
    assert_eq!(answer["arrays"][0], x);
    assert_eq!(answer["arrays"][1]["data"], json!([[1.0, 0.0], [0.0, 1.0]]));
    let (answer, _) = document(&["show", "testdata/npz/savez.npz:y", "0, 0"]);
    let array = &answer["arrays"][0];
    assert_eq!((&array["shape"], &array["data"]), (&json!([]), &json!(1.0)));
}

#[test]
fn what_json_has_no_word_for_is_text() {
    let data = |file: &str, slice: &str| {
        let (answer, exit) = document(&["show", file, slice]);
        assert_eq!(exit, Exit::Success);
        answer["arrays"][0]["data"].clone()
    };
    let values = |file: &str, slice: &str| data(&format!("testdata/npy/{file}.npy"), slice);
    let specials = values("f8-le-1d", "...").to_string();
    for word in ["\"NaN\"", "\"Infinity\"", "\"-Infinity\""] {
        assert!(specials.contains(word), "{specials}");
    }
    let record = json!({
        "b": true, "i": 74, "s": "ab", "u": "ab", "v": "416613", "c": [12.75, 0.0],
        "t": "1970-01-01T00:00:00.000019", "d": "56 days",
    });
    assert_eq!(values("struct-mixed", "0"), record);
    let nested = values("struct-comma-string-subarrays", "0");
    assert_eq!(nested["f0"].as_array().map(Vec::len), Some(2));
    assert_eq!(
        values("f2-le-1d", "10"),
        json!(0.1),
        "no more digits than it has"
    );
    assert!(values("f16-le-1d", "0").is_string());
    assert!(values("c32-le-1d", "0")[1].is_string());
}

#[test]
fn values_without_bytes_are_listed_up_to_a_limit() {
    let file = "testdata/malformed/shape-2-62-of-zero-bytes.npy";
    let (answer, exit) = document(&["show", file]);
    assert_eq!(exit, Exit::Wrong);
    let message = answer["arrays"][0]["error"]["message"].as_str().unwrap();
    assert!(message.contains("too many to list"), "{message}");
    let (answer, exit) = document(&["show", "testdata/npy/bytes0-3-elements.npy"]);
    assert_eq!(
        (&answer["arrays"][0]["data"], exit),
        (&json!(["", "", ""]), Exit::Success)
    );
}

#[test]
fn show_tells_errors_in_its_document_too() {
    let (answer, exit) = document(&["show", "testdata/npz/savez.npz:q"]);
    assert_eq!(exit, Exit::Usage);
    let error = &answer["arrays"][0]["error"];
    assert_eq!(error["kind"], "NoSuchMember");
    assert_eq!(error["message"], "there is no array \"q\"; there are: x, y");
    let (answer, _) = document(&["show", "testdata/npz/raw-members.npz:one"]);
    assert_eq!(
        answer["arrays"][0],
        json!({"kind": "bytes", "key": "one", "size": 1})
    );
}

#[test]
fn verify_says_what_is_right_and_what_was_checked() {
    let files = [
        "verify",
        "testdata/npz/savez.npz",
        "testdata/malformed/crc-stored.npz",
    ];
    let (answer, exit) = document(&files);
    assert_eq!(exit, Exit::Wrong);
    let (good, bad) = (&answer["files"][0], &answer["files"][1]);
    assert_eq!((&good["ok"], &bad["ok"]), (&json!(true), &json!(false)));
    assert_eq!(good["checked"], json!(["checksum", "size", "header"]));
    let error = &bad["arrays"][0]["error"];
    assert_eq!(
        (&error["kind"], &error["member"]),
        (&json!("Checksum"), &json!("a.npy"))
    );
    let (answer, _) = document(&["verify", "testdata/npy/f8-le-2d-c.npy"]);
    assert_eq!(answer["files"][0]["checked"], json!(["header", "size"]));
}

#[test]
fn arguments_that_make_no_sense_are_told_in_a_document_too() {
    for (args, says) in [
        (
            &["show", "x.npy", "1.5"][..],
            "\"1.5\" in \"1.5\" is no index",
        ),
        (
            &["show", "x.npy", "--precison", "3"],
            "unexpected argument '--precison' found",
        ),
        (&["info"], "required arguments were not provided: <FILE>..."),
    ] {
        let (answer, exit) = document(args);
        assert_eq!(exit, Exit::Usage);
        let error = &answer["error"];
        assert_eq!(
            (&error["kind"], &error["member"]),
            (&json!("Argument"), &Value::Null)
        );
        let message = error["message"].as_str().unwrap();
        assert!(
            message.contains(says) && !message.contains("Usage"),
            "{message}"
        );
    }
    let help = npload(&["show", "--json", "--help"]);
    assert!(
        help.out.starts_with("Values as NumPy prints them"),
        "{}",
        help.out
    );
}

#[test]
fn objects_are_json_without_loss() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.pkl");
    let show = |pickle: &[u8]| {
        std::fs::write(&path, pickle).unwrap();
        let ran = npload(&["show", "--json", path.to_str().unwrap()]);
        assert_eq!(ran.exit, Exit::Success, "{}", ran.err);
        ran.out
    };
    // pickle.dumps([2**100, -2**63-1, np.int64(7), np.str_('é'), np.datetime64('2020-01-02'), np.array(
    // [[np.float32(0.5)], [[np.int8(-3)]]], object), {'a': np.True_}, 1+2j, {b'a': 1}])
    let out = show(NUMPY);
    let ints = "[1267650600228229401496703205376, -9223372036854775809, 7, ";
    assert!(out.contains(ints), "{out}");
    let out: Value = serde_json::from_str(&out).unwrap();
    let told = json!([7, "é", "2020-01-02", [[0.5], [[-3]]], {"a": true}, [1.0, 2.0], [["a", 1]]]);
    let data = out["arrays"][0]["data"].as_array().unwrap();
    assert_eq!(json!(data[2..]), told);
    // 2 lists in each other 40 times, a text of a megabyte a thousand times.
    let laughs = [&b"](K\x01e"[..], &b"2\x86".repeat(40), b"."].concat();
    let text = [
        b"X\0\0\x10\0",
        &b"x".repeat(1 << 20)[..],
        b"q\0](",
        &b"h\0".repeat(1000),
        b"e.",
    ]
    .concat();
    let deep = [&b"]".repeat(80)[..], &b"a".repeat(79), b"."].concat();
    for (pickle, most) in [(laughs, 4 << 20), (text, 8 << 20), (deep, 4096)] {
        let out = show(&[b"\x80\x02", &pickle[..]].concat());
        assert!(out.len() < most, "{}", out.len());
        assert!(out.contains("\"npload:cut\": \""));
    }
    // What shares nothing is never cut.
    let all = [&b"]("[..], &b"X\x02\0\0\0ab".repeat(200_000), b"e."].concat();
    let all = [b"\x80\x02", &all[..]].concat();
    assert!(!show(&all).contains("npload:cut"));
}

const NUMPY: &[u8] = b"\x80\x02]q\x00(\x8a\x0d\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x10\x8a\x09\xff\xff\xff\xff\xff\xff\xff\x7f\xffcnumpy._core.multiarray\x0ascalar\x0aq\x01cnumpy\x0adtype\x0aq\x02X\x02\x00\x00\x00i8q\x03\x89\x88\x87q\x04Rq\x05(K\x03X\x01\x00\x00\x00<q\x06NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tq\x07bc_codecs\x0aencode\x0aq\x08X\x08\x00\x00\x00\x07\x00\x00\x00\x00\x00\x00\x00q\x09X\x06\x00\x00\x00latin1q\x0a\x86q\x0bRq\x0c\x86q\x0dRq\x0eh\x01h\x02X\x02\x00\x00\x00U1q\x0f\x89\x88\x87q\x10Rq\x11(K\x03h\x06NNNK\x04K\x04K\x08tq\x12bh\x08X\x05\x00\x00\x00\xc3\xa9\x00\x00\x00q\x13h\x0a\x86q\x14Rq\x15\x86q\x16Rq\x17h\x01h\x02X\x02\x00\x00\x00M8q\x18\x89\x88\x87q\x19Rq\x1a(K\x04h\x06NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00N(h\x08X\x01\x00\x00\x00Dq\x1bh\x0a\x86q\x1cRq\x1dK\x01K\x01K\x01tq\x1e\x86q\x1ftq bh\x08X\x08\x00\x00\x00WG\x00\x00\x00\x00\x00\x00q!h\x0a\x86q\x22Rq#\x86q$Rq%cnumpy._core.multiarray\x0a_reconstruct\x0aq&cnumpy\x0andarray\x0aq'K\x00\x85q(h\x08X\x01\x00\x00\x00bq)h\x0a\x86q*Rq+\x87q,Rq-(K\x01K\x02K\x01\x86q.h\x02X\x02\x00\x00\x00O8q/\x89\x88\x87q0Rq1(K\x03X\x01\x00\x00\x00|q2NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?tq3b\x89]q4(h\x01h\x02X\x02\x00\x00\x00f4q5\x89\x88\x87q6Rq7(K\x03h\x06NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tq8bh\x08X\x04\x00\x00\x00\x00\x00\x00?q9h\x0a\x86q:Rq;\x86q<Rq=]q>h\x01h\x02X\x02\x00\x00\x00i1q?\x89\x88\x87q@RqA(K\x03h2NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tqBbh\x08X\x02\x00\x00\x00\xc3\xbdqCh\x0a\x86qDRqE\x86qFRqGaetqHb}qIX\x01\x00\x00\x00aqJh\x01h\x02X\x02\x00\x00\x00b1qK\x89\x88\x87qLRqM(K\x03h2NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tqNbh\x08X\x01\x00\x00\x00\x01qOh\x0a\x86qPRqQ\x86qRRqSsc__builtin__\x0acomplex\x0aqTG?\xf0\x00\x00\x00\x00\x00\x00G@\x00\x00\x00\x00\x00\x00\x00\x86qURqV}qWh\x08hJh\x0a\x86qXRqYK\x01se.";
