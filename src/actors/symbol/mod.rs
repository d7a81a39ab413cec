//! One instrument: folds its records, and sends what changed to those who follow it.

mod answers;
mod core;
mod desk;
mod follow;
mod timing;
mod topics;

use std::any::Any;
use std::cell::RefCell;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::Sender;

use actix::prelude::*;

pub use self::answers::{CopyHot, LEVELS_COPIED, Looked, Source, Want};
use self::core::Core;
pub use self::core::epoch_base;
pub use self::desk::Desk;
use super::feed::Died;
use super::keeper::Errands;
use super::registry::{Face, Registry};
use crate::domain::market::{Event, Instrument, Market, Moment};
use crate::telemetry::metrics;
use crate::wire::channel::{Channel, TickClass};
use crate::wire::codec::Codec;
use crate::wire::command::ResumePoint;
use crate::wire::data::Exps;

/// One record of a batch.
#[derive(Clone, Debug)]
pub struct BatchRecord {
    /// Its position in the log.
    pub offset: i64,
    /// What the log says of it.
    pub moment: Moment,
    /// Its events among the batch's.
    pub events: Range<usize>,
    /// Its value among the batch's bytes, for a dead letter.
    pub raw: Range<usize>,
}

/// Bytes on their way; counted until the batch is folded.
#[derive(Debug)]
pub struct Held(usize);

impl Held {
    /// Counts bytes as held.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        metrics().held_bytes.inc_by(i64::try_from(bytes).unwrap_or(i64::MAX));
        Self(bytes)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        metrics().held_bytes.dec_by(i64::try_from(self.0).unwrap_or(i64::MAX));
    }
}

/// Records of one instrument, in the order of the log.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Batch {
    /// Their partition.
    pub partition: i32,
    /// The records.
    pub records: Vec<BatchRecord>,
    /// Their events.
    pub events: Vec<Event>,
    /// Their values.
    pub raw: Vec<u8>,
    /// Counted until this is dropped.
    pub held: Held,
}

/// A session follows a channel from here on, in a class.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct Follow {
    /// Which session.
    pub session: u64,
    /// On which shard.
    pub shard: usize,
    /// What.
    pub channel: Channel,
    /// How often.
    pub class: TickClass,
    /// How it wants to be written to.
    pub codec: Codec,
    /// How it comes to be there.
    pub coming: Coming,
    /// The decimals it was told; none where that is not known.
    pub told: Option<Exps>,
}

/// How a session comes to a class.
#[derive(Clone, Debug)]
pub enum Coming {
    /// New, or again without saying where it stands.
    Fresh,
    /// It says where it stands.
    Resumed(ResumePoint),
    /// From another class of the same channel.
    FromClass(TickClass),
    /// It is there already but could not take all that was sent; `seq` is the last it has.
    Slow {
        /// The run of sequence numbers.
        epoch: Arc<str>,
        /// The last change it has; none where that is not known.
        seq: Option<u64>,
    },
    /// The symbol was rebuilt; the session has all up to `seq`.
    Rebuilt {
        /// The run of sequence numbers.
        epoch: Arc<str>,
        /// The last change it has; none where that is not known.
        seq: Option<u64>,
    },
}

/// Sessions of a shard follow no longer.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct Unfollow {
    /// On which shard.
    pub shard: usize,
    /// What.
    pub channel: Channel,
    /// In which class.
    pub class: TickClass,
    /// How it was written to.
    pub codec: Codec,
}

/// Save yourself: the keeper is told.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct Save {
    /// Which round of saving.
    pub round: u64,
    /// Whether earlier parts may not have arrived.
    pub whole: bool,
}

/// The log is another than before.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct BeginEpoch {
    /// The new run's name.
    pub base: String,
    /// The partition it is in.
    pub partition: i32,
    /// The last record that does not count any more.
    pub after_offset: i64,
}

/// A question of a reader over HTTP.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Looked")]
pub struct Look(pub Want);

/// The time a silent instrument would have; the feed asks whether that would move anything.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct Nudge {
    /// Since when nothing came, in nanoseconds of silence.
    pub silence_ns: i64,
    /// Its partition.
    pub partition: i32,
}

/// Owns one market.
pub struct SymbolActor {
    core: Rc<RefCell<Core>>,
    name: Instrument,
}

impl SymbolActor {
    /// Starts a symbol on the thread this is called on.
    pub fn start_here(
        name: Instrument,
        market: Market,
        place: Place,
        face: Arc<Face>,
        registry: &Arc<Registry>,
        outlets: Outlets,
    ) -> Addr<Self> {
        let core = Core::new(name.clone(), market, place, face, registry.clone(), outlets);
        Self { core: Rc::new(RefCell::new(core)), name }.start()
    }

    /// Runs what could panic; a panic ends this symbol and no other.
    fn guarded(&mut self, ctx: &mut Context<Self>, run: impl FnOnce(&Rc<RefCell<Core>>)) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| run(&self.core))) {
            tracing::error!(
                instrument = %self.name, panic = text_of(&*panic),
                "a symbol panicked and is rebuilt"
            );
            self.core.borrow_mut().report_death();
            ctx.stop();
        }
    }
}

fn text_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("")
}

/// Where in the log a market stands.
#[derive(Clone, Debug, Default)]
pub struct Place {
    /// Its partition.
    pub partition: i32,
    /// The last record in it; −1 before the first.
    pub offset: i64,
    /// The generation it was last saved at, and the minutes of trades saved with it.
    pub saved: (u64, Vec<(i64, u64)>),
    /// Minutes of trades that are stored but belong to no saved market any more.
    pub orphans: Vec<(i64, u64)>,
}

/// Where a symbol sends what is not for sessions.
#[derive(Clone)]
pub struct Outlets {
    /// Dead letters, saved state and heartbeats.
    pub keeper: Errands,
    /// Word of a panic.
    pub died: Sender<Died>,
    /// Silence after which it is stale, in milliseconds.
    pub stale_after_ms: u32,
}

impl Actor for SymbolActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        // The feed bounds what is on its way by bytes, and pauses the log.
        ctx.set_mailbox_capacity(0);
        desk::join(&self.core);
    }
}

impl Handler<Batch> for SymbolActor {
    type Result = ();

    fn handle(&mut self, batch: Batch, ctx: &mut Self::Context) {
        self.guarded(ctx, |core| Core::fold(core, &batch));
    }
}

impl Handler<Follow> for SymbolActor {
    type Result = ();

    fn handle(&mut self, follow: Follow, ctx: &mut Self::Context) {
        self.guarded(ctx, |core| core.borrow_mut().follow(&follow));
    }
}

impl Handler<Unfollow> for SymbolActor {
    type Result = ();

    fn handle(&mut self, unfollow: Unfollow, ctx: &mut Self::Context) {
        self.guarded(ctx, |core| core.borrow_mut().unfollow(unfollow));
    }
}

impl Handler<Save> for SymbolActor {
    type Result = ();

    fn handle(&mut self, save: Save, ctx: &mut Self::Context) {
        self.guarded(ctx, |core| core.borrow_mut().save(save));
    }
}

impl Handler<BeginEpoch> for SymbolActor {
    type Result = ();

    fn handle(&mut self, begin: BeginEpoch, ctx: &mut Self::Context) {
        self.guarded(ctx, |core| core.borrow_mut().begin_epoch(&begin));
    }
}

impl Handler<Nudge> for SymbolActor {
    type Result = ();

    fn handle(&mut self, nudge: Nudge, ctx: &mut Self::Context) {
        self.guarded(ctx, |core| core.borrow_mut().nudge(nudge));
    }
}

impl Handler<CopyHot> for SymbolActor {
    type Result = MessageResult<CopyHot>;

    fn handle(&mut self, CopyHot { known }: CopyHot, _ctx: &mut Self::Context) -> Self::Result {
        MessageResult(self.core.borrow().copy_hot(known))
    }
}

impl Handler<Look> for SymbolActor {
    type Result = MessageResult<Look>;

    fn handle(&mut self, Look(want): Look, _ctx: &mut Self::Context) -> Self::Result {
        MessageResult(self.core.borrow().look(&want))
    }
}
