//! Orders by id, each linked to who stands before and behind it; slots are used again.

use std::hash::BuildHasher;

use foldhash::fast::FixedState;

/// No slot.
pub(super) const NONE: u32 = u32::MAX;
/// Places of an index when it gets its first order.
const PLACES_MIN: usize = 64;
/// Up to here an index grows fourfold, so that a young book is not filed again and again.
const PLACES_SMALL: usize = 1 << 14;

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

/// Orders by id.
///
/// The index holds slots alone, four bytes each: an id is compared in the slot, which is looked into
/// anyway. What a look-up costs is the memory it touches, and this way it is two lines of it. Open
/// addressing, one place after the other; a removal moves back who stands behind it, so that there
/// are no graves. The hash never shows: nothing iterates the index.
#[derive(Clone, Debug)]
pub(super) struct Orders {
    slots: Vec<Slot>,
    free: u32,
    /// Slots by the hash of their id, at most half full; a power of two of them, or none.
    index: Vec<u32>,
    len: usize,
    hash: FixedState,
}

impl Default for Orders {
    fn default() -> Self {
        let hash = FixedState::default();
        Self { slots: Vec::new(), free: NONE, index: Vec::new(), len: 0, hash }
    }
}

impl Orders {
    pub fn len(&self) -> usize {
        self.len
    }

    pub fn at(&self, slot: u32) -> &Slot {
        &self.slots[slot as usize]
    }

    pub fn at_mut(&mut self, slot: u32) -> &mut Slot {
        &mut self.slots[slot as usize]
    }

    pub fn find(&self, id: u64) -> Option<u32> {
        self.place_of(id).ok().map(|place| self.index[place])
    }

    /// The order's slot, and whether it is new; a new one is not linked yet.
    pub fn find_or_insert(&mut self, id: u64) -> (u32, bool) {
        if self.index.len() <= 2 * self.len {
            self.grow();
        }
        let place = match self.place_of(id) {
            Ok(place) => return (self.index[place], false),
            Err(place) => place,
        };
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
        self.index[place] = slot;
        self.len += 1;
        (slot, true)
    }

    /// Takes `size` off an order, in one look-up: its slot, and what is left. Where nothing is, its
    /// id is known no more, and the slot is to be unlinked and given up.
    pub fn reduce(&mut self, id: u64, size: u32) -> Option<(u32, u32)> {
        let place = self.place_of(id).ok()?;
        let slot = self.index[place];
        let left = self.slots[slot as usize].size.saturating_sub(size);
        if left == 0 {
            self.forget(place);
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
        if let Ok(place) = self.place_of(self.slots[slot as usize].id) {
            self.forget(place);
        }
        self.free(slot);
    }

    pub fn clear(&mut self) {
        self.slots.clear();
        self.free = NONE;
        self.index.fill(NONE);
        self.len = 0;
    }

    /// Where the look-up of an id begins; the index is not empty.
    fn home(&self, id: u64) -> usize {
        // A power of two, so that the bits below are all that count.
        self.hash.hash_one(id) as usize & (self.index.len() - 1)
    }

    fn next(&self, place: usize) -> usize {
        (place + 1) & (self.index.len() - 1)
    }

    /// Where an id stands, or where it would.
    fn place_of(&self, id: u64) -> Result<usize, usize> {
        if self.index.is_empty() {
            return Err(0);
        }
        let mut place = self.home(id);
        loop {
            match self.index[place] {
                NONE => return Err(place),
                slot if self.slots[slot as usize].id == id => return Ok(place),
                _ => place = self.next(place),
            }
        }
    }

    /// Takes what stands at a place out of the index, and moves back who stands behind it and would
    /// not be found any more: whose way from its home to where it stands leads over the gap.
    fn forget(&mut self, place: usize) {
        let mask = self.index.len() - 1;
        let (mut gap, mut at) = (place, self.next(place));
        while self.index[at] != NONE {
            let home = self.home(self.slots[self.index[at] as usize].id);
            if at.wrapping_sub(gap) & mask <= at.wrapping_sub(home) & mask {
                self.index[gap] = self.index[at];
                gap = at;
            }
            at = self.next(at);
        }
        self.index[gap] = NONE;
        self.len -= 1;
    }

    fn grow(&mut self) {
        let held = std::mem::take(&mut self.index);
        let by = if held.len() < PLACES_SMALL { 4 } else { 2 };
        self.index = vec![NONE; (by * held.len()).max(PLACES_MIN)];
        for slot in held.into_iter().filter(|slot| *slot != NONE) {
            let (Ok(place) | Err(place)) = self.place_of(self.slots[slot as usize].id);
            self.index[place] = slot;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_index_knows_what_a_map_knows(
            ids in prop::collection::vec((0_u64..60, any::<bool>()), 0..600),
        ) {
            let (mut orders, mut map) = (Orders::default(), BTreeMap::new());
            for (id, comes) in ids {
                if comes {
                    let (slot, is_new) = orders.find_or_insert(id);
                    prop_assert_eq!(is_new, map.insert(id, slot).is_none_or(|at| at != slot));
                } else {
                    let held = map.remove(&id);
                    prop_assert_eq!(orders.reduce(id, 1), held.map(|slot| (slot, 0)));
                    held.into_iter().for_each(|slot| orders.free(slot));
                }
                prop_assert_eq!(orders.len(), map.len());
                for id in 0..60 {
                    prop_assert_eq!(orders.find(id), map.get(&id).copied());
                }
            }
        }
    }
}
