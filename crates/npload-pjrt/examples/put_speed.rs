//! How fast 64 MB reach a device: `PJRT_PLUGIN_PATH=PLUGIN cargo run --release -p npload-pjrt --example put_speed`.
//!
//! Medians of some rounds; what they are compared with is measured in turn with them.

use std::error::Error;
use std::hint::black_box;
use std::time::{Duration, Instant};

use npload::{AlignedBuf, Array, Buffer, DType, LoadOptions, MmapMode, Order, s, save};
use npload_pjrt::{ClientOptions, Partition, Placement, Plugin, put_sharded};

const LEN: usize = 16 << 20;
const ROUNDS: usize = 21;

type Done = Result<(), Box<dyn Error>>;

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// Runs all in turn, several times; the median of each, said with its ratio to the first.
fn compare(title: &str, cases: &mut [(&str, &mut dyn FnMut() -> Done)]) -> Done {
    let mut times: Vec<Vec<Duration>> = cases.iter().map(|_| Vec::new()).collect();
    for _ in 0..ROUNDS {
        for ((_, case), times) in cases.iter_mut().zip(&mut times) {
            let start = Instant::now();
            case()?;
            times.push(start.elapsed());
        }
    }
    println!("{title}");
    let medians: Vec<Duration> = times.into_iter().map(median).collect();
    for ((name, _), time) in cases.iter().zip(&medians) {
        let first = medians.first().copied().unwrap_or_default();
        println!(
            "  {name}: {time:.2?}, ratio {:.2}",
            time.as_secs_f64() / first.as_secs_f64()
        );
    }
    Ok(())
}

fn main() -> Done {
    let plugin = Plugin::find()?;
    let client = plugin.client_with(&ClientOptions::new().set("cpu_device_count", 8))?;
    let device = client.device(0)?;
    println!("{} with {:?}", plugin.path().display(), plugin.version());

    let mut memory = AlignedBuf::zeroed(4 * LEN)?;
    memory
        .iter_mut()
        .enumerate()
        .for_each(|(i, byte)| *byte = u8::try_from(i % 251).unwrap_or(0));
    let bytes = memory.to_vec();
    let f32s = DType::parse("<f4")?;
    let array = Array::from_bytes(
        f32s.clone(),
        &[4096, LEN / 4096],
        Order::C,
        Buffer::from(memory),
    )?;

    let folder = std::env::temp_dir().join(format!("npload-put-speed-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let path = folder.join("x.npy");
    save(&path, &array)?;
    // SAFETY: nobody else knows the file.
    let mapping = unsafe { LoadOptions::new().mmap_mode(MmapMode::Read) };
    let mapped = mapping.load(&path)?.into_array()?;

    let put = |array: &Array, placement| -> Done {
        device.put_with(array, placement)?.wait()?;
        Ok(())
    };
    compare(
        "without a copy",
        &mut [
            ("aligned mapping to the device", &mut || {
                put(&mapped, Placement::RequireZeroCopy)
            }),
            ("aligned memory", &mut || {
                put(&array, Placement::RequireZeroCopy)
            }),
            ("mapping the file and putting it", &mut || {
                put(
                    &mapping.load(&path)?.into_array()?,
                    Placement::RequireZeroCopy,
                )
            }),
        ],
    )?;

    // The same elements, four bytes behind a boundary.
    let mut shifted = AlignedBuf::zeroed(4 * LEN + 4)?;
    if let Some(place) = shifted.get_mut(4..) {
        place.copy_from_slice(&bytes);
    }
    let shifted = Buffer::from(shifted).slice(4..);
    let unaligned = Array::from_bytes(f32s.clone(), &[4096, LEN / 4096], Order::C, shifted)?;
    compare(
        "unaligned: one copy",
        &mut [
            ("memcpy into fresh memory", &mut || {
                black_box(unaligned.to_bytes()?);
                Ok(())
            }),
            ("memcpy into fresh memory in huge pages", &mut || {
                let mut copy = AlignedBuf::zeroed(4 * LEN)?;
                copy.copy_from_slice(unaligned.contiguous_bytes(Order::C).unwrap_or_default());
                black_box(copy);
                Ok(())
            }),
            ("unaligned memory to the device", &mut || {
                put(&unaligned, Placement::Auto)
            }),
        ],
    )?;

    let turned = Array::from_bytes(
        f32s,
        &[4096, LEN / 4096],
        Order::F,
        array.buffer().0.clone(),
    )?;
    let npy = LoadOptions::new().open_npy(&path)?;
    compare(
        "files, and other layouts",
        &mut [
            ("npload::load of the file", &mut || {
                black_box(npload::load(&path)?.into_array()?);
                Ok(())
            }),
            ("the file to the device", &mut || {
                device.put(&npy)?.wait()?;
                Ok(())
            }),
            ("its rows to eight devices", &mut || {
                put_sharded(&npy, &client.devices(), &Partition::rows())?.wait()?;
                Ok(())
            }),
            ("its columns to eight devices", &mut || {
                put_sharded(&npy, &client.devices(), &Partition::columns())?.wait()?;
                Ok(())
            }),
            ("memory in Fortran order", &mut || {
                put(&turned, Placement::Auto)
            }),
            ("every second row of memory", &mut || {
                put(&array.slice(s![..;2, ..])?, Placement::Auto)
            }),
            ("back to the host", &mut || {
                black_box(device.put(&array)?.to_host()?);
                Ok(())
            }),
        ],
    )?;
    std::fs::remove_dir_all(&folder)?;
    // The plugin frees the last of it on a thread of its own.
    std::thread::sleep(Duration::from_millis(200));
    println!("left: {:?}", client.live());
    Ok(())
}
