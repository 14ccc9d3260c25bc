//! What CPython wrote, read as CPython reads it.

use npload_pickle::{ErrorKind, Objects, Options, Verdict, disassemble, scan};

use crate::canonical::canonical;
use crate::files::corpus;

#[test]
fn values_and_their_identity_are_cpython_s() {
    let mut wrong = Vec::new();
    for case in corpus() {
        let loaded = Options::new().encoding(case.encoding).load(&case.pickle);
        match (loaded, case.expected) {
            (Ok(objects), Ok(expected)) => {
                let found = canonical(&objects);
                if found != expected {
                    wrong.push(format!("{}:\n  {found}\n  {expected}", case.name));
                    wrong.truncate(10);
                }
            }
            (Err(err), Ok(_)) => wrong.push(format!("{}: {err}", case.name)),
            (found, Err((class, _))) if class == "UnicodeDecodeError" => {
                let kind = found.map_err(|err| err.kind());
                assert_eq!(kind.unwrap_err(), ErrorKind::Encoding, "{}", case.name);
            }
            // What Python's constructors refuse stays a call.
            (found, Err(_)) => drop(found.unwrap()),
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn every_beginning_is_an_error_of_cpython_s_kind() {
    for case in corpus() {
        let options = Options::new().encoding(case.encoding);
        let cuts = case.cuts.unwrap_or_default();
        for (end, expected) in cuts.chars().enumerate() {
            let found = options.load(&case.pickle[..end]).map_err(|err| err.kind());
            let name = &case.name;
            match expected {
                'E' => assert_eq!(found.unwrap_err(), ErrorKind::Empty, "{name} cut to {end}"),
                'T' => assert_eq!(
                    found.unwrap_err(),
                    ErrorKind::Truncated,
                    "{name} cut to {end}"
                ),
                _ => {} // the pickle ends before: something follows it
            }
        }
    }
}

#[test]
fn disassemblies_are_pickletools_dis() {
    for case in corpus() {
        let Some(expected) = case.disassembly else {
            continue;
        };
        let mut disassembly = disassemble(&case.pickle);
        let mut found = String::new();
        for instruction in disassembly.by_ref() {
            found += &format!("{}\n", instruction.unwrap());
        }
        let highest = disassembly.highest_protocol();
        found += &format!("highest protocol among opcodes = {highest}\n");
        for (found, expected) in found.lines().zip(expected.lines()) {
            assert_eq!(found, expected, "{}", case.name);
        }
        assert_eq!(
            found.lines().count(),
            expected.lines().count(),
            "{}",
            case.name
        );
    }
}

#[test]
fn what_is_on_the_list_is_safe() {
    for case in corpus() {
        if case.expected.is_ok() && !case.name.starts_with("python2") {
            let scan = scan(&case.pickle);
            assert_eq!(scan.verdict(), Verdict::Safe, "{}: {scan:?}", case.name);
        }
    }
}

#[test]
fn python_2_s_names_are_python_3_s_below_protocol_3() {
    let name = |pickle: &[u8]| Objects::load(pickle).unwrap().to_string();
    assert_eq!(name(b"ccPickle\nloads\n."), "pickle.loads");
    assert_eq!(name(b"\x80\x02curllib\nquote\n."), "urllib.parse.quote");
    assert_eq!(name(b"\x80\x03curllib\nquote\n."), "urllib.quote");
    let raw = Options::new()
        .fix_imports(false)
        .load(b"ccPickle\nloads\n.");
    assert_eq!(raw.unwrap().to_string(), "cPickle.loads");
}
