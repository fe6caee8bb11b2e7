//! Small random numbers that are the same each time, for tests: a linear congruential generator with the multiplier and the
//! increment of Knuth's MMIX (The Art of Computer Programming, volume 2, 3.3.4), of which the upper 31 bits are used.

pub(super) struct Lcg(pub(super) u64);

impl Lcg {
    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }
}
