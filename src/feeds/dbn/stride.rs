//! Whether records stand where they may: each is a whole number of eight bytes long, its header
//! included. The vendor's decoder looks at them where they stand in memory, which is sound only so;
//! a damaged length must not reach it.

/// The bytes of a record's header.
const HEADER_BYTES: usize = 16;
/// What records are aligned to.
const ALIGNED_BYTES: usize = 8;

/// Walks along the bytes of a file, from record to record.
#[derive(Debug)]
pub(super) struct Stride {
    /// Bytes before the next record.
    ahead: usize,
}

/// A record of a length that none has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stumble {
    /// Bytes in front of it.
    pub before: usize,
    /// Its length in words of four bytes.
    pub length: u8,
}

impl Stride {
    /// Records begin behind so many bytes.
    pub fn behind(bytes: usize) -> Self {
        Self { ahead: bytes }
    }

    /// Walks over the next bytes.
    ///
    /// # Errors
    ///
    /// [`Stumble`] at a record of a length that none has; nothing behind it can be found.
    pub fn take(&mut self, bytes: &[u8]) -> Result<(), Stumble> {
        while let Some(&length) = bytes.get(self.ahead) {
            let size = 4 * usize::from(length);
            if size < HEADER_BYTES || !size.is_multiple_of(ALIGNED_BYTES) {
                return Err(Stumble { before: self.ahead, length });
            }
            self.ahead += size;
        }
        self.ahead -= bytes.len();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_found_however_the_bytes_are_cut() {
        let mut bytes = vec![0; 10];
        bytes.extend([14; 56]);
        bytes.extend([20; 80]);
        bytes.extend([3; 12]);
        for cut in 1..bytes.len() {
            let (mut stride, mut walked) = (Stride::behind(10), 0);
            let stumble = bytes.chunks(cut).find_map(|chunk| {
                let outcome = stride.take(chunk);
                walked += outcome.map_or_else(|stumble| stumble.before, |()| chunk.len());
                outcome.err()
            });
            assert_eq!((walked, stumble.unwrap().length), (146, 3), "{cut}");
        }
        assert!(Stride::behind(0).take(&[0]).is_err());
        assert_eq!(Stride::behind(usize::MAX).take(&[0; 9]), Ok(()));
    }
}
