//! Orders by id, each linked to who stands before and behind it; slots are used again.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use foldhash::fast::FixedState;

/// No slot.
pub(super) const NONE: u32 = u32::MAX;

/// An order, linked into its level's queue.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    pub id: u64,
    pub size: u32,
    /// The level it stands at.
    pub level: u32,
    /// Who is served before it; [`NONE`] for the first.
    pub ahead: u32,
    /// Who is served after it; [`NONE`] for the last. In a free slot: the next free one.
    pub behind: u32,
}

/// Orders by id. The hash never shows: nothing iterates the map.
#[derive(Clone, Debug)]
pub(super) struct Orders {
    slots: Vec<Slot>,
    free: u32,
    by_id: HashMap<u64, u32, FixedState>,
}

impl Default for Orders {
    fn default() -> Self {
        Self { slots: Vec::new(), free: NONE, by_id: HashMap::default() }
    }
}

impl Orders {
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    pub fn find(&self, id: u64) -> Option<u32> {
        self.by_id.get(&id).copied()
    }

    pub fn at(&self, slot: u32) -> &Slot {
        &self.slots[slot as usize]
    }

    pub fn at_mut(&mut self, slot: u32) -> &mut Slot {
        &mut self.slots[slot as usize]
    }

    /// The order's slot, and whether it is new; a new one is not linked yet.
    pub fn find_or_insert(&mut self, id: u64) -> (u32, bool) {
        match self.by_id.entry(id) {
            Entry::Occupied(held) => (*held.get(), false),
            Entry::Vacant(vacant) => {
                let order = Slot { id, size: 0, level: NONE, ahead: NONE, behind: NONE };
                let slot = if self.free == NONE {
                    self.slots.push(order);
                    (self.slots.len() - 1) as u32
                } else {
                    let slot = self.free;
                    self.free = self.slots[slot as usize].behind;
                    self.slots[slot as usize] = order;
                    slot
                };
                vacant.insert(slot);
                (slot, true)
            }
        }
    }

    /// Takes `size` off an order, in one look-up: its slot, and what is left. Where nothing is, its
    /// id is known no more, and the slot is to be unlinked and given up.
    pub fn reduce(&mut self, id: u64, size: u32) -> Option<(u32, u32)> {
        let Entry::Occupied(held) = self.by_id.entry(id) else { return None };
        let slot = *held.get();
        let left = self.slots[slot as usize].size.saturating_sub(size);
        if left == 0 {
            held.remove();
        }
        Some((slot, left))
    }

    /// Gives up a slot that is linked nowhere any more, whose id is known no more.
    pub fn free(&mut self, slot: u32) {
        self.slots[slot as usize].behind = self.free;
        self.free = slot;
    }

    /// Gives up the slot of an order that is linked nowhere any more.
    pub fn remove(&mut self, slot: u32) {
        self.by_id.remove(&self.slots[slot as usize].id);
        self.free(slot);
    }

    pub fn clear(&mut self) {
        self.slots.clear();
        self.free = NONE;
        self.by_id.clear();
    }
}
