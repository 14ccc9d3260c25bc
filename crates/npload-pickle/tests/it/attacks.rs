//! Pickles that would run code, and pickles that are broken on purpose.

use npload_pickle::{ErrorKind, Objects, Use, Verdict, scan, scan_all};

use crate::files::{lines, pickle};

#[test]
fn calls_stay_calls_and_broken_pickles_are_named_errors() {
    for line in lines("attacks.jsonl") {
        let loaded = Objects::load(pickle(&line));
        let name = &line["name"];
        match (line["kind"].as_str(), line["text"].as_str()) {
            (Some(kind), _) => {
                let err = loaded.map(|objects| objects.to_string()).unwrap_err();
                assert_eq!(format!("{:?}", err.kind()), kind, "{name}: {err}");
                assert!(err.offset().is_some(), "{name}: {err}");
            }
            (_, Some(text)) => assert_eq!(loaded.unwrap().to_string(), text, "{name}"),
            _ => drop(loaded),
        }
    }
}

#[test]
fn no_attack_is_judged_safe() {
    for line in lines("attacks.jsonl") {
        let scans = scan_all(pickle(&line));
        let worst = scans.iter().map(|scan| scan.verdict()).max().unwrap();
        let name = &line["name"];
        if line["kind"] == "Encoding" && worst == Verdict::Safe {
            continue; // with another encoding it is only a text
        }
        assert_ne!(worst, Verdict::Safe, "{name}: {scans:?}");
        if let Some(verdict) = line["verdict"].as_str() {
            assert_eq!(format!("{worst:?}"), verdict, "{name}: {scans:?}");
        }
    }
}

#[test]
fn a_scan_lists_what_would_run_in_order() {
    let scan = scan(b"\x80\x04\x8c\x02os\x940\x8c\x06system\x940h\x00h\x01\x93\x8c\x02ls\x85R}b.");
    let found: Vec<_> = scan
        .findings
        .iter()
        .map(|finding| (finding.offset, finding.what, &*finding.name))
        .collect();
    assert_eq!(
        found,
        [
            (22, Use::Import, "os.system"),
            (28, Use::Call, "os.system"),
            (30, Use::State, "os.system('ls')"),
        ]
    );
    assert_eq!(scan.end, Some(32));
}

#[test]
fn a_name_that_a_call_would_compute_is_dangerous() {
    let scan = scan(b"c__builtin__\nchr\nK\x6f\x85R\x8c\x06system\x93.");
    assert_eq!(scan.verdict(), Verdict::Dangerous);
    assert_eq!(scan.error.unwrap().kind(), ErrorKind::Type);
}

#[test]
fn pickles_in_a_row_have_their_own_offsets() {
    let scans = scan_all(b"N.cos\nsystem\n.\xff");
    let ends: Vec<_> = scans.iter().map(|scan| (scan.start, scan.end)).collect();
    assert_eq!(ends, [(0, Some(2)), (2, Some(14)), (14, None)]);
    assert_eq!(scans[1].findings[0].offset, 2);
}

#[test]
fn messages_say_what_was_expected_and_found() {
    let cases: &[(&[u8], &str)] = &[
        (
            b"]K\x00K\x01s.",
            "at byte 5: SETITEM: a dict expected, list found",
        ),
        (
            b"}K\x01a.",
            "at byte 3: APPEND: a list expected, dict found",
        ),
        (
            b"K\x01\x87.",
            "at byte 2: TUPLE3: the stack holds 1 value, and 3 are needed",
        ),
        (
            b"](K\x01a.",
            "at byte 4: APPEND: the stack holds 1 value above the last MARK, and 2 are needed",
        ),
        (
            b"N}b.",
            "at byte 2: BUILD: an object that takes a state expected, None found",
        ),
        (
            b"h\x07.",
            "at byte 0: BINGET: Memo value not found at index 7",
        ),
        (b"}]K\x01s.", "at byte 4: SETITEM: unhashable type: 'list'"),
        (
            b"\x8e\xff\0\0\0\0\0\0\0ab",
            "at byte 0: BINBYTES8: pickle data was truncated: 255 bytes expected, 2 left",
        ),
        (b"K\x01", "at byte 2: Ran out of input"),
        (b"\xff", "at byte 0: invalid load key, '\\u{ff}': no opcode"),
    ];
    for (pickle, message) in cases {
        assert_eq!(Objects::load(pickle).unwrap_err().to_string(), *message);
    }
}

#[test]
fn many_states_of_many_calls_take_linear_time() {
    // What was called and then given 40,000 states is called 10,000 times: printed with all states,
    // the names alone would take gigabytes.
    let states = b"Nb".repeat(40_000);
    let calls = b"0h\x00)R)R".repeat(10_000);
    let bytes = [b"\x80\x02cm\nf\n)R", &states[..], b"q\x00", &calls, b"."].concat();
    let clock = std::time::Instant::now();
    let scan = scan(&bytes);
    assert!(clock.elapsed().as_secs() < 5, "{:?}", clock.elapsed());
    assert!(scan.findings.iter().all(|finding| finding.name.len() < 100));
    let last = scan.findings.last().unwrap();
    assert_eq!((last.what, &*last.name), (Use::Call, "m.f()()"));
}

#[test]
fn names_of_calls_are_short_and_leave_out_states() {
    let name = |bytes: &[u8]| scan(bytes).findings.last().unwrap().name.to_string();
    assert_eq!(name(b"cm\nf\n)RNb)R."), "m.f()");
    assert_eq!(name(b"cm\nf\n)R)R)R)R)R."), "...()()()");
    let inner = b"cm\nf\n(cm\ng\n(K\x01tRNbtR)R.";
    assert_eq!(name(inner), "m.f(m.g(...))");
    let many = [b"cm\nf\n(", &b"N".repeat(9)[..], b"tR)R."].concat();
    assert_eq!(name(&many), "m.f(None, None, None, None, None, None, ...)");
    let long = [b"cm\nf\n(X\0\x04\0\0", &[b'a'; 1024][..], b"tR)R."].concat();
    assert!(name(&long).len() < 100, "{}", name(&long));
}
