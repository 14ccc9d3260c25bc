//! What a load tells while it goes on, and on which thread.

use std::fs::File;
use std::io::Write;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::ThreadId;

use npload::{Buffer, LoadOptions, MmapMode, Npz, Progress, ReadAt, Selection, Verify, Warning};

use crate::files::all_files;
use crate::handles::counting;

/// What was told, and by which thread.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<(Progress, ThreadId)>>>);

impl Told {
    fn by(&self, options: LoadOptions) -> LoadOptions {
        let told = self.0.clone();
        options
            .threads(NonZeroUsize::new(4).unwrap())
            .progress(move |progress| {
                let here = std::thread::current().id();
                told.lock().unwrap().push((progress, here));
            })
    }

    fn forget(&self) {
        self.0.lock().unwrap().clear();
    }

    /// Forgets what was told, which must have been right: always from this thread, never less than
    /// before, at last all of `total`.
    #[track_caller]
    fn check(&self, total: u64) {
        let told = std::mem::take(&mut *self.0.lock().unwrap());
        let here = std::thread::current().id();
        assert!(told.iter().all(|&(_, thread)| thread == here));
        assert!(
            told.iter().all(|(progress, _)| progress.total == total),
            "{told:?} {total}"
        );
        assert!(
            told.is_sorted_by(|(a, _), (b, _)| a.done < b.done),
            "{told:?}"
        );
        let last = told.last().map_or(0, |(progress, _)| progress.done);
        assert_eq!(last, total);
    }
}

/// An archive of stored members of so many elements, before each of which lies an extra field of
/// so many bytes.
fn stored(folder: &std::path::Path, sizes: &[usize], extra: u16) -> std::path::PathBuf {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for (i, &size) in sizes.iter().enumerate() {
        let (name, data) = (format!("m{i:04}.npy"), counting(&[size], false));
        let len = u32::try_from(data.len()).unwrap().to_le_bytes();
        let at = u32::try_from(bytes.len()).unwrap().to_le_bytes();
        let crc = crc(&data).to_le_bytes();
        let name_len = (name.len() as u16).to_le_bytes();
        let common = [
            &[20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0][..],
            &crc,
            &len,
            &len,
            &name_len,
        ];
        let common = common.concat();
        let (here, padding) = (extra.to_le_bytes(), vec![0; usize::from(extra)]);
        let local = [
            b"PK\x03\x04",
            &common[..],
            &here,
            name.as_bytes(),
            &padding,
            &data,
        ];
        bytes.extend(local.concat());
        let place = [&[0; 12][..], &at].concat();
        directory.extend([b"PK\x01\x02\x14\0", &common[..], &place, name.as_bytes()].concat());
    }
    let count = (sizes.len() as u16).to_le_bytes();
    let len = u32::try_from(directory.len()).unwrap().to_le_bytes();
    let at = u32::try_from(bytes.len()).unwrap().to_le_bytes();
    bytes.extend(&directory);
    bytes.extend(
        [
            b"PK\x05\x06\0\0\0\0",
            &count[..],
            &count,
            &len,
            &at,
            &[0, 0],
        ]
        .concat(),
    );
    let path = folder.join("stored.npz");
    std::fs::write(&path, bytes).unwrap();
    path
}

fn crc(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
    !bytes
        .iter()
        .fold(!0_u32, |crc, &b| (0..8).fold(crc ^ u32::from(b), step))
}

fn all_of(npz: &Npz) -> u64 {
    npz.peek().iter().map(|member| member.size).sum()
}

#[test]
fn every_source_of_an_array_ends_at_its_total() {
    let folder = tempfile::tempdir().unwrap();
    for len in [0, 1, 900, 1008, 5000, 3 << 20] {
        let bytes = counting(&[len], false);
        let total = len as u64 * 4;
        let path = folder.path().join("a.npy");
        std::fs::write(&path, &bytes).unwrap();
        let told = Told::default();
        let options = told.by(LoadOptions::new());
        options.load(&path).unwrap();
        told.check(total);
        options.load_bytes(&bytes).unwrap();
        told.check(total);
        options.load_reader(&mut bytes.as_slice()).unwrap();
        told.check(total);
        options
            .load_seekable(&mut File::open(&path).unwrap())
            .unwrap();
        told.check(total);
        options.load_source(Buffer::from(bytes)).unwrap();
        told.check(total);
        let npy = options.open_npy(&path).unwrap();
        npy.load_into(&mut vec![0_i32; len]).unwrap();
        told.check(total);
        // Gaps are read through, and are no progress.
        let third = npy.read("::3".parse::<Selection>().unwrap()).unwrap();
        told.check(third.nbytes() as u64);
        // SAFETY: the file is this test's, and nobody writes it while it is mapped.
        let mapped = unsafe { options.clone().mmap_mode(MmapMode::Read) };
        mapped.load(&path).unwrap();
        told.check(0);
    }
}

#[test]
fn members_end_at_their_size_whatever_compresses_them() {
    let told = Told::default();
    let options = told.by(LoadOptions::new());
    for file in all_files("npz") {
        let Ok(npz) = options.open_npz(&file) else {
            continue;
        };
        let members = npz.peek();
        for member in &members {
            // By its whole name: the keys of some mean others. And that is no use where two have it.
            let name = member.member.as_deref().unwrap();
            let same = members.iter().filter(|other| other.member == member.member);
            if same.count() == 1 && npz.member(name).is_ok() {
                told.check(member.size);
                npz.verify(name).unwrap();
                told.check(member.size);
            }
            told.forget();
        }
        npz.verify_all().unwrap();
        told.check(all_of(&npz));
        if npz.load_all().is_ok() {
            told.check(all_of(&npz));
        }
        told.forget();
    }
}

#[test]
fn threads_of_load_all_count_and_the_caller_tells() {
    let folder = tempfile::tempdir().unwrap();
    let mut sizes = vec![10; 700];
    sizes.extend([2000, 400_000, 300_000, 300_001, 300_002, 2500 << 10]);
    let path = stored(folder.path(), &sizes, 0);
    let told = Told::default();
    let npz = told.by(LoadOptions::new()).open_npz(&path).unwrap();
    let total = all_of(&npz);
    assert_eq!(npz.load_all().unwrap().len(), sizes.len());
    told.check(total);
    npz.verify_all().unwrap();
    told.check(total);
    // What is mapped counts only where it is checked.
    // SAFETY: as above.
    let mapped = unsafe { LoadOptions::new().mmap_mode(MmapMode::Read) };
    told.by(mapped.clone())
        .open_npz(&path)
        .unwrap()
        .load_all()
        .unwrap();
    told.check(0);
    let checked = told.by(mapped.verify(Verify::Always));
    checked.open_npz(&path).unwrap().load_all().unwrap();
    told.check(total);
    // A check and the read after it are one load.
    let checked = told.by(LoadOptions::new().verify(Verify::Always));
    let npz = checked.open_npz(&path).unwrap();
    npz.read("m0701", "10:20".parse::<Selection>().unwrap())
        .unwrap();
    told.check(npz.peek()[701].size + 40);
}

#[test]
fn warnings_come_from_the_calling_thread() {
    let threads = Arc::new(Mutex::new(Vec::new()));
    let there = threads.clone();
    let warned = move |_: &Warning| there.lock().unwrap().push(std::thread::current().id());
    let folder = tempfile::tempdir().unwrap();
    let path = stored(folder.path(), &[300_000; 8], 0);
    let mut bytes = std::fs::read(&path).unwrap();
    // A shape that Python 2 wrote; checksums are then wrong, and not looked at.
    let (theirs, ours) = (b"(300000,), ", b"(300000L,),");
    for at in 0..bytes.len() - ours.len() {
        if bytes[at..].starts_with(theirs) {
            bytes[at..at + ours.len()].copy_from_slice(ours);
        }
    }
    let options = LoadOptions::new().verify(Verify::Never).on_warning(warned);
    let options = options.threads(NonZeroUsize::new(4).unwrap());
    let npz = options.load_source(Buffer::from(bytes)).unwrap();
    npz.into_npz().unwrap().load_all().unwrap();
    let threads = std::mem::take(&mut *threads.lock().unwrap());
    assert_eq!(threads, [std::thread::current().id(); 8]);
}

#[test]
fn tiny_members_beyond_the_reach_of_one_read_count_once() {
    let folder = tempfile::tempdir().unwrap();
    let told = Told::default();
    let path = stored(folder.path(), &[100; 5], 9000);
    let npz = told.by(LoadOptions::new()).open_npz(path).unwrap();
    npz.load_all().unwrap();
    told.check(all_of(&npz));
}

/// A source that takes its time and counts its reads.
struct Slow(Buffer, Arc<AtomicUsize>);

impl ReadAt for Slow {
    fn len(&self) -> std::io::Result<u64> {
        ReadAt::len(&self.0)
    }

    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> std::io::Result<()> {
        // The first thousand find out how members begin; it is their data that comes slowly.
        if self.1.fetch_add(1, Ordering::SeqCst) > 1000 {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        self.0.read_exact_at(buf, offset)
    }
}

#[test]
fn a_callback_that_panics_ends_the_load_early() {
    let folder = tempfile::tempdir().unwrap();
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    let options = LoadOptions::new().threads(NonZeroUsize::new(4).unwrap());
    let options = options.progress(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        panic!("enough");
    });
    let bytes = std::fs::read(stored(folder.path(), &[20_000; 1000], 0)).unwrap();
    let reads = Arc::new(AtomicUsize::new(0));
    let source = Slow(Buffer::from(bytes), reads.clone());
    let npz = options.load_source(source).unwrap().into_npz().unwrap();
    let panic = catch_unwind(AssertUnwindSafe(|| npz.load_all())).unwrap_err();
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"enough"));
    assert_eq!(calls.load(Ordering::SeqCst), 1);
    // All of them take two reads each, of which the first are made before the threads start.
    let reads = reads.load(Ordering::SeqCst);
    assert!(reads < 1900, "{reads}");
}

#[test]
fn a_lone_member_is_read_by_all_threads() {
    let folder = tempfile::tempdir().unwrap();
    let len = (5 << 20) / 4;
    let bytes = std::fs::read(stored(folder.path(), &[len], 0)).unwrap();
    let helped = Arc::new(AtomicUsize::new(0));
    let source = LateHelpers {
        bytes: Buffer::from(bytes),
        caller: std::thread::current().id(),
        helped: helped.clone(),
    };
    let told = Told::default();
    let options = told.by(LoadOptions::new());
    let npz = options.load_source(source).unwrap().into_npz().unwrap();
    npz.load_all().unwrap();
    told.check(all_of(&npz));
    assert!(helped.load(Ordering::SeqCst) > 0);
}

/// A source whose helpers come late: the thread that loads has done the rest by then.
struct LateHelpers {
    bytes: Buffer,
    caller: ThreadId,
    helped: Arc<AtomicUsize>,
}

impl ReadAt for LateHelpers {
    fn len(&self) -> std::io::Result<u64> {
        ReadAt::len(&self.bytes)
    }

    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> std::io::Result<()> {
        let patience = std::time::Duration::from_millis(10);
        if std::thread::current().id() != self.caller {
            self.helped.fetch_add(1, Ordering::SeqCst);
            std::thread::sleep(patience * 10);
        } else if buf.len() >= 256 << 10 {
            // Not before a helper has taken something.
            (0..500)
                .take_while(|_| self.helped.load(Ordering::SeqCst) == 0)
                .for_each(|_| std::thread::sleep(patience));
        }
        self.bytes.read_exact_at(buf, offset)
    }
}

#[test]
fn what_helpers_do_last_is_told_too() {
    let folder = tempfile::tempdir().unwrap();
    let len = 3 << 20;
    let npy = counting(&[len], false);
    let npz = std::fs::read(stored(folder.path(), &[len], 0)).unwrap();
    let told = Told::default();
    let options = told.by(LoadOptions::new());
    let late = |bytes: &[u8]| {
        let helped = Arc::new(AtomicUsize::new(0));
        let source = LateHelpers {
            bytes: Buffer::from(bytes.to_vec()),
            caller: std::thread::current().id(),
            helped: helped.clone(),
        };
        (source, helped)
    };
    let helped = |helped: Arc<AtomicUsize>| assert!(helped.load(Ordering::SeqCst) > 0);

    let (source, reads) = late(&npy);
    let npy = options.open_npy_in(source).unwrap();
    let part = npy.read("1:".parse::<Selection>().unwrap()).unwrap();
    told.check(part.nbytes() as u64);
    helped(reads);

    let (source, reads) = late(&npz);
    let npz = options.load_source(source).unwrap().into_npz().unwrap();
    npz.load_into("m0000", &mut vec![0_i32; len]).unwrap();
    told.check(len as u64 * 4);
    helped(reads);

    let (source, reads) = late(&std::fs::read(folder.path().join("stored.npz")).unwrap());
    let npz = options.load_source(source).unwrap().into_npz().unwrap();
    npz.read("m0000", Selection::all()).unwrap();
    told.check(all_of(&npz));
    helped(reads);
}

/// A source that takes as much stack as a thread of the standard library has, nearly.
struct Hungry(File);

impl ReadAt for Hungry {
    fn len(&self) -> std::io::Result<u64> {
        self.0.len()
    }

    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> std::io::Result<()> {
        let frame = std::hint::black_box([1_u8; 1 << 20]);
        assert!(frame.iter().all(|&b| b == 1));
        ReadAt::read_exact_at(&self.0, buf, offset)
    }
}

/// One that takes more than that, and says so.
struct Hungrier(File, ThreadId);

impl ReadAt for Hungrier {
    fn len(&self) -> std::io::Result<u64> {
        self.0.len()
    }

    fn stack_size(&self) -> usize {
        8 << 20
    }

    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> std::io::Result<()> {
        #[inline(never)]
        fn take_stack() {
            let frame = std::hint::black_box([1_u8; 3 << 20]);
            assert!(frame.iter().all(|&b| b == 1));
        }
        // The thread that calls the load has what it has.
        if std::thread::current().id() != self.1 {
            take_stack();
        }
        ReadAt::read_exact_at(&self.0, buf, offset)
    }
}

#[test]
fn sources_chosen_at_run_time_have_the_stack_they_ask_for() {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&counting(&[6 << 20], false)).unwrap();
    let options = LoadOptions::new().threads(NonZeroUsize::new(4).unwrap());
    let boxed: Box<dyn ReadAt> = Box::new(Hungrier(file, std::thread::current().id()));
    let array = options.load_source(boxed).unwrap().into_array();
    assert_eq!(array.unwrap().shape(), [6 << 20]);
}

#[test]
fn sources_of_others_have_the_stack_they_may_expect() {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&counting(&[6 << 20], false)).unwrap();
    let options = LoadOptions::new().threads(NonZeroUsize::new(4).unwrap());
    let array = options.load_source(Hungry(file)).unwrap().into_array();
    assert_eq!(array.unwrap().shape(), [6 << 20]);
}
