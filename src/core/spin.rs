//! How long a thread looks for its next message before it sleeps.
//!
//! Falling asleep and being woken costs 50 to 300 us of latency; looking costs CPU. So a thread that was woken soon
//! after it fell asleep looks 10 us longer the next time (up to [`MAX_BUDGET`]), and any other half as long. An idle
//! thread therefore stops looking after a few rounds and burns nothing.
//!
//! A yield that comes back long after the budget has ended says that others compute on this CPU. A thread that sleeps is put
//! before them when it is woken, one that looks is not: so it stops looking, and only many short sleeps argue for it again.
//! Long is longer than who answers takes, on the same CPU, with a collection of its garbage, and shorter than a slice of
//! Linux's scheduler: 0.7 ms, and twice that on two CPUs.

use std::time::{Duration, Instant};

/// The longest look. Also bounds how long `terminate()` waits for native code. None in models, where time has no order.
pub const MAX_BUDGET: Duration = Duration::from_micros(if cfg!(loom) { 0 } else { 50 });
const STEP: Duration = Duration::from_micros(10);
/// A wake-up this soon after falling asleep means that a longer look would have caught the message.
const REGRET: Duration = Duration::from_micros(150);
/// A yield that comes back so long after the budget was kept by others. With 50 us, calls with 1 KiB slept on one CPU, and
/// took twice as long.
const KEPT: Duration = Duration::from_micros(500);
/// How many short sleeps are ignored after a yield that others kept: the fewest, and the most when it happens again and
/// again. Such a yield costs as much as 10 to 30 wake-ups.
const FEWEST_IGNORED: u32 = 8;
const MOST_IGNORED: u32 = 256;
/// Pauses between two yields of the CPU. On one CPU the yield is what lets the other thread answer at all.
const PAUSES_PER_YIELD: u32 = 16;

/// The adaptive budget of one thread.
#[derive(Debug)]
pub struct Spin {
    budget: Duration,
    slept_at: Option<Instant>,
    /// Short sleeps still to be ignored.
    ignored: u32,
    /// How many will be, the next time that others keep a yield.
    distrust: u32,
}

impl Default for Spin {
    fn default() -> Self {
        Self {
            budget: MAX_BUDGET,
            slept_at: None,
            ignored: 0,
            distrust: FEWEST_IGNORED,
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
                    self.distrust = (self.distrust / 2).max(FEWEST_IGNORED);
                    return true;
                }
            }
            std::thread::yield_now();
            let now = Instant::now();
            if now >= until {
                self.spent(now - until);
                return found();
            }
        }
    }

    /// The budget is spent, and the last yield came back so long after its end.
    fn spent(&mut self, late: Duration) {
        if late >= KEPT {
            self.budget = Duration::ZERO;
            self.ignored = self.distrust;
            self.distrust = (self.distrust * 2).min(MOST_IGNORED);
        }
    }

    /// The thread falls asleep now.
    pub fn asleep(&mut self) {
        self.slept_at = Some(Instant::now());
    }

    /// The thread was woken by what arrived `at` that time: a short sleep lengthens the next look, a long one shortens it.
    /// The time until the thread ran again does not count, since a look would not have had to wait for it.
    pub fn woken(&mut self, at: Instant) {
        let Some(slept_at) = self.slept_at.take() else {
            return;
        };
        if at.saturating_duration_since(slept_at) >= REGRET {
            self.budget /= 2;
        } else if self.ignored > 0 {
            self.ignored -= 1;
        } else {
            self.budget = (self.budget + STEP).min(MAX_BUDGET);
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    /// A sleep of no time at all, however slow the machine.
    fn sleep_shortly(spin: &mut Spin) {
        spin.asleep();
        spin.woken(spin.slept_at.unwrap());
    }

    #[test]
    fn finds_at_once_without_a_budget() {
        let mut spin = Spin {
            budget: Duration::ZERO,
            ..Spin::default()
        };
        assert!(spin.look(|| true));
        assert!(!spin.look(|| false));
    }

    #[test]
    fn budget_grows_after_short_sleeps_and_halves_after_long_ones() {
        let mut spin = Spin {
            budget: Duration::ZERO,
            ..Spin::default()
        };
        sleep_shortly(&mut spin);
        assert_eq!(spin.budget, STEP);
        spin.slept_at = Instant::now().checked_sub(Duration::from_millis(5));
        spin.woken(Instant::now());
        assert_eq!(spin.budget, STEP / 2);
        for _ in 0..20 {
            sleep_shortly(&mut spin);
        }
        assert_eq!(spin.budget, MAX_BUDGET);
    }

    #[test]
    fn the_time_from_the_wake_up_to_the_run_does_not_count() {
        let mut spin = Spin {
            budget: Duration::ZERO,
            ..Spin::default()
        };
        let arrived = Instant::now();
        spin.slept_at = arrived.checked_sub(REGRET / 2);
        std::thread::sleep(REGRET * 2);
        spin.woken(arrived);
        assert_eq!(spin.budget, STEP);
    }

    #[test]
    fn a_yield_that_others_keep_ends_the_looking() {
        let mut spin = Spin::default();
        spin.spent(KEPT);
        assert_eq!((spin.budget, spin.ignored), (Duration::ZERO, FEWEST_IGNORED));
        spin.spent(KEPT);
        assert_eq!(spin.ignored, 2 * FEWEST_IGNORED);
        for _ in 0..MOST_IGNORED {
            spin.spent(KEPT);
        }
        assert_eq!(spin.ignored, MOST_IGNORED);
    }

    #[test]
    fn a_yield_for_as_long_as_an_answer_takes_does_not() {
        let mut spin = Spin::default();
        spin.spent(KEPT.saturating_sub(Duration::from_nanos(1)));
        assert_eq!((spin.budget, spin.ignored), (MAX_BUDGET, 0));
    }

    #[test]
    fn contention_outlasts_many_short_sleeps() {
        let mut spin = Spin {
            budget: Duration::ZERO,
            ignored: FEWEST_IGNORED,
            ..Spin::default()
        };
        for _ in 0..FEWEST_IGNORED {
            sleep_shortly(&mut spin);
            assert_eq!(spin.budget, Duration::ZERO);
        }
        sleep_shortly(&mut spin);
        assert_eq!(spin.budget, STEP);
    }
}
