//! Vendors' files: DBN, whole or in pieces, and rows of CSV.

use std::io::{Cursor, Read};
use std::path::PathBuf;

use anyhow::{Context, ensure};
use tickwire::domain::market::Instrument;
use tickwire::feeds::csv::{Layout, Row, RowReader, Sessions};
use tickwire::feeds::dbn::{Adapter, Reader};

use super::mutation::Mutation;
use super::{Fold, Outcomes, guarded};

/// Bytes of a file that are kept; the first records are as good as all.
const FILE_BYTES_MAX: u64 = 8 * 1024;

/// Rows of trades and quotes, told apart by their lengths.
const ROWS: [&str; 8] = [
    "1700000000000,101.25,3,buy,7",
    "1700000000001,101.20,0.00000001,S,8",
    "1700000000002,-1,5,,9",
    "1700000000003.25,1e-05,12345678901234567,maker,10",
    "1700000000004,101.20,101.30",
    "1700000000005,,101.30",
    "1700000000006,101.20,nan",
    "1700000000007,0,0",
];

/// Files of any schema.
pub fn dbn(
    outcomes: &mut Outcomes,
    files: &[PathBuf],
    mutation: &mut Mutation,
    count: u64,
) -> anyhow::Result<()> {
    let mut seeds = Vec::new();
    for file in files {
        let mut bytes = Vec::new();
        let opened = std::fs::File::open(file).with_context(|| file.display().to_string())?;
        opened.take(FILE_BYTES_MAX).read_to_end(&mut bytes)?;
        seeds.push(bytes);
    }
    ensure!(!seeds.is_empty(), "no files");
    let mut fold = Fold::default();
    for _ in 0..count {
        let bytes = mutation.next(&seeds);
        guarded(&bytes, || whole(outcomes, &bytes, &mut fold))?;
    }
    Ok(())
}

/// One file: read to its end, or to where it is damaged.
fn whole(outcomes: &mut Outcomes, bytes: &[u8], fold: &mut Fold) -> anyhow::Result<()> {
    let mut reader = match Reader::read("bytes".into(), Box::new(Cursor::new(bytes.to_vec()))) {
        Ok(reader) => reader,
        Err(error) => {
            outcomes.refuse(&error.fault);
            return Ok(());
        }
    };
    let (mut adapter, mut given) = (Adapter::default(), Vec::new());
    adapter.begin(reader.metadata());
    loop {
        match reader.next_record() {
            Ok(Some(record)) => {
                let before = given.len();
                match adapter.take(record, &mut given) {
                    Ok(()) => outcomes.accepted += 1,
                    // A trade without a price changes the book all the same.
                    Err(refused) => {
                        outcomes.refuse(&refused);
                        ensure!(given.len() <= before + 2, "a refused record gave much");
                    }
                }
            }
            Ok(None) => break,
            Err(error) => {
                outcomes.refuse(&error.fault);
                break;
            }
        }
    }
    adapter.finish(&mut given);
    outcomes.given(&given, fold)
}

/// Rows, as trades and as quotes.
pub fn csv(outcomes: &mut Outcomes, mutation: &mut Mutation, count: u64) -> anyhow::Result<()> {
    let layout = |columns: &str| -> anyhow::Result<Layout> {
        Ok(Layout {
            instrument: Instrument::parse("CSV:X")?,
            columns: columns.parse()?,
            has_header: false,
            delimiter: b',',
            time: "ms".parse().map_err(|error| anyhow::anyhow!("{error}"))?,
            zone: "UTC".parse().map_err(|error| anyhow::anyhow!("{error}"))?,
            price_scale: None,
            qty_scale: None,
            side_is_maker: false,
            sessions: Sessions::default(),
            newest_first: false,
        })
    };
    let layouts = [layout("time=1,price=2,qty=3,side=4,id=5")?, layout("time=1,bid=2,ask=3")?];
    let mut readers = Vec::new();
    for layout in &layouts {
        let mut reader = RowReader::new(layout)?;
        reader.begin(layout.columns.by_position()?, None);
        readers.push((&layout.instrument, reader));
    }
    let seeds: Vec<Vec<u8>> = ROWS.iter().map(|row| row.as_bytes().to_vec()).collect();
    let mut fold = Fold::default();
    for _ in 0..count {
        let bytes = mutation.next(&seeds);
        let text = String::from_utf8_lossy(&bytes);
        let cells: Vec<&str> = text.split(',').collect();
        for (instrument, reader) in &mut readers {
            guarded(&bytes, || {
                match reader.take(|at| cells.get(at).copied()) {
                    Ok(Row::Event(event)) => {
                        outcomes.accepted += 1;
                        outcomes.given(&[(instrument.clone(), event)], &mut fold)?;
                    }
                    Ok(Row::Outside) => outcomes.accepted += 1,
                    Err(error) => outcomes.refuse(&error),
                }
                Ok(())
            })?;
        }
    }
    Ok(())
}
