//! The fields of a record, as the vendor's own encoder writes them.

use ::dbn::encode::json::Encoder;
use ::dbn::encode::{DbnEncodable, EncodeRecord};
use ::dbn::enums::rtype;
use ::dbn::{
    BboMsg, CbboMsg, Cmbp1Msg, ErrorMsg, ImbalanceMsg, InstrumentDefMsg, MboMsg, Mbp1Msg, Mbp10Msg,
    OhlcvMsg, RType, RecordRef, StatMsg, StatusMsg, SymbolMappingMsg, SystemMsg, TradeMsg, v1, v2,
};
use serde_json::{Map, Value};

use super::message::{MessageError, holds, whole};

/// A record's fields by their names, in its own version: numbers of prices as they are stored, those
/// of its header beside the others, with its length (`size_hint`) and its type as a word (`rtype`).
///
/// # Errors
///
/// [`MessageError`] where it is of no known type.
pub fn fields(record: RecordRef<'_>) -> Result<Map<String, Value>, MessageError> {
    let kind = record.header().rtype;
    let mut fields = match kind {
        rtype::MBO => encoded::<MboMsg>(record),
        rtype::MBP_0 => encoded::<TradeMsg>(record),
        rtype::MBP_1 => encoded::<Mbp1Msg>(record),
        rtype::MBP_10 => encoded::<Mbp10Msg>(record),
        rtype::BBO_1S | rtype::BBO_1M => encoded::<BboMsg>(record),
        rtype::CMBP_1 | rtype::TCBBO => encoded::<Cmbp1Msg>(record),
        rtype::CBBO_1S | rtype::CBBO_1M => encoded::<CbboMsg>(record),
        rtype::OHLCV_DEPRECATED
        | rtype::OHLCV_1S
        | rtype::OHLCV_1M
        | rtype::OHLCV_1H
        | rtype::OHLCV_1D
        | rtype::OHLCV_EOD => encoded::<OhlcvMsg>(record),
        rtype::STATUS => encoded::<StatusMsg>(record),
        rtype::IMBALANCE => encoded::<ImbalanceMsg>(record),
        rtype::INSTRUMENT_DEF if holds::<InstrumentDefMsg>(record) => {
            encoded::<InstrumentDefMsg>(record)
        }
        rtype::INSTRUMENT_DEF if holds::<v2::InstrumentDefMsg>(record) => {
            encoded::<v2::InstrumentDefMsg>(record)
        }
        rtype::INSTRUMENT_DEF => encoded::<v1::InstrumentDefMsg>(record),
        rtype::STATISTICS if holds::<StatMsg>(record) => encoded::<StatMsg>(record),
        rtype::STATISTICS => encoded::<v1::StatMsg>(record),
        rtype::SYMBOL_MAPPING if holds::<SymbolMappingMsg>(record) => {
            encoded::<SymbolMappingMsg>(record)
        }
        rtype::SYMBOL_MAPPING => encoded::<v1::SymbolMappingMsg>(record),
        rtype::SYSTEM if holds::<SystemMsg>(record) => encoded::<SystemMsg>(record),
        rtype::SYSTEM => encoded::<v1::SystemMsg>(record),
        rtype::ERROR if holds::<ErrorMsg>(record) => encoded::<ErrorMsg>(record),
        rtype::ERROR => encoded::<v1::ErrorMsg>(record),
        unknown => Err(MessageError::Unknown(unknown)),
    }?;
    if let Some(Value::Object(header)) = fields.remove("hd") {
        fields.extend(header);
    }
    fields.insert("size_hint".to_owned(), record.header().record_size().into());
    let word = RType::try_from(kind).map_err(|_| MessageError::Unknown(kind))?;
    fields.insert("rtype".to_owned(), word.as_str().into());
    Ok(fields)
}

fn encoded<T: DbnEncodable + ::dbn::HasRType<Header = ::dbn::RecordHeader>>(
    record: RecordRef<'_>,
) -> Result<Map<String, Value>, MessageError> {
    let told: &T = whole(record)?;
    let mut bytes = Vec::new();
    let wrote = Encoder::new(&mut bytes, false, false, false).encode_record(told);
    let fields = wrote.ok().and_then(|()| serde_json::from_slice(&bytes).ok());
    fields.ok_or(MessageError::Unknown(record.header().rtype))
}
