//! Arrays cut into parts, each on a device of its own.

use std::ops::Range;

use npload::DType;

use crate::host::Host;
use crate::{Device, DeviceArray, Error, ErrorKind, Placement, Result, Source};

/// How an array is cut into as many equal parts as there are devices.
///
/// ```
/// use npload_pjrt::Partition;
/// let boxes = Partition::rows().boxes(&[4, 6], 2)?;
/// assert_eq!(boxes, [[0..2, 0..6], [2..4, 0..6]]);
/// let boxes = Partition::blocks(&[2, 3]).boxes(&[4, 6], 6)?;
/// assert_eq!(boxes[4], [2..4, 2..4]);
/// # Ok::<(), npload_pjrt::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition(Cut);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Cut {
    /// Across this axis alone.
    Axis(usize),
    /// Into so many parts along each of the first axes.
    Blocks(Vec<usize>),
}

impl Partition {
    /// Across the first axis: each device has rows.
    #[must_use]
    pub fn rows() -> Self {
        Partition::axis(0)
    }

    /// Across the second axis: each device has columns.
    #[must_use]
    pub fn columns() -> Self {
        Partition::axis(1)
    }

    /// Across this axis, counted from 0.
    #[must_use]
    pub fn axis(axis: usize) -> Self {
        Partition(Cut::Axis(axis))
    }

    /// Into so many parts along each axis; further axes are not cut. The devices are counted with the last
    /// axis fastest: of `[2, 4]` the first four have the upper half.
    #[must_use]
    pub fn blocks(parts: &[usize]) -> Self {
        Partition(Cut::Blocks(parts.to_vec()))
    }

    /// The part of an array of this shape that each of so many devices has: a range of each axis.
    ///
    /// # Errors
    /// [`ErrorKind::Argument`] when there is no such axis, when it cannot be divided into equal parts (which
    /// is what programs over several devices take), or when there are more or fewer parts than devices.
    pub fn boxes(&self, shape: &[usize], devices: usize) -> Result<Vec<Vec<Range<usize>>>> {
        let parts = match &self.0 {
            Cut::Axis(axis) => {
                let mut parts = vec![1; axis.saturating_add(1)];
                if let Some(last) = parts.last_mut() {
                    *last = devices;
                }
                parts
            }
            Cut::Blocks(parts) => parts.clone(),
        };
        if parts.len() > shape.len() {
            let (cut, axes) = (parts.len(), shape.len());
            return Err(argument(format!(
                "axis {} is to be cut, and the shape {shape:?} has {axes} axes",
                cut.saturating_sub(1)
            )));
        }
        let count = parts
            .iter()
            .try_fold(1_usize, |n, &part| n.checked_mul(part));
        if count != Some(devices) || devices == 0 {
            return Err(argument(format!(
                "{parts:?} parts along the axes are not one for each of {devices} devices"
            )));
        }
        for (axis, (&len, &part)) in shape.iter().zip(&parts).enumerate() {
            if !len.is_multiple_of(part) {
                return Err(argument(format!(
                    "axis {axis} of the shape {shape:?} has {len} elements, which are not {part} equal parts"
                )));
            }
        }
        let all = (0..devices).map(|mut device| {
            let mut ranges: Vec<Range<usize>> = shape.iter().map(|&len| 0..len).collect();
            for (range, &part) in ranges.iter_mut().zip(&parts).rev() {
                let each = range.end.checked_div(part).unwrap_or(0);
                let start = device.checked_rem(part).unwrap_or(0).saturating_mul(each);
                device = device.checked_div(part).unwrap_or(0);
                *range = start..start.saturating_add(each);
            }
            ranges
        });
        Ok(all.collect())
    }
}

#[cold]
fn argument(message: String) -> Error {
    Error::new(ErrorKind::Argument, message)
}

/// An array of which each device has a part.
#[derive(Debug)]
pub struct Sharded {
    dtype: DType,
    shape: Vec<usize>,
    shards: Vec<Shard>,
}

/// A part of an array, on a device.
#[derive(Debug)]
pub struct Shard {
    index: Vec<Range<usize>>,
    array: DeviceArray,
}

impl Shard {
    /// Which part it is: a range of each axis of the whole.
    #[must_use]
    pub fn index(&self) -> &[Range<usize>] {
        &self.index
    }

    /// The part.
    #[must_use]
    pub fn array(&self) -> &DeviceArray {
        &self.array
    }

    /// The part, alone.
    #[must_use]
    pub fn into_array(self) -> DeviceArray {
        self.array
    }
}

impl Sharded {
    /// What its elements are.
    #[must_use]
    pub fn dtype(&self) -> &DType {
        &self.dtype
    }

    /// The length of each axis of the whole.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The parts, in the order of the devices.
    #[must_use]
    pub fn shards(&self) -> &[Shard] {
        &self.shards
    }

    /// The same, given away.
    #[must_use]
    pub fn into_shards(self) -> Vec<Shard> {
        self.shards
    }

    /// Waits until all parts are there.
    ///
    /// # Errors
    /// The first that a device has.
    pub fn wait(&self) -> Result<()> {
        self.shards.iter().try_for_each(|shard| shard.array.wait())
    }
}

/// Puts a part of an array on each device. Of a file each part is read straight into memory of its own, all
/// in one pass; nothing between them is read that the file's order does not make necessary.
///
/// ```no_run
/// use npload_pjrt::{ClientOptions, Partition, Plugin, put_sharded};
/// let client = Plugin::find()?.client_with(&ClientOptions::new().set("cpu_device_count", 8))?;
/// let npy = npload::Npy::open("big.npy")?;
/// let sharded = put_sharded(&npy, &client.devices(), &Partition::rows())?;
/// for shard in sharded.shards() {
///     println!("{:?} on {}", shard.index(), shard.array().device());
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Argument`] as [`Partition::boxes`], or when the devices are of several clients; else as
/// [`Device::put`].
pub fn put_sharded<'a>(
    source: impl Into<Source<'a>>,
    devices: &[Device],
    partition: &Partition,
) -> Result<Sharded> {
    put(source.into(), devices, partition)
}

fn put(source: Source<'_>, devices: &[Device], partition: &Partition) -> Result<Sharded> {
    let shape = source.shape()?;
    let boxes = partition.boxes(&shape, devices.len())?;
    let client = devices.first().map(Device::client);
    let Some(client) =
        client.filter(|&first| devices.iter().all(|device| device.client() == first))
    else {
        return Err(argument(
            "the devices are of several clients: shard over those of one".to_owned(),
        ));
    };
    let parts = source.parts(client, boxes.clone())?;
    let mut shards = Vec::with_capacity(devices.len());
    for ((device, index), part) in devices.iter().zip(boxes).zip(parts) {
        let of_shard = |err: Error| err.of(&format!("shard {index:?} on {device}"));
        let host = Host::new(&part, client, Placement::Auto).map_err(of_shard)?;
        drop(part);
        let array = device.put_host(host).map_err(of_shard)?;
        shards.push(Shard { index, array });
    }
    let dtype = shards.first().map(|shard| shard.array.dtype().clone());
    Ok(Sharded {
        dtype: dtype.unwrap_or(DType::Void(0)),
        shape,
        shards,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_divide_says_both_numbers() {
        let refused = |partition: &Partition, shape: &[usize], devices| {
            let err = partition.boxes(shape, devices).unwrap_err();
            assert_eq!(err.kind(), ErrorKind::Argument);
            err.to_string()
        };
        let rows = Partition::rows();
        assert!(
            refused(&rows, &[10, 2], 8).contains("has 10 elements, which are not 8 equal parts")
        );
        assert!(refused(&rows, &[], 1).contains("the shape [] has 0 axes"));
        assert!(refused(&rows, &[4], 0).contains("0 devices"));
        assert!(refused(&Partition::columns(), &[4], 2).contains("axis 1 is to be cut"));
        let blocks = Partition::blocks(&[2, 2]);
        assert!(refused(&blocks, &[4, 4], 8).contains("[2, 2] parts"));
        let overflowing = Partition::blocks(&[usize::MAX, 2]);
        assert!(refused(&overflowing, &[4, 4], 8).contains("parts along the axes"));
    }

    #[test]
    fn parts_cover_the_array_once() {
        for (partition, shape, devices) in [
            (Partition::rows(), &[8, 3][..], 4),
            (Partition::columns(), &[3, 8], 8),
            (Partition::axis(2), &[1, 2, 6], 3),
            (Partition::blocks(&[2, 4]), &[4, 8, 2], 8),
            (Partition::blocks(&[]), &[], 1),
            (Partition::rows(), &[0, 3], 4),
        ] {
            let boxes = partition.boxes(shape, devices).unwrap();
            assert_eq!(boxes.len(), devices);
            let size = |ranges: &[Range<usize>]| ranges.iter().map(Range::len).product::<usize>();
            let all: usize = boxes.iter().map(|ranges| size(ranges)).sum();
            assert_eq!(all, shape.iter().product::<usize>());
            let mut distinct = boxes.clone();
            distinct.dedup();
            assert!(all == 0 || distinct.len() == devices);
        }
    }
}
