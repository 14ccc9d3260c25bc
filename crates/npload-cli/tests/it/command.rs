//! Runs the command in this process, at the repository's root, and keeps what it prints.

use std::path::Path;
use std::sync::Once;

use npload_cli::{Exit, run};

/// What a run printed, and how it ended.
pub(crate) struct Ran {
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) exit: Exit,
}

/// Makes the repository's root the current folder, so that paths in output are short.
pub(crate) fn at_root() {
    static ROOT: Once = Once::new();
    ROOT.call_once(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        std::env::set_current_dir(root).unwrap();
    });
}

/// Runs `npload` with these arguments.
pub(crate) fn npload(args: &[&str]) -> Ran {
    at_root();
    let all = ["npload"].iter().chain(args).map(Into::into);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let exit = run(all, &mut out, &mut err);
    Ran {
        out: String::from_utf8(out).unwrap(),
        err: String::from_utf8(err).unwrap(),
        exit,
    }
}

/// A run as a page: the command, what it printed, what it said on standard error, its exit code.
pub(crate) fn page(args: &[&str]) -> String {
    let ran = npload(args);
    let quote = |arg: &&str| match arg.contains([' ', '[', '\'']) {
        true => format!("\"{arg}\""),
        false => (*arg).to_owned(),
    };
    let line: Vec<String> = args.iter().map(quote).collect();
    let mut text = format!("$ npload {}\n{}", line.join(" "), ran.out);
    if !ran.err.is_empty() {
        text.push_str("--- standard error\n");
        text.push_str(&ran.err);
    }
    if ran.exit != Exit::Success {
        text.push_str(&format!("--- exit code {}\n", ran.exit.code()));
    }
    text
}

/// Some runs as one page.
pub(crate) fn pages(runs: &[&[&str]]) -> String {
    let pages: Vec<String> = runs.iter().map(|args| page(args)).collect();
    pages.join("\n")
}

/// A page about files in a folder whose name may be of any length.
pub(crate) fn anywhere(text: &str, folder: &Path) -> String {
    let text = text.replace(folder.to_str().unwrap(), "DIR");
    let lines = text.lines().map(|line| {
        let words: Vec<_> = line.split(' ').filter(|word| !word.is_empty()).collect();
        words.join(" ")
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// An npy file with that dictionary as its header.
pub(crate) fn npy(dict: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend_from_slice(&u16::try_from(dict.len()).unwrap().to_le_bytes());
    bytes.extend_from_slice(dict.as_bytes());
    bytes.extend_from_slice(data);
    bytes
}

/// A zip file whose members have these names and no bytes.
pub(crate) fn zip_of_nothing(names: &[&str]) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    let count = u16::try_from(names.len()).unwrap().to_le_bytes();
    for name in names {
        let offset = u32::try_from(bytes.len()).unwrap().to_le_bytes();
        let len = u16::try_from(name.len()).unwrap().to_le_bytes();
        bytes.extend(*b"PK\x03\x04\x14\0");
        bytes.extend([0; 20]);
        bytes.extend(len.into_iter().chain([0; 2]).chain(name.bytes()));
        directory.extend(*b"PK\x01\x02\x14\0\x14\0");
        directory.extend([0; 20]);
        directory.extend(len.into_iter().chain([0; 12]));
        directory.extend(offset.into_iter().chain(name.bytes()));
    }
    let start = u32::try_from(bytes.len()).unwrap().to_le_bytes();
    let size = u32::try_from(directory.len()).unwrap().to_le_bytes();
    bytes.extend(directory);
    bytes.extend(b"PK\x05\x06\0\0\0\0".iter().chain(&count).chain(&count));
    bytes.extend(size.into_iter().chain(start).chain([0; 2]));
    bytes
}
