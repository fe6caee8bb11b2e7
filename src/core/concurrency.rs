//! How many slots a pool has.

/// The processors that this process may use: affinity and control-group quota included (the source is `num_cpus`).
#[must_use]
pub fn cores() -> u32 {
    u32::try_from(num_cpus::get()).unwrap_or(1).max(1)
}

/// Slots for `factor` threads a core: rounded, never below 1.
#[must_use]
pub fn slots(factor: f64) -> u32 {
    let exact = (f64::from(cores()) * factor).round().max(1.0);
    if exact >= f64::from(u32::MAX) {
        return u32::MAX;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "in range by the lines above"
    )]
    return exact as u32;
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn never_below_one() {
        assert_eq!(slots(0.0), 1);
        assert_eq!(slots(1e-9), 1);
        assert_eq!(slots(f64::NAN), 1);
    }

    #[test]
    fn factors_of_the_cores() {
        assert_eq!(slots(1.0), cores());
        assert_eq!(slots(2.0), cores() * 2);
        assert_eq!(slots(f64::INFINITY), u32::MAX);
    }
}
