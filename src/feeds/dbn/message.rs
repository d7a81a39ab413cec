//! Which type a record is of, with those of older versions as the current version has them.

use std::borrow::Cow;

use ::dbn::enums::rtype;
use ::dbn::{
    BboMsg, CbboMsg, Cmbp1Msg, ErrorMsg, HasRType, ImbalanceMsg, InstrumentDefMsg, MboMsg, Mbp1Msg,
    Mbp10Msg, OhlcvMsg, RecordHeader, RecordRef, StatMsg, StatusMsg, SymbolMappingMsg, SystemMsg,
    TradeMsg, v1, v2, v3,
};

/// A record, by its type.
#[derive(Debug)]
pub enum Message<'a> {
    /// `mbo`.
    Mbo(&'a MboMsg),
    /// `trades`.
    Trade(&'a TradeMsg),
    /// `mbp-1` and `tbbo`, which look the same.
    Mbp1(&'a Mbp1Msg),
    /// `mbp-10`.
    Mbp10(&'a Mbp10Msg),
    /// `bbo-1s` and `bbo-1m`.
    Bbo(&'a BboMsg),
    /// `cmbp-1` and `tcbbo`.
    Cmbp1(&'a Cmbp1Msg),
    /// `cbbo-1s` and `cbbo-1m`.
    Cbbo(&'a CbboMsg),
    /// `ohlcv-*`.
    Ohlcv(&'a OhlcvMsg),
    /// `definition`.
    Definition(Box<InstrumentDefMsg>),
    /// `statistics`.
    Statistic(Cow<'a, StatMsg>),
    /// `status`.
    Status(&'a StatusMsg),
    /// `imbalance`.
    Imbalance(&'a ImbalanceMsg),
    /// Live: which symbol an instrument id stands for from here on.
    Mapping(Cow<'a, SymbolMappingMsg>),
    /// Live: a word of the gateway.
    System(String),
    /// Live: an error of the gateway.
    Error(String),
}

/// A record that is none of the known types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// Its type is not known.
    #[error("records of type {0:#04x} are not known")]
    Unknown(u8),
    /// It is shorter than its type in any version.
    #[error("a record of type {kind:#04x} with {bytes} bytes")]
    TooShort {
        /// Its type.
        kind: u8,
        /// Its length.
        bytes: usize,
    },
}

impl<'a> Message<'a> {
    /// Tells a record's type. Versions are told by its length: they differ in nothing else, and a
    /// fragment has no metadata to say which it is of.
    ///
    /// # Errors
    ///
    /// [`MessageError`] where it is none.
    pub fn of(record: RecordRef<'a>) -> Result<Self, MessageError> {
        Ok(match record.header().rtype {
            rtype::MBO => Self::Mbo(whole(record)?),
            rtype::MBP_0 => Self::Trade(whole(record)?),
            rtype::MBP_1 => Self::Mbp1(whole(record)?),
            rtype::MBP_10 => Self::Mbp10(whole(record)?),
            rtype::BBO_1S | rtype::BBO_1M => Self::Bbo(whole(record)?),
            rtype::CMBP_1 | rtype::TCBBO => Self::Cmbp1(whole(record)?),
            rtype::CBBO_1S | rtype::CBBO_1M => Self::Cbbo(whole(record)?),
            rtype::OHLCV_DEPRECATED
            | rtype::OHLCV_1S
            | rtype::OHLCV_1M
            | rtype::OHLCV_1H
            | rtype::OHLCV_1D
            | rtype::OHLCV_EOD => Self::Ohlcv(whole(record)?),
            rtype::STATUS => Self::Status(whole(record)?),
            rtype::IMBALANCE => Self::Imbalance(whole(record)?),
            rtype::INSTRUMENT_DEF => {
                Self::Definition(Box::new(if holds::<v3::InstrumentDefMsg>(record) {
                    whole::<v3::InstrumentDefMsg>(record)?.clone()
                } else if holds::<v2::InstrumentDefMsg>(record) {
                    whole::<v2::InstrumentDefMsg>(record)?.into()
                } else {
                    whole::<v1::InstrumentDefMsg>(record)?.into()
                }))
            }
            rtype::STATISTICS => Self::Statistic(if holds::<v3::StatMsg>(record) {
                Cow::Borrowed(whole(record)?)
            } else {
                Cow::Owned(whole::<v1::StatMsg>(record)?.into())
            }),
            rtype::SYMBOL_MAPPING => Self::Mapping(if holds::<SymbolMappingMsg>(record) {
                Cow::Borrowed(whole(record)?)
            } else {
                Cow::Owned(whole::<v1::SymbolMappingMsg>(record)?.into())
            }),
            rtype::SYSTEM => Self::System(said(if holds::<SystemMsg>(record) {
                whole::<SystemMsg>(record)?.msg()
            } else {
                whole::<v1::SystemMsg>(record)?.msg()
            })),
            rtype::ERROR => Self::Error(said(if holds::<ErrorMsg>(record) {
                whole::<ErrorMsg>(record)?.err()
            } else {
                whole::<v1::ErrorMsg>(record)?.err()
            })),
            unknown => return Err(MessageError::Unknown(unknown)),
        })
    }
}

/// Whether a record is long enough for `T`, whose type it is of.
pub(super) fn holds<T: HasRType<Header = RecordHeader>>(record: RecordRef<'_>) -> bool {
    size_of::<T>() <= record.header().record_size()
}

/// The record as a `T`; its length is compared before it is looked into.
pub(super) fn whole<T: HasRType<Header = RecordHeader>>(
    record: RecordRef<'_>,
) -> Result<&T, MessageError> {
    let header = record.header();
    let (kind, bytes) = (header.rtype, header.record_size());
    record.try_get().map_err(|_| MessageError::TooShort { kind, bytes })
}

fn said(text: ::dbn::Result<&str>) -> String {
    text.unwrap_or("not UTF-8").to_owned()
}
