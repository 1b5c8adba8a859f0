//! S3's checksums, on the library `crc`.
//!
//! The S3 SDK computes checksums with the library `crc-fast`, which brings
//! tables for thirty algorithms: 588 KB of a function's zip, of 4.5 MB in all, for
//! the few bytes of a bucket's configuration. In the workspace this crate takes
//! its place (`[patch.crates-io]`) with what the SDK asks for, without tables.

use crc::{CRC_32_ISCSI, CRC_32_ISO_HDLC, CRC_64_NVME, Crc, NoTable};

static ISO_HDLC: Crc<u32, NoTable> = Crc::<u32, NoTable>::new(&CRC_32_ISO_HDLC);
static ISCSI: Crc<u32, NoTable> = Crc::<u32, NoTable>::new(&CRC_32_ISCSI);
static NVME: Crc<u64, NoTable> = Crc::<u64, NoTable>::new(&CRC_64_NVME);

/// An algorithm that S3 knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrcAlgorithm {
    /// CRC32.
    Crc32IsoHdlc,
    /// CRC32C.
    Crc32Iscsi,
    /// CRC64NVME.
    Crc64Nvme,
}

/// A checksum in the making.
#[derive(Clone)]
pub struct Digest(Running);

#[derive(Clone)]
enum Running {
    Short(crc::Digest<'static, u32, NoTable>),
    Long(crc::Digest<'static, u64, NoTable>),
}

impl std::fmt::Debug for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Digest")
    }
}

impl Digest {
    /// Begins a checksum.
    pub fn new(algorithm: CrcAlgorithm) -> Self {
        Self(match algorithm {
            CrcAlgorithm::Crc32IsoHdlc => Running::Short(ISO_HDLC.digest()),
            CrcAlgorithm::Crc32Iscsi => Running::Short(ISCSI.digest()),
            CrcAlgorithm::Crc64Nvme => Running::Long(NVME.digest()),
        })
    }

    /// Takes in more bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            Running::Short(digest) => digest.update(bytes),
            Running::Long(digest) => digest.update(bytes),
        }
    }

    /// The checksum, in its low bits.
    pub fn finalize(self) -> u64 {
        match self.0 {
            Running::Short(digest) => digest.finalize().into(),
            Running::Long(digest) => digest.finalize(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check values of the catalogue of CRC algorithms.
    #[test]
    fn the_published_check_values_come_out() {
        for (algorithm, expected) in [
            (CrcAlgorithm::Crc32IsoHdlc, 0xcbf4_3926),
            (CrcAlgorithm::Crc32Iscsi, 0xe306_9283),
            (CrcAlgorithm::Crc64Nvme, 0xae8b_1486_0a79_9888),
        ] {
            let mut digest = Digest::new(algorithm);
            digest.update(b"1234");
            digest.update(b"56789");
            assert_eq!(digest.finalize(), expected, "{algorithm:?}");
        }
    }
}
