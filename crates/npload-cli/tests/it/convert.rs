//! `npload convert`.

use insta::assert_snapshot;
use npload::{Compression, SaveOptions};
use npload_cli::Exit;

use crate::folder::Folder;

/// A safetensors file of that header, with so many bytes of data behind it.
fn safetensors(header: &str, data: usize) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend_from_slice(header.as_bytes());
    bytes.extend((0..=u8::MAX).cycle().take(data));
    bytes
}

#[test]
fn npy_and_npz_become_each_other_byte_for_byte() {
    let folder = Folder::new();
    for name in [
        "f8-be-2d-f",
        "bytes6-le-1d",
        "datetime-25s",
        "object",
        "ml-bfloat16-note",
    ] {
        let from = format!("testdata/npy/{name}.npy");
        let to = [&*from, "DIR/x.npz", "--key", "k", "--force"];
        assert_eq!(folder.run(&[&["convert"], &to[..]].concat()).err, "");
        assert_eq!(folder.npz("x.npz").names().collect::<Vec<_>>(), ["k.npy"]);
        assert_eq!(
            folder
                .run(&["convert", "DIR/x.npz:k", "DIR/x.npy", "-f"])
                .err,
            ""
        );
        assert!(std::fs::read(folder.at("x.npy")).unwrap() == std::fs::read(&from).unwrap());
    }
    let again = folder.run(&["convert", "DIR/x.npz", "DIR/y.npz", "--compression", "zstd"]);
    assert_eq!((again.exit, again.err.as_str()), (Exit::Success, ""));
    assert_eq!(
        folder.run(&["diff", "-q", "DIR/x.npz", "DIR/y.npz"]).exit,
        Exit::Success
    );
}

#[test]
fn what_is_written_is_told() {
    let folder = Folder::new();
    assert_snapshot!(folder.pages(&[
        &["convert", "testdata/npz/savez.npz", "DIR/x.safetensors"],
        &["convert", "testdata/npy/f8-be-2d-f.npy", "DIR/x.csv"],
        &["convert", "testdata/npy/f8-be-2d-f.npy", "DIR/x.csv"],
        &["convert", "testdata/npy/f8-be-2d-f.npy", "-", "--to", "csv"],
        &["convert", "DIR/x.csv", "DIR/x.npz", "--json"],
        &["show", "DIR/x.npz"],
        &["convert", "DIR/x.safetensors:x", "DIR/x.npy", "--json"],
    ]));
}

#[test]
fn mistakes_say_what_to_do() {
    let folder = Folder::new();
    folder.write("empty.csv", "");
    folder.write("ragged.csv", "a,b\n1,2\n3\n");
    folder.write("open.csv", "1\n\"2\n");
    folder.write("huge.csv", "1\n123456789012345678901\n");
    folder.write("x.txt", "1,2");
    assert_snapshot!(folder.pages(&[
        &["convert", "testdata/npz/savez.npz", "DIR/x"],
        &["convert", "testdata/npz/savez.npz", "DIR/x.npy"],
        &["convert", "testdata/npz/savez.npz:q", "DIR/x.npy"],
        &[
            "convert",
            "testdata/npz/savez.npz",
            "DIR/x.npz",
            "--key",
            "k"
        ],
        &[
            "convert",
            "testdata/npz/savez.npz",
            "DIR/x.npy",
            "--level",
            "3"
        ],
        &[
            "convert",
            "testdata/npz/savez.npz",
            "DIR/x.npz",
            "--level",
            "30"
        ],
        &["convert", "testdata/npz/savez.npz", "DIR/no/x.npz"],
        &[
            "convert",
            "testdata/npz/savez.npz",
            "DIR",
            "--to",
            "npz",
            "-f"
        ],
        &[
            "convert",
            "testdata/malformed/crc-stored.npz:a",
            "DIR/x.npy"
        ],
        &["convert", "testdata/npz/truncated-array.npz", "DIR/x.npz"],
        &["convert", "testdata/npy/object.npy", "DIR/x.csv"],
        &["convert", "testdata/npy/f8-le-3d-c.npy", "DIR/x.csv"],
        &[
            "convert",
            "testdata/npz/savez-every-dtype.npz",
            "DIR/x.safetensors"
        ],
        &[
            "convert",
            "testdata/npz/savez.npz",
            "-",
            "--to",
            "npz",
            "--json"
        ],
        &["convert", "DIR/empty.csv", "DIR/x.npy"],
        &["convert", "DIR/ragged.csv", "DIR/x.npy"],
        &["convert", "DIR/open.csv", "DIR/x.npy"],
        &["convert", "DIR/huge.csv", "DIR/x.npy"],
        &["convert", "DIR/huge.csv", "DIR/x.npy", "--dtype", "i4"],
        &["convert", "DIR/huge.csv", "DIR/x.npy", "--dtype", "M8[D]"],
        &["convert", "DIR/x.txt", "DIR/x.npy"],
        &["convert", "no.csv", "DIR/x.npy"],
    ]));
    let left: Vec<String> = folder
        .names()
        .into_iter()
        .filter(|name| !name.contains(".csv"))
        .collect();
    assert_eq!(left, ["x.txt"]);
}

#[test]
fn a_file_that_comes_meanwhile_or_was_there_stays() {
    let folder = Folder::new();
    folder.write("x.npz", "mine");
    for command in [
        &["convert", "testdata/npz/savez.npz", "DIR/x.npz"][..],
        &["pack", "DIR/x.npz", "testdata/npz/savez.npz"],
        &["align", "testdata/npz/savez.npz", "-o", "DIR/x.npz"],
    ] {
        let ran = folder.run(command);
        assert_eq!(ran.exit, Exit::Wrong);
        assert!(ran.err.contains("--force replaces it"), "{}", ran.err);
        assert_eq!(std::fs::read(folder.at("x.npz")).unwrap(), b"mine");
    }
    // An output that is the input is read to its end before it is replaced.
    std::fs::copy("testdata/npz/savez.npz", folder.at("x.npz")).unwrap();
    let ran = folder.run(&[
        "convert",
        "DIR/x.npz",
        "DIR/x.npz",
        "--compression",
        "deflate",
        "-f",
    ]);
    assert_eq!((ran.exit, ran.err.as_str()), (Exit::Success, ""));
    let same = folder.run(&["diff", "testdata/npz/savez.npz", "DIR/x.npz"]);
    assert_eq!(same.exit, Exit::Success, "{}", same.out);
    assert_eq!(folder.names(), ["x.npz"]);
}

#[test]
fn tables_are_read_as_what_they_look_like() {
    let folder = Folder::new();
    for (text, args, array) in [
        ("1\n2\n", &[][..], "int64 [1 2]"),
        ("1,2\n3,\n", &[], "float64 [[ 1.  2.]\n [ 3. nan]]"),
        (
            "x,y\n1,a\n2,bc\n",
            &[],
            "[('x', '<i8'), ('y', '<U2')] [(1, 'a') (2, 'bc')]",
        ),
        (
            "x,y\n1,a\n",
            &["--header", "no"],
            "<U1 [['x' 'y']\n ['1' 'a']]",
        ),
        (
            "1,2\n3,4\n",
            &["--header", "yes"],
            "[('1', '<i8'), ('2', '<i8')] [(3, 4)]",
        ),
        ("True\nfalse\n", &[], "bool [ True False]"),
        ("1;2\n", &["--delimiter", ";"], "int64 [[1 2]]"),
        (
            "1\t2\n",
            &["--delimiter", "tab", "--dtype", "float32"],
            "float32 [[1. 2.]]",
        ),
        (
            "7,x\n",
            &["--dtype", "u1,U"],
            "[('f0', 'u1'), ('f1', '<U1')] [(7, 'x')]",
        ),
        (
            "é,\"a\nb\"\n",
            &["--dtype", "U", "--header", "no"],
            "<U3 [['é' 'a\\nb']]",
        ),
        ("a,b\n", &[], "[('a', '<f8'), ('b', '<f8')] []"),
        ("(1+2j)\n3\n", &[], "complex128 [1.+2.j 3.+0.j]"),
        (
            "18446744073709551615\n",
            &[],
            "uint64 [18446744073709551615]",
        ),
    ] {
        folder.write("x.csv", text);
        let all = [&["convert", "DIR/x.csv", "DIR/x.npy", "-f"], args].concat();
        let ran = folder.run(&all);
        assert_eq!(ran.err, "", "{text}");
        assert_eq!(folder.array("x.npy"), array, "{text}");
    }
}

#[test]
fn one_long_text_does_not_fill_the_disk() {
    let folder = Folder::new();
    folder.write(
        "x.csv",
        format!("{}\n{}", "a".repeat(1 << 20), "b\n".repeat(1000)),
    );
    let ran = folder.run(&["convert", "DIR/x.csv", "DIR/x.npy", "--header", "no"]);
    assert_eq!(ran.exit, Exit::Wrong);
    assert!(
        ran.err.contains("its texts would take 3.9 GiB"),
        "{}",
        ran.err
    );
}

#[test]
fn arrays_come_back_from_tables() {
    let folder = Folder::new();
    let floats = vec![0.1, -0.0, 1e300, 5e-324, f64::NAN, f64::INFINITY, 1.0 / 3.0];
    npload::save(folder.at("f8.npy"), &floats).unwrap();
    npload::save(
        folder.at("f4.npy"),
        &[0.1_f32, 16_777_216.0, 1e-45, f32::MAX],
    )
    .unwrap();
    npload::save(folder.at("i8.npy"), &[i64::MIN, -1, 0, i64::MAX]).unwrap();
    for (name, dtype) in [("f8", ""), ("f4", "float32"), ("i8", "")] {
        let from = format!("DIR/{name}.npy");
        folder.run(&["convert", &from, "DIR/x.csv", "-f"]);
        let mut args = vec!["convert", "DIR/x.csv", "DIR/y.npy", "-f"];
        if !dtype.is_empty() {
            args.extend(["--dtype", dtype]);
        }
        assert_eq!(folder.run(&args).err, "");
        let (a, b) = (
            std::fs::read(folder.at(&format!("{name}.npy"))),
            std::fs::read(folder.at("y.npy")),
        );
        assert!(a.unwrap() == b.unwrap(), "{name}");
    }
}

#[test]
fn hostile_headers_of_safetensors_are_refused() {
    let folder = Folder::new();
    let one = r#"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}"#;
    let nested = format!("{{\"a\":{}{}}}", "[".repeat(200_000), "]".repeat(200_000));
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("cut", safetensors(&format!("{one}}}"), 4)[..20].to_vec()),
        ("short", safetensors(&format!("{one}}}"), 3)),
        ("long", safetensors(&format!("{one}}}"), 5)),
        (
            "twice",
            safetensors(
                &format!(r#"{one},"a":{{"dtype":"U8","shape":[0],"data_offsets":[4,4]}}}}"#),
                4,
            ),
        ),
        (
            "hole",
            safetensors(
                &format!(r#"{one},"b":{{"dtype":"U8","shape":[1],"data_offsets":[5,6]}}}}"#),
                6,
            ),
        ),
        (
            "overlap",
            safetensors(
                &format!(r#"{one},"b":{{"dtype":"U8","shape":[2],"data_offsets":[3,5]}}}}"#),
                5,
            ),
        ),
        (
            "backwards",
            safetensors(
                r#"{"a":{"dtype":"U8","shape":[4],"data_offsets":[4,0]}}"#,
                4,
            ),
        ),
        (
            "shape",
            safetensors(
                r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#,
                4,
            ),
        ),
        (
            "overflow",
            safetensors(
                r#"{"a":{"dtype":"F64","shape":[4294967296,4294967296],"data_offsets":[0,0]}}"#,
                0,
            ),
        ),
        (
            "negative",
            safetensors(
                r#"{"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,4]}}"#,
                4,
            ),
        ),
        ("not-json", safetensors("{\"a\": what}", 4)),
        ("not-object", safetensors("{\"a\": 7}", 4)),
        (
            "axes",
            safetensors(
                &format!(
                    "{{\"a\":{{\"dtype\":\"U8\",\"shape\":[{}1],\"data_offsets\":[0,1]}}}}",
                    "1,".repeat(64)
                ),
                1,
            ),
        ),
        ("nested", safetensors(&nested, 0)),
        (
            "huge",
            [&(200_000_000_u64).to_le_bytes()[..], b"{}"].concat(),
        ),
        (
            "unknown",
            safetensors(
                r#"{"a":{"dtype":"F3","shape":[4],"data_offsets":[0,4]}}"#,
                4,
            ),
        ),
        (
            "packed",
            safetensors(
                r#"{"a":{"dtype":"F4","shape":[8],"data_offsets":[0,4]}}"#,
                4,
            ),
        ),
    ];
    let mut text = String::new();
    for (name, bytes) in &cases {
        folder.write("x", bytes);
        let ran = folder.run(&["convert", "DIR/x", "DIR/y.npz"]);
        assert_eq!(ran.exit, Exit::Wrong, "{name}");
        let err = ran.err.replace(folder.path().to_str().unwrap(), "DIR");
        text.push_str(&format!("{name}: {err}"));
    }
    assert_snapshot!(text);
    assert_eq!(folder.names(), ["x"]);
}

/// Every file that is a little damaged is read or refused; nothing panics.
#[test]
fn any_damage_of_safetensors_is_survived() {
    let folder = Folder::new();
    let whole = safetensors(
        r#"{"__metadata__":{"k":"v"},"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},"b":{"dtype":"BOOL","shape":[],"data_offsets":[8,9]}}"#,
        9,
    );
    for at in 0..whole.len() {
        for change in [0x01, 0x80, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] ^= change;
            folder.write("x", &bytes);
            folder.run(&[
                "convert",
                "DIR/x",
                "DIR/y.npz",
                "-f",
                "--from",
                "safetensors",
            ]);
        }
        folder.write("x", &whole[..at]);
        folder.run(&["convert", "DIR/x", "DIR/y.npz", "-f"]);
    }
}

#[test]
fn metadata_stays_in_a_safetensors_file_and_is_told_elsewhere() {
    let folder = Folder::new();
    let header =
        r#"{"__metadata__":{"format":"pt"},"a":{"dtype":"I16","shape":[2],"data_offsets":[0,4]}}"#;
    folder.write("x.safetensors", safetensors(header, 4));
    assert_snapshot!(folder.pages(&[
        &["convert", "DIR/x.safetensors", "DIR/x.npz"],
        &[
            "convert",
            "DIR/x.safetensors",
            "DIR/y.safetensors",
            "--metadata",
            "by=me"
        ],
        &["convert", "DIR/y.safetensors", "DIR/y.npz"],
        &["show", "DIR/y.npz:a"],
    ]));
    let bytes = std::fs::read(folder.at("y.safetensors")).unwrap();
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap());
    assert_eq!((length + 8) % 64, 0);
}

#[test]
fn arrays_in_other_orders_become_tensors() {
    let folder = Folder::new();
    let order = SaveOptions::new().compression(Compression::DEFLATE);
    let array = npload::load("testdata/npy/f8-be-2d-f.npy")
        .unwrap()
        .into_array()
        .unwrap();
    order.savez(folder.at("x.npz"), [("a", array)]).unwrap();
    folder.run(&["convert", "DIR/x.npz", "DIR/x.safetensors"]);
    let same = folder.run(&["diff", "--values", "DIR/x.npz", "DIR/x.safetensors"]);
    assert_eq!(
        (same.exit, same.err.as_str()),
        (Exit::Success, ""),
        "{}",
        same.out
    );
}
