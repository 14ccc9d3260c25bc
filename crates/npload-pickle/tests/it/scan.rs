//! What a scan sees that the machine cannot run: names behind an obstacle, arrays of joblib's.

use npload_pickle::{Buffer, ErrorKind, Finding, Options, Scan, Use, Verdict, scan};

const SYSTEM: &[u8] = b"cos\nsystem\n(S'touch canary'\ntR";

fn names(scan: &Scan) -> Vec<(usize, Use, &str)> {
    let findings = scan.findings.iter();
    findings
        .map(|f| (f.offset, f.what, f.global.as_deref().unwrap_or(&f.name)))
        .collect()
}

#[test]
fn names_behind_an_obstacle_are_listed() {
    for (obstacle, kind) in [
        // CPython appends to a bytearray.
        (&b"\x96\x01\0\0\0\0\0\0\0xK\x01a0"[..], ErrorKind::Type),
        // And has no limit to nesting.
        (
            &[b"]".repeat(20_000), b"a".repeat(19_999)].concat(),
            ErrorKind::Limit,
        ),
        // Python's own unpickler takes a frame as it finds it.
        (b"\x95\xff\xff\xff\xff\0\0\0\0", ErrorKind::Truncated),
    ] {
        let scan = scan([obstacle, SYSTEM, b"."].concat());
        assert_eq!(scan.error.as_ref().unwrap().kind(), kind);
        assert_eq!(scan.verdict(), Verdict::Dangerous, "{kind:?}");
        assert_eq!(
            names(&scan),
            [(obstacle.len(), Use::Import, "os.system")],
            "{kind:?}"
        );
    }
}

#[test]
fn names_behind_an_obstacle_may_come_from_the_memo() {
    let pickle =
        b"\x80\x04\x8c\x02os\x94\x8c\x06system\x940\x96\x01\0\0\0\0\0\0\0xK\x01a0h\x00h\x01\x93.";
    let scan = scan(pickle);
    let found = names(&scan);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].1, found[0].2), (Use::Import, "os.system"));
}

#[test]
fn what_cpython_stops_at_too_ends_the_list() {
    for obstacle in [&b"0"[..], b"h\x07", b"\xff", b"c\xff\nx\n", b"NN\x93"] {
        let scan = scan([obstacle, SYSTEM, b"."].concat());
        assert_eq!(scan.findings, []);
        assert_ne!(scan.verdict(), Verdict::Safe);
    }
}

/// A wrapper for an array of so many bytes, as joblib writes it.
fn wrapper(len: u8, state: &[u8]) -> Vec<u8> {
    let dtype = b"cnumpy\ndtype\n(S'u1'\nI00\nI01\ntR(I3\nS'|'\nNNNI-1\nI-1\nI0\ntb";
    [
        &b"\x80\x02(cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81}(S'dtype'\n"[..],
        dtype,
        b"S'shape'\n(K",
        &[len],
        b"t",
        state,
        b"ub",
    ]
    .concat()
}

#[test]
fn arrays_of_joblibs_are_passed_over() {
    for (state, data) in [
        (&b""[..], &b"cc"[..]),
        (b"S'numpy_array_alignment_bytes'\nN", b"cc"),
        (b"S'numpy_array_alignment_bytes'\nK\x10", b"\x03pad.."),
    ] {
        let pickle = [&wrapper(2, state), data, SYSTEM, b"t."].concat();
        let scan = scan(&pickle);
        assert!(scan.error.is_none(), "{:?}", scan.error);
        assert_eq!(scan.end, Some(pickle.len()));
        let system: Vec<_> = scan
            .findings
            .iter()
            .filter(|f| &*f.name == "os.system")
            .collect();
        assert_eq!(system.len(), 2, "{:?}", names(&scan));
        assert_eq!(system[0].offset, pickle.len() - SYSTEM.len() - 2);
    }
}

#[test]
fn what_other_loaders_find_in_an_array_of_joblibs_is_listed_too() {
    let wrapper = wrapper(SYSTEM.len() as u8, b"");
    let pickle = [&wrapper, SYSTEM, b"Nt."].concat();
    let scan = scan(&pickle);
    assert!(scan.error.is_none());
    assert_eq!(scan.verdict(), Verdict::Dangerous);
    let system = names(&scan).into_iter().filter(|f| f.2 == "os.system");
    let offsets: Vec<_> = system.map(|f| f.0).collect();
    assert_eq!(offsets, [wrapper.len(), wrapper.len() + SYSTEM.len() - 1]);
}

#[test]
fn an_array_of_joblibs_that_cannot_be_passed_over_is_unknown() {
    let whole = [&wrapper(2, b""), &b"ccNt."[..]].concat();
    let cut = &whole[..wrapper(2, b"").len() + 1];
    let scan = scan(cut);
    let error = scan.error.as_ref().unwrap();
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert!(
        error
            .message()
            .contains("2 bytes with its padding, and 1 are left"),
        "{error}"
    );
    assert_eq!(scan.verdict(), Verdict::Unknown);
}

#[test]
fn a_scan_from_the_middle_has_the_offsets_of_all() {
    let input = Buffer::from([b"....", SYSTEM, b".\x80\x04\xff"].concat());
    let first = Options::new().scan(&input, 4);
    assert_eq!(first.findings[0].offset, 4);
    let end = first.end.unwrap();
    assert_eq!(end, 4 + SYSTEM.len() + 1);
    let second = Options::new().scan(&input, end);
    assert_eq!(second.error.unwrap().offset(), Some(end + 2));
}

#[test]
fn joined_findings_are_the_same_counted() {
    for bytes in [
        &b"cm\nf\n)RNbNb)RNbcm\nf\n)RNb0."[..],
        b"cos\nsystem\n)R\x82\x01cos\nsystem\n",
        b"P1\nP1\nP2\n00.",
        b"]cos\nsystem\na]acos\nsystem\na(\x93cos\nsystem\n",
    ] {
        let input = Buffer::from(bytes.to_vec());
        let all = Options::new().scan(&input, 0);
        let joined = Options::new().scan_joined(&input, 0);
        assert_eq!((joined.end, joined.verdict()), (all.end, all.verdict()));
        let counts = joined.findings.iter().map(|finding| finding.count);
        assert_eq!(counts.sum::<usize>(), all.findings.len(), "{bytes:?}");
        for finding in &joined.findings {
            let kind = |f: &Finding| (f.op, f.what, f.global.clone(), f.verdict);
            let same = all.findings.iter().filter(|f| {
                kind(f) == kind(finding) && (f.global.is_some() || f.name == finding.name)
            });
            let same: Vec<_> = same.collect();
            assert_eq!(
                (same.len(), same[0].offset),
                (finding.count, finding.offset)
            );
        }
    }
}
