//! How long a thread looks for its next message before it sleeps.
//!
//! Falling asleep and being woken costs 50 to 300 us of latency; looking costs CPU. So a thread that was woken soon
//! after it fell asleep looks 10 us longer the next time (up to [`MAX_BUDGET`]), and any other half as long. An idle
//! thread therefore stops looking after a few rounds and burns nothing.
//!
//! A yield that comes back long after the budget has ended says that others want the CPU. A thread that sleeps is put
//! before them when it is woken, one that looks is not: so it stops looking, until short sleeps argue for it again.

use std::time::{Duration, Instant};

/// The longest look. Also bounds how long `terminate()` waits for native code.
pub const MAX_BUDGET: Duration = Duration::from_micros(50);
const STEP: Duration = Duration::from_micros(10);
/// A wake-up this soon after falling asleep means that a longer look would have caught the message.
const REGRET: Duration = Duration::from_micros(150);
/// Pauses between two yields of the CPU. On one CPU the yield is what lets the other thread answer at all.
const PAUSES_PER_YIELD: u32 = 16;

/// The adaptive budget of one thread.
#[derive(Debug)]
pub struct Spin {
    budget: Duration,
    slept_at: Option<Instant>,
}

impl Default for Spin {
    fn default() -> Self {
        Self {
            budget: MAX_BUDGET,
            slept_at: None,
        }
    }
}

impl Spin {
    /// Looks until `found` says yes or the budget is spent, and returns the last answer.
    pub fn look(&mut self, mut found: impl FnMut() -> bool) -> bool {
        if found() {
            return true;
        }
        if self.budget.is_zero() {
            return false;
        }
        let until = Instant::now() + self.budget;
        loop {
            for _ in 0..PAUSES_PER_YIELD {
                std::hint::spin_loop();
                if found() {
                    return true;
                }
            }
            std::thread::yield_now();
            let now = Instant::now();
            if now >= until {
                if now >= until + MAX_BUDGET {
                    self.budget = Duration::ZERO;
                }
                return found();
            }
        }
    }

    /// The thread falls asleep now.
    pub fn asleep(&mut self) {
        self.slept_at = Some(Instant::now());
    }

    /// The thread was woken: a short sleep lengthens the next look, a long one shortens it.
    pub fn woken(&mut self) {
        if let Some(slept_at) = self.slept_at.take() {
            self.budget = if slept_at.elapsed() < REGRET {
                (self.budget + STEP).min(MAX_BUDGET)
            } else {
                self.budget / 2
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_at_once_without_a_budget() {
        let mut spin = Spin {
            budget: Duration::ZERO,
            slept_at: None,
        };
        assert!(spin.look(|| true));
        assert!(!spin.look(|| false));
    }

    #[test]
    fn budget_grows_after_short_sleeps_and_halves_after_long_ones() {
        let mut spin = Spin {
            budget: Duration::ZERO,
            slept_at: None,
        };
        spin.asleep();
        spin.woken();
        assert_eq!(spin.budget, STEP);
        spin.slept_at = Instant::now().checked_sub(Duration::from_millis(5));
        spin.woken();
        assert_eq!(spin.budget, STEP / 2);
        for _ in 0..20 {
            spin.asleep();
            spin.woken();
        }
        assert_eq!(spin.budget, MAX_BUDGET);
    }
}
