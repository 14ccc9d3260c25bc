//! XLA's options of a compilation, serialized: a program for one device.
//!
//! They are a protocol buffer, `CompileOptionsProto`. Of its fields only those are written that say where
//! the program runs; the others have defaults.

/// The options for a program that runs on the device of this id.
pub(crate) fn for_device(id: i32) -> Vec<u8> {
    // DeviceAssignmentProto: one replica of one computation, and its device.
    let mut devices = Message::default();
    devices.bytes(1, &varint(i64::from(id)));
    let mut assignment = Message::default();
    assignment.number(1, 1);
    assignment.number(2, 1);
    assignment.bytes(3, &devices.0);
    // ExecutableBuildOptionsProto. An ordinal of -1: none; one replica, one partition.
    let mut build = Message::default();
    build.number(1, -1);
    build.number(4, 1);
    build.number(5, 1);
    build.bytes(9, &assignment.0);
    let mut options = Message::default();
    options.bytes(3, &build.0);
    options.0
}

/// A message that is being written.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn number(&mut self, field: i64, value: i64) {
        self.0.extend(varint(field << 3));
        self.0.extend(varint(value));
    }

    fn bytes(&mut self, field: i64, value: &[u8]) {
        self.0.extend(varint(field << 3 | 2));
        self.0
            .extend(varint(i64::try_from(value.len()).unwrap_or(i64::MAX)));
        self.0.extend(value);
    }
}

/// Seven bits to a byte, the lowest first; the highest bit says that there are more.
fn varint(value: i64) -> Vec<u8> {
    let mut left = value.cast_unsigned();
    let mut bytes = Vec::new();
    loop {
        let [low, ..] = left.to_le_bytes();
        left >>= 7;
        if left == 0 {
            bytes.push(low & 0x7f);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_seven_bits_to_a_byte() {
        assert_eq!(varint(0), [0]);
        assert_eq!(varint(300), [0xac, 2]);
        assert_eq!(varint(-1), [255, 255, 255, 255, 255, 255, 255, 255, 255, 1]);
    }

    #[test]
    fn the_options_are_the_bytes_of_the_protocol_buffer() {
        let expected = [
            0x1a, 26, // the build options
            8, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1, // no ordinal
            0x20, 1, 0x28, 1, // one replica, one partition
            0x4a, 9, 8, 1, 16, 1, 0x1a, 3, 0x0a, 1, 5, // on device 5
        ];
        assert_eq!(for_device(5), expected);
    }
}
