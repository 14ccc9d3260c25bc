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
