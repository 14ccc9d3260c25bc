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
