//! Random programs. Whatever they ask for, take back and lose, the pool's books agree after each step; and once each task
//! ends when what it asked for has ended, nothing is left.

use super::*;
use crate::core::agent::{AgentId, find, redeem};
use crate::core::lcg::Lcg;
use crate::core::pool::threads::Duty;

/// Who asked, and may not go on before what it asked for has ended.
#[derive(Clone, Copy, Debug, PartialEq)]
enum By {
    Root,
    Item(Key),
    /// A thread that loads the file of its set.
    Load(AgentId),
}

struct Asked {
    key: Key,
    by: By,
    rank: usize,
}

/// A task, or a load, may ask for warm tasks of lower rank alone: no two files wait for each other.
const RANKS: [usize; 2] = [2, 1];

struct Program {
    /// The same pool, for each of its two sets.
    worlds: [World; 2],
    random: Lcg,
    /// By the number of the call.
    asked: Vec<Asked>,
    granted: Vec<(Arc<Agent>, Key)>,
    /// One-off tasks and services on their threads.
    placed: Vec<(Arc<Agent>, Key)>,
    warm: Vec<Arc<Agent>>,
    log: Vec<String>,
}

impl Program {
    fn new(seed: u64) -> Self {
        let mut random = Lcg(seed);
        let max = random.slots();
        let first = World::new(max);
        let second = first.with_set("/b.js");
        Self {
            worlds: [first, second],
            random,
            asked: Vec::new(),
            granted: Vec::new(),
            placed: Vec::new(),
            warm: Vec::new(),
            log: vec![format!("seed {seed}, {max} slots")],
        }
    }

    fn pool(&self) -> Arc<Pool> {
        Arc::clone(self.worlds[0].root.pool())
    }

    fn duty(&self, thread: &Agent) -> Option<Duty> {
        self.pool()
            .state
            .lock()
            .threads
            .get(&thread.id)
            .map(|thread| thread.duty)
    }

    fn step(&mut self) {
        match self.random.below(25) {
            0..=9 => self.ask(),
            10..=17 => {
                let at = self.random.below(1000);
                self.goes_on(at);
            }
            18 | 19 => self.take_back(),
            20 | 21 => {
                if let Some(thread) = self.some_warm() {
                    self.ends(&thread);
                }
            }
            22 => {
                if let Some(thread) = self.some_warm() {
                    self.log.push(format!("{} does not load, if it still loads", thread.id));
                    self.pool().load_failed(thread.id, b"no");
                }
            }
            23 => self.is_ready(),
            _ => {
                let max = self.random.slots();
                self.log.push(format!("all are late; {max} slots"));
                let _ = self.pool().relieve(Duration::ZERO, Duration::ZERO);
                self.pool().set_max(max);
            }
        }
        self.listen();
        self.check();
    }

    /// A service has launched, or is called.
    fn is_ready(&mut self) {
        if self.placed.is_empty() {
            return;
        }
        let (thread, _) = self.placed[self.random.below(self.placed.len())].clone();
        match self.duty(&thread) {
            Some(Duty::Service { ready: false, .. }) => {
                self.log.push(format!("{} is ready", thread.id));
                self.pool().service_ready(thread.id);
            }
            Some(Duty::Service { .. }) if thread.active_calls() == 0 => {
                self.log.push(format!("{} is called", thread.id));
                thread.call_begins();
                self.pool().call_began(&thread);
            }
            _ => {}
        }
    }

    fn some_warm(&mut self) -> Option<Arc<Agent>> {
        let count = self.warm.len();
        (count > 0).then(|| Arc::clone(&self.warm[self.random.below(count)]))
    }

    /// The root, or something that runs, asks for something.
    fn ask(&mut self) {
        let at = self.random.below(1 + self.placed.len() + self.warm.len());
        let (caller, by, rank) = if at == 0 {
            (Arc::clone(&self.worlds[0].root), By::Root, RANKS[0] + 1)
        } else if let Some((thread, key)) = self.placed.get(at - 1) {
            (Arc::clone(thread), By::Item(*key), self.rank_of(*key))
        } else {
            let thread = Arc::clone(&self.warm[at - 1 - self.placed.len()]);
            match self.duty(&thread) {
                Some(Duty::Starting { set }) => {
                    let by = By::Load(thread.id);
                    (thread, by, RANKS[set as usize])
                }
                Some(Duty::Running { key, .. }) => (thread, By::Item(key), self.rank_of(key)),
                _ => return,
            }
        };
        let (work, set) = match self.random.below(4) {
            0 => (Work::OneOff, 0),
            1 => (Work::Service, 0),
            _ => (Work::Warm, self.random.below(2)),
        };
        if work == Work::Warm && RANKS[set] >= rank {
            return;
        }
        let call = u32::try_from(self.asked.len()).unwrap();
        let apart = work == Work::Warm && self.random.below(2) == 0;
        let priority = self.random.below(5) == 0;
        let submitted = self.worlds[set].submit(&caller, work, call, priority, apart);
        self.log.push(format!(
            "{by:?} asks for {call}, {work:?} of {set}, apart: {apart}: {submitted:?}"
        ));
        let key = match submitted {
            Submitted::Granted(key) | Submitted::Waiting(key) => key,
            Submitted::TooDeep | Submitted::Closed => NO_KEY,
        };
        let rank = if work == Work::Warm { RANKS[set] } else { rank };
        self.asked.push(Asked { key, by, rank });
        if work != Work::Warm && matches!(submitted, Submitted::Granted(_)) {
            self.granted.push((caller, key));
        }
    }

    fn asked_for(&self, key: Key) -> &Asked {
        self.asked.iter().find(|asked| asked.key == key).unwrap()
    }

    fn rank_of(&self, key: Key) -> usize {
        self.asked_for(key).rank
    }

    /// Whether something that it asked for has not ended, or is no service that is ready.
    fn waits(&self, by: By) -> bool {
        let pool = self.pool();
        let state = pool.state.lock();
        let duties = || state.threads.values().map(|thread| thread.duty);
        let ready = |key| duties().any(|duty| duty == Duty::Service { key, ready: true });
        let pending = |key| state.items.get(key).is_some() && !ready(key);
        self.asked.iter().any(|asked| asked.by == by && pending(asked.key))
    }

    /// Whether a task that asked for it still runs.
    fn has_owner(&self, key: Key) -> bool {
        let by = self.asked_for(key).by;
        matches!(by, By::Item(owner) if self.pool().state.lock().items.get(owner).is_some())
    }

    /// One of the threads does what it can do next; says whether there was anything.
    fn goes_on(&mut self, at: usize) -> bool {
        if let Some((owner, key)) = self.granted.pop() {
            if let Placed::Fresh(id, _) | Placed::Spare(id) = self.pool().place(&owner, key, false) {
                self.log.push(format!("{key} is on {id}"));
                self.placed.push((find(id).unwrap(), key));
            }
            return true;
        }
        let count = self.placed.len() + self.warm.len();
        if count == 0 {
            return false;
        }
        let at = at % count;
        if let Some((thread, key)) = self.placed.get(at).cloned() {
            let ready = matches!(self.duty(&thread), Some(Duty::Service { ready: true, .. }));
            let rests = ready && thread.active_calls() == 0;
            if !rests && self.waits(By::Item(key)) || ready && self.has_owner(key) {
                return false;
            }
            let _ = self.pool().finish(thread.id);
            self.ends(&thread);
            return true;
        }
        let thread = Arc::clone(&self.warm[at - self.placed.len()]);
        match self.duty(&thread) {
            Some(Duty::Idle { .. }) => return false,
            Some(Duty::Starting { .. }) if self.waits(By::Load(thread.id)) => return false,
            Some(Duty::Running { key, .. }) if self.waits(By::Item(key)) => return false,
            Some(Duty::Taken { key, .. }) if self.hands_over(&thread, key) => return true,
            _ => {}
        }
        let overdue = self.random.below(8) == 0;
        let turn = self.pool().turn(&thread, overdue).1;
        self.log.push(format!("{} has a turn", thread.id));
        if let Turn::End = turn {
            self.ends(&thread);
        }
        true
    }

    /// Whether the caller still lives: then it hands over what the task needs, which begins.
    fn hands_over(&mut self, thread: &Agent, key: Key) -> bool {
        let pool = self.pool();
        let found = pool
            .state
            .lock()
            .items
            .get(key)
            .map(|item| (Arc::clone(&item.caller), item.request.call));
        let (caller, call) = found.unwrap();
        if caller.inbox.is_closed() {
            return false;
        }
        self.log.push(format!("{call} begins on {}", thread.id));
        assert!(pool.hand_over(caller.id, thread.id, call));
        true
    }

    fn take_back(&mut self) {
        if self.asked.is_empty() {
            return;
        }
        let key = self.asked[self.random.below(self.asked.len())].key;
        let cancelled = self.pool().cancel(key);
        self.log.push(format!("{key} is taken back: {cancelled:?}"));
        let begun = self.placed.iter().find(|(_, other)| *other == key).cloned();
        if cancelled == Cancelled::Begun
            && let Some((thread, _)) = begun
        {
            self.ends(&thread);
        }
    }

    fn ends(&mut self, thread: &Arc<Agent>) {
        self.log.push(format!("{} ends", thread.id));
        thread.end();
        self.pool().thread_ended(thread.id, b"ended");
        // And with it what it had started.
        self.warm.retain(|other| !other.inbox.is_closed());
        self.placed.retain(|(other, _)| !other.inbox.is_closed());
        self.granted.retain(|(other, _)| !other.inbox.is_closed());
    }

    /// All threads read what they have heard, and what they hear for that.
    fn listen(&mut self) {
        while self.hear() {}
    }

    fn hear(&mut self) -> bool {
        let mut heard = false;
        let placed = self.placed.iter().map(|(thread, _)| thread);
        let agents: Vec<_> = [&self.worlds[0].root]
            .into_iter()
            .chain(placed)
            .chain(&self.warm)
            .cloned()
            .collect();
        for agent in agents {
            for frame in frames(&agent) {
                heard = true;
                // What a thread is to run is shorter.
                let Some(number) = frame.get(1..5) else { continue };
                let number = u32::from_le_bytes(number.try_into().unwrap());
                if frame[0] == Kind::Grant as u8 {
                    self.granted.push((Arc::clone(&agent), self.asked[number as usize].key));
                } else if frame[0] == Kind::StartWarm as u8 {
                    if let Some((token, _)) = self.pool().warm_thread(number) {
                        self.warm.push(redeem(&token).unwrap());
                    }
                } else if frame[0] == Kind::Terminate as u8 {
                    let ended = self.warm.iter().find(|thread| thread.id == number).cloned();
                    if let Some(thread) = ended {
                        self.ends(&thread);
                    }
                }
            }
        }
        heard
    }

    fn check(&self) {
        let pool = self.pool();
        if let Err(what) = pool.state.lock().books() {
            panic!("{what}\n{}", self.log.join("\n"));
        }
    }
}

impl Lcg {
    fn slots(&mut self) -> u32 {
        [1, 2, 3][self.below(3)]
    }
}

fn expect(holds: bool, what: &'static str) -> Result<(), &'static str> {
    if holds { Ok(()) } else { Err(what) }
}

impl State {
    /// Counts everything anew.
    fn books(&self) -> Result<(), &'static str> {
        let granted: Vec<_> = self.items.kept().filter(|(_, item)| item.granted).collect();
        let lent = granted.iter().filter(|(_, item)| item.lender != NO_KEY);
        let services = granted
            .iter()
            .filter(|(_, item)| item.request.work == Work::Service && item.lender == NO_KEY);
        expect(self.held as usize == granted.len(), "held")?;
        expect(self.lent as usize == lent.clone().count(), "lent")?;
        expect(self.services as usize == services.count(), "services")?;
        expect(
            self.items.is_empty() || self.held - self.lent >= self.max,
            "something waits beside a free slot",
        )?;
        for (key, item) in lent {
            let knows = |known: &Holder| known.loan == Some(*key) || known.services.contains(key);
            expect(
                self.holders.get(&item.lender).is_some_and(knows),
                "a lender does not know its borrower",
            )?;
        }
        let rests = |key| {
            self.items
                .get(key)
                .is_some_and(|item| item.request.work == Work::Service)
                && !self.service_may_wait(key)
        };
        for (&key, known) in &self.holders {
            let holder = self.items.get(key).ok_or("what has ended holds")?;
            let borrows = |loan| self.items.get(loan).is_some_and(|item| item.lender == key);
            expect(known.loan.is_none_or(borrows), "a loan does not know its lender")?;
            let waits = known.waiting.iter().any(|&key| self.items.is_waiting(key));
            let lends = !holder.granted || known.loan.is_some() || rests(key);
            expect(lends || !waits, "what has a slot lends it to nothing that waits in it")?;
        }
        expect(
            self.idle as usize == self.sets.iter().map(|set| set.idle.len()).sum(),
            "idle",
        )?;
        (0u32..)
            .zip(&self.sets)
            .try_for_each(|(id, set)| self.books_of(id, set))
    }

    fn books_of(&self, id: SetId, set: &Set) -> Result<(), &'static str> {
        let (mut woken, mut late, mut lost, mut starting, mut idle, mut busy) = (0, 0, 0, 0, 0, 0);
        for thread in self.threads.values() {
            let count = match thread.duty {
                Duty::Woken { set, .. } if set == id => &mut woken,
                Duty::Late { set, .. } if set == id => &mut late,
                Duty::Lost { set } if set == id => &mut lost,
                Duty::Starting { set } if set == id => &mut starting,
                Duty::Idle { set } if set == id => &mut idle,
                Duty::Taken { set, .. } | Duty::Running { set, .. } if set == id => &mut busy,
                _ => continue,
            };
            *count += 1;
        }
        let loaded = woken + late + lost + idle + busy;
        expect((set.woken, set.late, set.lost) == (woken, late, lost), "who was woken")?;
        expect(
            (set.starting, set.idle.len(), set.loaded as usize) == (starting, idle, loaded),
            "who has loaded",
        )?;
        expect(woken + late + starting >= set.untaken.len(), "nobody comes for a task")?;
        let granted = |&key: &Key| self.items.get(key).is_some_and(|item| item.granted);
        expect(set.untaken.iter().all(granted), "what has no slot is ready to be taken")?;
        let loads = |item: &Item| {
            self.threads
                .get(&item.caller.id)
                .is_some_and(|it| it.duty == Duty::Starting { set: id })
        };
        let stranded = set
            .stranded
            .iter()
            .any(|&key| self.items.is_waiting(key) && self.items.get(key).is_some_and(loads));
        expect(
            !stranded || set.untaken.iter().all(|&key| self.lends(key)),
            "who waits for a load does not lend to it",
        )
    }
}

#[test]
fn random_programs_end_and_the_books_agree() {
    for seed in 0..10_000 {
        let mut program = Program::new(seed);
        for _ in 0..program.random.below(90) {
            program.step();
        }
        program.log.push("everything that can go on goes on".to_owned());
        for round in 0.. {
            assert!(round < 10_000, "no end\n{}", program.log.join("\n"));
            program.listen();
            let threads = program.placed.len() + program.warm.len();
            if !(0..threads.max(1)).any(|at| program.goes_on(at)) {
                break;
            }
            program.check();
        }
        let left = program.worlds[0].counts();
        assert_eq!(left, (0, 0), "it does not end\n{}", program.log.join("\n"));
        program.worlds[0].root.end();
    }
}
