//! Frames of a venue, through its adapter and its reader of candles.

use anyhow::ensure;
use tickwire::feeds::venues::candle::Witness;
use tickwire::feeds::venues::{Adapter, Frame, Venue};

use super::mutation::Mutation;
use super::{Fold, Outcomes, guarded};

/// Frames that one set of readers takes before fresh ones go on.
const FRAMES_A_RUN: u64 = 10_000;

/// Two adapters that take the same frames, but the second none that the first refuses: they must go on
/// alike. And a reader of candles.
struct Readers {
    all: Box<dyn Adapter + Send>,
    accepted: Box<dyn Adapter + Send>,
    witness: Box<dyn Witness + Send>,
}

/// Goes along the recording, again and again, with mutations between its frames.
pub fn run(
    outcomes: &mut Outcomes,
    venue: &Venue,
    seeds: &[Vec<u8>],
    mutation: &mut Mutation,
    count: u64,
) -> anyhow::Result<()> {
    let fresh = || Readers {
        all: (venue.adapter)(),
        accepted: (venue.adapter)(),
        witness: (venue.witness)(),
    };
    let mut fold = Fold::default();
    let mut readers = fresh();
    let mut next = 0;
    for nth in 0..count {
        if nth % FRAMES_A_RUN == 0 {
            readers = fresh();
            next = 0;
        }
        let bytes = if mutation.below(2) == 0 {
            next += 1;
            seeds[(next - 1) % seeds.len()].clone()
        } else {
            mutation.next(seeds)
        };
        let is_response = mutation.below(8) == 0;
        let recv = mutation.below(1 << 60) as i64;
        guarded(&bytes, || {
            // A socket refuses what is not text before any adapter sees it.
            let text = String::from_utf8_lossy(&bytes);
            let frame = if is_response {
                Frame::Response { url: None, body: &text }
            } else {
                Frame::Message(&text)
            };
            taken(outcomes, &mut readers, frame, recv, &mut fold)
        })?;
        if nth % FRAMES_A_RUN == FRAMES_A_RUN - 1 {
            guarded(b"", || taken(outcomes, &mut readers, Frame::Lost, recv, &mut fold))?;
        }
    }
    Ok(())
}

fn taken(
    outcomes: &mut Outcomes,
    readers: &mut Readers,
    frame: Frame<'_>,
    recv: i64,
    fold: &mut Fold,
) -> anyhow::Result<()> {
    let mut candles = Vec::new();
    let witnessed = readers.witness.take(frame, &mut candles);
    ensure!(witnessed.is_ok() || candles.is_empty(), "a refused frame gave a candle");
    let mut out = Vec::new();
    if let Err(error) = readers.all.take(frame, recv, &mut out) {
        ensure!(out.is_empty(), "a refused frame gave something");
        outcomes.refuse(&error);
        return Ok(());
    }
    outcomes.accepted += 1;
    let mut undisturbed = Vec::new();
    let outcome = readers.accepted.take(frame, recv, &mut undisturbed);
    ensure!(outcome.is_ok() && out == undisturbed, "a refused frame before this one shows");
    outcomes.given(&out, fold)
}
