//! The records of a file: compressed or not, with metadata or a fragment without, told by what it
//! begins with and never by its name.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use ::dbn::decode::DynReader;
use ::dbn::decode::dbn::fsm::{DbnFsm, ProcessResult};
use ::dbn::enums::rtype;
use ::dbn::{
    BboMsg, CbboMsg, Cmbp1Msg, ErrorMsg, ImbalanceMsg, MboMsg, Mbp1Msg, Mbp10Msg, Metadata,
    OhlcvMsg, RecordRef, StatMsg, StatusMsg, SymbolMappingMsg, SystemMsg, TradeMsg,
    VersionUpgradePolicy, v1, v2, v3,
};

use super::stride::{Stride, Stumble};

/// The greatest metadata taken, in bytes: a month of all options has some 30 MiB.
const METADATA_BYTES_MAX: u32 = 256 * 1024 * 1024;
/// The first bytes of metadata: `DBN`, the version, and the length of the rest (four bytes).
const PRELUDE_BYTES: usize = 8;
/// The first bytes of DBZ, behind the header of a skippable zstd frame (magic 0x184D2A5?).
const DBZ_AT: std::ops::Range<usize> = 8..11;

/// A file that cannot be read, or not to its end.
#[derive(Debug, thiserror::Error)]
#[error("{}, after {records} records: {fault}", file.display())]
pub struct FileError {
    /// The file.
    pub file: PathBuf,
    /// How many of its records were read before.
    pub records: u64,
    /// What is wrong.
    pub fault: Fault,
}

/// Why a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// It cannot be opened, read or unpacked.
    #[error("{0}")]
    Unreadable(#[from] io::Error),
    /// The format before DBN, which ended in 2023.
    #[error("this is DBZ, the format before DBN; the vendor's `dbn` tool turns it into DBN")]
    Legacy,
    /// It begins neither with metadata nor with a record.
    #[error("this is not DBN: it begins with {0:02x?}")]
    NotDbn(Vec<u8>),
    /// Its metadata say that they are larger than 256 MiB.
    #[error("metadata of {0} bytes")]
    Metadata(u32),
    /// It ends within a record or the metadata.
    #[error("it ends within a record: {0} bytes are left over")]
    CutShort(usize),
    /// A record says of itself a length that none has.
    #[error("a record of {0} words of four bytes")]
    Length(u8),
    /// What the vendor's decoder says.
    #[error("{0}")]
    Malformed(#[from] ::dbn::Error),
}

/// Reads one file. Records come as they were written, in their own version.
pub struct Reader {
    file: PathBuf,
    input: DynReader<'static, Box<dyn BufRead + Send>>,
    fsm: DbnFsm,
    stride: Stride,
    /// The length of a record that cannot be one, behind all that the decoder has.
    damaged: Option<u8>,
    metadata: Option<Metadata>,
    records: u64,
}

impl Reader {
    /// Opens a file and reads its metadata, where it has any.
    ///
    /// # Errors
    ///
    /// [`FileError`] where it cannot be opened or is no DBN.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, FileError> {
        let file = path.as_ref().to_path_buf();
        match File::open(&file) {
            Ok(opened) => Self::read(file, Box::new(BufReader::with_capacity(1 << 16, opened))),
            Err(error) => Err(FileError { file, records: 0, fault: error.into() }),
        }
    }

    /// Reads from anywhere; `file` is what errors name.
    ///
    /// # Errors
    ///
    /// As [`Reader::open`].
    pub fn read(file: PathBuf, packed: Box<dyn BufRead + Send>) -> Result<Self, FileError> {
        Self::begin(file.clone(), packed).map_err(|fault| FileError { file, records: 0, fault })
    }

    fn begin(file: PathBuf, mut packed: Box<dyn BufRead + Send>) -> Result<Self, Fault> {
        let first = packed.fill_buf()?;
        let skippable = first.len() > DBZ_AT.end && first[1..4] == [0x2a, 0x4d, 0x18];
        if skippable && first[0] & 0xf0 == 0x50 && first[DBZ_AT] == *b"DBZ" {
            return Err(Fault::Legacy);
        }
        let mut input = DynReader::inferred_with_buffer(packed)?;
        let mut prefix = Vec::with_capacity(PRELUDE_BYTES);
        input.by_ref().take(PRELUDE_BYTES as u64).read_to_end(&mut prefix)?;
        let has_metadata = prefix.starts_with(b"DBN");
        let mut metadata_bytes = 0;
        match *prefix.as_slice() {
            [b'D', b'B', b'N', _, a, b, c, d] => {
                let length = u32::from_le_bytes([a, b, c, d]);
                if METADATA_BYTES_MAX < length {
                    return Err(Fault::Metadata(length));
                }
                metadata_bytes = PRELUDE_BYTES + length as usize;
            }
            // A record: its length in words, then its type.
            [length, kind, ..] if fits(length, kind) => {}
            _ => return Err(Fault::NotDbn(prefix)),
        }
        let mut fsm = DbnFsm::builder()
            .upgrade_policy(VersionUpgradePolicy::AsIs)
            .skip_metadata(!has_metadata)
            .build()?;
        fsm.write_all(&prefix);
        let mut stride = Stride::behind(metadata_bytes);
        if let Err(Stumble { length, .. }) = stride.take(&prefix) {
            return Err(Fault::Length(length));
        }
        let mut reader =
            Self { file, input, fsm, stride, damaged: None, metadata: None, records: 0 };
        while has_metadata && reader.metadata.is_none() {
            match reader.fsm.process() {
                ProcessResult::Metadata(found) => reader.metadata = Some(found),
                ProcessResult::Err(error) => return Err(error.into()),
                ProcessResult::Record(()) => break,
                ProcessResult::ReadMore(_) => {
                    if !reader.read_on()? {
                        return Err(Fault::CutShort(reader.fsm.data().len()));
                    }
                }
            }
        }
        Ok(reader)
    }

    /// Hands more bytes to the decoder; false at the end of the file.
    fn read_on(&mut self) -> Result<bool, Fault> {
        if let Some(length) = self.damaged {
            return Err(Fault::Length(length));
        }
        let space = self.fsm.space();
        let read = self.input.read(space)?;
        match self.stride.take(&space[..read]) {
            Ok(()) => self.fsm.fill(read),
            // What stands in front of it is good.
            Err(Stumble { before, length }) => {
                self.damaged = Some(length);
                self.fsm.fill(before);
            }
        }
        Ok(read != 0)
    }

    /// What the file says of itself; none for a fragment.
    #[must_use]
    pub fn metadata(&self) -> Option<&Metadata> {
        self.metadata.as_ref()
    }

    /// The next record; none behind the last one.
    ///
    /// # Errors
    ///
    /// [`FileError`] where the file is damaged; nothing can be read behind that.
    pub fn next_record(&mut self) -> Result<Option<RecordRef<'_>>, FileError> {
        while !self.fsm.has_buffered_record() {
            if let Err(fault) = self.advance() {
                return Err(FileError { file: self.file.clone(), records: self.records, fault });
            }
            if !self.fsm.has_buffered_record() && self.fsm.data().is_empty() {
                return Ok(None);
            }
        }
        self.records += 1;
        Ok(self.fsm.next_buffered_record())
    }

    /// Decodes what is there; where that is not a record yet, reads on. At the end of the file
    /// nothing is left over.
    fn advance(&mut self) -> Result<(), Fault> {
        loop {
            match self.fsm.process_batch() {
                ProcessResult::Record(_) => return Ok(()),
                ProcessResult::Metadata(_) => {}
                ProcessResult::Err(error) => return Err(error.into()),
                ProcessResult::ReadMore(_) => {
                    if !self.read_on()? {
                        let left = self.fsm.data().len();
                        return if left == 0 { Ok(()) } else { Err(Fault::CutShort(left)) };
                    }
                }
            }
        }
    }
}

/// Whether a record of that length, in words, can be of that type: in any version, with the time of
/// its sending behind it or without.
fn fits(length: u8, kind: u8) -> bool {
    let sizes: &[usize] = match kind {
        rtype::MBP_0 => &[size_of::<TradeMsg>()],
        rtype::MBP_1 => &[size_of::<Mbp1Msg>()],
        rtype::MBP_10 => &[size_of::<Mbp10Msg>()],
        rtype::OHLCV_DEPRECATED
        | rtype::OHLCV_1S
        | rtype::OHLCV_1M
        | rtype::OHLCV_1H
        | rtype::OHLCV_1D
        | rtype::OHLCV_EOD => &[size_of::<OhlcvMsg>()],
        rtype::STATUS => &[size_of::<StatusMsg>()],
        rtype::INSTRUMENT_DEF => &[
            size_of::<v1::InstrumentDefMsg>(),
            size_of::<v2::InstrumentDefMsg>(),
            size_of::<v3::InstrumentDefMsg>(),
        ],
        rtype::IMBALANCE => &[size_of::<ImbalanceMsg>()],
        rtype::ERROR => &[size_of::<v1::ErrorMsg>(), size_of::<ErrorMsg>()],
        rtype::SYMBOL_MAPPING => {
            &[size_of::<v1::SymbolMappingMsg>(), size_of::<SymbolMappingMsg>()]
        }
        rtype::SYSTEM => &[size_of::<v1::SystemMsg>(), size_of::<SystemMsg>()],
        rtype::STATISTICS => &[size_of::<v1::StatMsg>(), size_of::<StatMsg>()],
        rtype::MBO => &[size_of::<MboMsg>()],
        rtype::CMBP_1 | rtype::TCBBO => &[size_of::<Cmbp1Msg>()],
        rtype::CBBO_1S | rtype::CBBO_1M => &[size_of::<CbboMsg>()],
        rtype::BBO_1S | rtype::BBO_1M => &[size_of::<BboMsg>()],
        _ => &[],
    };
    let bytes = 4 * usize::from(length);
    sizes.iter().any(|size| bytes == *size || bytes == size + size_of::<u64>())
}
