//! What a load takes, resident and of the address space, measured in processes of their own.

use std::io::Write;
use std::path::Path;
use std::process::Command;

use npload::{Handle, LoadOptions, Loaded, Selection};

use crate::handles::counting;

/// What a load may take beyond its array: DESIGN's budget.
const SLACK: u64 = 1 << 20;

const MIB: usize = 1 << 20;

/// A number out of /proc/self/status, in bytes.
fn status(key: &str) -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find(|line| line.starts_with(key)).unwrap();
    line.split_whitespace()
        .nth(1)
        .unwrap()
        .parse::<u64>()
        .unwrap()
        * 1024
}

/// Sets the resident peak back to what is taken now.
fn reset_peak() {
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
}

/// Runs one of the measurements below in a process of its own, where nothing else allocates.
fn in_own_process(measurement: &str, file: &Path, threads: usize, part: Option<&str>) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "memory::measurement",
            "--ignored",
            "--nocapture",
            "--test-threads=1",
        ])
        .env("NPLOAD_MEASURE", measurement)
        .env("NPLOAD_FILE", file)
        .env("NPLOAD_THREADS", threads.to_string())
        .envs(part.map(|part| ("NPLOAD_PART", part)))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{text}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    text
}

/// The figure that a measurement printed.
fn figure(text: &str, name: &str) -> u64 {
    let at = text
        .find(name)
        .unwrap_or_else(|| panic!("{name} in {text}"));
    text[at + name.len()..]
        .split_whitespace()
        .next()
        .unwrap()
        .parse()
        .unwrap()
}

/// Not a test: what `in_own_process` runs.
#[test]
#[ignore = "run by the other tests of this file, in processes of their own"]
fn measurement() {
    let Ok(what) = std::env::var("NPLOAD_MEASURE") else {
        return;
    };
    let path = std::env::var_os("NPLOAD_FILE").unwrap();
    let threads = std::env::var("NPLOAD_THREADS").unwrap();
    let options = LoadOptions::new().threads(threads.parse().unwrap());
    let part = std::env::var("NPLOAD_PART").ok();
    let part = part.map(|text| text.parse::<Selection>().unwrap());
    let read = |selection: &Selection| {
        let read = match options.open(&path).unwrap() {
            Handle::Npy(npy) => npy.read(selection.clone()),
            Handle::Npz(npz) => npz.read("m0", selection.clone()),
            _ => return 0,
        };
        read.map_or(0, |array| array.nbytes() as u64)
    };
    let load_all = || match options.load(&path) {
        Ok(Loaded::Array(array)) => array.nbytes() as u64,
        Ok(Loaded::Npz(npz)) => match npz.load_all() {
            Ok(members) => members
                .into_iter()
                .map(|(_, member)| member.into_array().map_or(0, |array| array.nbytes() as u64))
                .sum(),
            Err(_) => 0,
        },
        _ => 0,
    };
    let load = || part.as_ref().map_or_else(load_all, read);
    // Pages of the program itself, which come in as it runs, are not the load's.
    let program = || status("RssFile:") + status("RssShmem:");
    let (anonymous, address) = (status("RssAnon:"), status("VmSize:"));
    if let Some(budget) = what.strip_prefix("within ") {
        // The peak of the address space cannot be reset as the resident one can: here the load has
        // to do with its budget, or fail.
        let most = address + budget.parse::<u64>().unwrap();
        let limit = [
            format!("--pid={}", std::process::id()),
            format!("--as={most}"),
        ];
        assert!(
            Command::new("prlimit")
                .args(limit)
                .status()
                .unwrap()
                .success()
        );
    }
    reset_peak();
    let nbytes = load();
    println!("nbytes {nbytes}");
    println!(
        "resident-peak {}",
        status("VmHWM:").saturating_sub(anonymous + program())
    );
    println!(
        "resident-after {}",
        status("RssAnon:").saturating_sub(anonymous)
    );
    println!(
        "address-after {}",
        status("VmSize:").saturating_sub(address)
    );
}

fn check_budget(path: &Path, nbytes: usize, in_flight: u64) {
    check_budget_of(path, nbytes, in_flight, 2);
}

fn check_budget_of(path: &Path, nbytes: usize, in_flight: u64, threads: usize) {
    check(path, None, nbytes, in_flight, threads);
}

fn check(path: &Path, part: Option<&str>, nbytes: usize, in_flight: u64, threads: usize) {
    let budget = nbytes as u64 + in_flight + SLACK;
    for way in ["free".to_owned(), format!("within {budget}")] {
        let text = in_own_process(&way, path, threads, part);
        let name = format!("{} {part:?} by {threads} {way}", path.display());
        assert_eq!(figure(&text, "nbytes "), nbytes as u64, "{name}: {text}");
        let peak = figure(&text, "resident-peak ");
        assert!(
            peak <= budget,
            "{name}: {peak} resident, {budget} allowed: {text}"
        );
        for after in ["resident-after ", "address-after "] {
            let kept = figure(&text, after);
            assert!(kept <= SLACK, "{name}: {after}{kept}: {text}");
        }
    }
}

#[test]
fn an_npy_takes_its_array_and_gives_it_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.npy");
    std::fs::write(&path, counting(&[16 * MIB], false)).unwrap();
    for threads in [1, 2, 8] {
        check_budget_of(&path, 64 * MIB, 0, threads);
    }
}

#[test]
fn an_npz_takes_its_arrays_and_the_compressed_bytes_in_flight() {
    let dir = tempfile::tempdir().unwrap();
    for deflate in held_to_the_budget() {
        let path = dir.path().join(format!("deflated-{deflate}.npz"));
        let member = counting(&[6 * MIB], false);
        let compressed = write_zip(&path, &member, 2, deflate);
        let nbytes = 2 * 24 * MIB;
        check_budget(
            &path,
            nbytes,
            if deflate { 2 * compressed as u64 } else { 0 },
        );
    }
}

/// Whether members are deflated, where the budget holds for such members: the decoder that stands in
/// for libdeflate allocates in every thread, as SECURITY.md says.
fn held_to_the_budget() -> Vec<bool> {
    if cfg!(feature = "libdeflate") {
        vec![false, true]
    } else {
        println!("deflated members are left out: without libdeflate they take more (SECURITY.md)");
        vec![false]
    }
}

/// Small members, which share memory, medium ones and large ones.
#[test]
fn many_members_take_no_more_than_few_whatever_the_threads() {
    let dir = tempfile::tempdir().unwrap();
    for (count, nbytes) in [(2000, 8 << 10), (60, 512 << 10), (8, 4 << 20)] {
        for deflate in held_to_the_budget() {
            let path = dir.path().join(format!("{count}-{deflate}.npz"));
            let member = counting(&[nbytes / 4], false);
            let compressed = write_zip(&path, &member, count, deflate) as u64;
            for threads in [1, 2, 8] {
                // One read of small members takes up to 320 KiB.
                let in_flight = if nbytes <= 64 << 10 {
                    320 << 10
                } else if deflate {
                    compressed
                } else {
                    0
                };
                let nbytes = count as usize * nbytes;
                // What so many bytes are worth.
                let at_once = threads.min(nbytes / (4 << 20)) as u64;
                check_budget_of(&path, nbytes, in_flight * at_once, threads);
            }
        }
    }
}

/// Small members, which share memory, and large ones.
#[cfg(feature = "zstd")]
#[test]
fn members_by_zstd_take_a_decoder_for_each_thread() {
    let dir = tempfile::tempdir().unwrap();
    for (count, nbytes) in [(2000, 8 << 10), (8, 4 << 20)] {
        let path = dir.path().join(format!("{count}.npz"));
        let member: Vec<i32> = (0..nbytes / 4).collect();
        let members = (0..count).map(|i| (format!("m{i}"), &member));
        let options = npload::SaveOptions::new().compression(npload::Compression::ZSTD);
        options.savez(&path, members).unwrap();
        let compressed = std::fs::metadata(&path).unwrap().len() / count;
        for threads in [1, 2, 8] {
            let in_flight = compressed.max(320 << 10) + (256 << 10);
            let nbytes = count as usize * nbytes as usize;
            check_budget_of(&path, nbytes, in_flight * threads as u64, threads);
        }
    }
}

/// Elements of one byte, every other one: as many runs as there can be.
#[test]
fn a_part_takes_its_elements_however_many_pieces_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let mut npy = counting(&[2 * MIB], false);
    let dict = npy.windows(5).position(|w| w == b"'<i4'").unwrap();
    npy[dict..dict + 5].copy_from_slice(b"'|u1'");
    let shape = npy.windows(9).position(|w| w == b"(2097152,").unwrap();
    npy[shape..shape + 9].copy_from_slice(b"(8388608,");
    let path = dir.path().join("x.npy");
    std::fs::write(&path, &npy).unwrap();
    for (part, nbytes) in [("::2", 4 * MIB), ("::-3", 2_796_203), ("5:", 8 * MIB - 5)] {
        check(&path, Some(part), nbytes, 0, 2);
        for deflate in [false, true] {
            let path = dir.path().join(format!("{deflate}.npz"));
            write_zip(&path, &npy, 1, deflate);
            check(&path, Some(part), nbytes, 0, 2);
        }
    }
}

/// Deflated members without a last block, which `zipfile` reads and libdeflate does not.
#[test]
fn what_libdeflate_does_not_read_takes_no_more_whatever_the_threads() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("open-ended.npz");
    let member = counting(&[MIB], false);
    let mut encoder = deflater();
    encoder.write_all(&member).unwrap();
    encoder.flush().unwrap();
    let packed = encoder.get_ref().clone();
    let compressed = write_packed(&path, &member, packed, 8, true) as u64;
    for threads in [1, 2, 8] {
        let in_flight = compressed * threads as u64;
        if cfg!(feature = "libdeflate") {
            check_budget_of(&path, 8 * 4 * MIB, in_flight, threads);
        }
    }
}

#[test]
fn a_header_that_lies_takes_no_memory() {
    let dir = tempfile::tempdir().unwrap();
    let mut npy = counting(&[1000], false);
    let at = npy.windows(4).position(|w| w == b"1000").unwrap();
    let lie = b"9999999999,), }";
    npy[at..at + lie.len()].copy_from_slice(lie);
    let path = dir.path().join("lie.npy");
    std::fs::write(&path, &npy).unwrap();
    check_budget(&path, 0, 0);
    let path = dir.path().join("lie.npz");
    write_zip(&path, &npy, 1, true);
    check_budget(&path, 0, 0);
}

/// Writes a zip file of `count` equal members; returns the compressed size of one.
fn write_zip(path: &Path, member: &[u8], count: u32, deflate: bool) -> usize {
    let mut packed = member.to_vec();
    if deflate {
        let mut encoder = deflater();
        encoder.write_all(member).unwrap();
        packed = encoder.finish().unwrap();
    }
    write_packed(path, member, packed, count, deflate)
}

fn deflater() -> flate2::write::DeflateEncoder<Vec<u8>> {
    flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast())
}

fn write_packed(path: &Path, member: &[u8], packed: Vec<u8>, count: u32, deflate: bool) -> usize {
    let mut crc = flate2::Crc::new();
    crc.update(member);
    let (method, crc) = (u16::from(deflate) * 8, crc.sum());
    let mut file = Vec::new();
    let mut directory = Vec::new();
    for i in 0..count {
        let name = format!("m{i}.npy");
        let mut fields = Vec::new();
        fields.extend_from_slice(&[20, 0, 0, 0]);
        fields.extend_from_slice(&method.to_le_bytes());
        fields.extend_from_slice(&[0; 4]);
        fields.extend_from_slice(&crc.to_le_bytes());
        fields.extend_from_slice(&(packed.len() as u32).to_le_bytes());
        fields.extend_from_slice(&(member.len() as u32).to_le_bytes());
        fields.extend_from_slice(&(name.len() as u16).to_le_bytes());
        fields.extend_from_slice(&[0; 2]);
        directory.extend_from_slice(b"PK\x01\x02\x14\x03");
        directory.extend_from_slice(&fields);
        directory.extend_from_slice(&[0; 10]);
        directory.extend_from_slice(&(file.len() as u32).to_le_bytes());
        directory.extend_from_slice(name.as_bytes());
        file.extend_from_slice(b"PK\x03\x04");
        file.extend_from_slice(&fields);
        file.extend_from_slice(name.as_bytes());
        file.extend_from_slice(&packed);
    }
    let start = file.len() as u32;
    file.extend_from_slice(&directory);
    file.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    for n in [count as u16, count as u16] {
        file.extend_from_slice(&n.to_le_bytes());
    }
    file.extend_from_slice(&(directory.len() as u32).to_le_bytes());
    file.extend_from_slice(&start.to_le_bytes());
    file.extend_from_slice(&[0; 2]);
    std::fs::write(path, file).unwrap();
    packed.len()
}
