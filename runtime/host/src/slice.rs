//! The time slice of a thread: how long the operating system lets it run by itself while others wait.
//!
//! Where all processors are busy, a thread that wakes up waits until the slice of one that runs is over: some milliseconds on Linux. A
//! thread with a longer slice it takes the processor from at once; that one gets the same share of it, in longer pieces.
//!
//! Source: the kernel's `Documentation/scheduler/sched-eevdf.rst`, and `PREEMPT_SHORT` in its `kernel/sched/features.h`; since Linux
//! 6.12. An older one takes the call and changes nothing.
//!
//! Invariant: a thread has the slice that it had before as soon as its [`Long`] is gone.

use std::time::Duration;

/// The longest slice that Linux gives.
pub(crate) const LONG: Duration = Duration::from_millis(100);

/// While it is there, this thread has a long slice.
pub(crate) struct Long {
    own: Attributes,
}

impl Long {
    /// None where there are no slices: under a real-time policy, or where the calls are forbidden.
    pub(crate) fn new() -> Option<Self> {
        let own = Attributes::of_this_thread().filter(Attributes::has_slice)?;
        own.with_slice(LONG).set().then_some(Self { own })
    }
}

impl Drop for Long {
    fn drop(&mut self) {
        self.own.set();
    }
}

/// How a thread is scheduled. All of it is kept but for the slice: it is set as a whole.
#[derive(Clone, Copy)]
struct Attributes(libc::sched_attr);

impl Attributes {
    #[expect(unsafe_code, reason = "no library has this system call")]
    fn of_this_thread() -> Option<Self> {
        let size = u32::try_from(size_of::<libc::sched_attr>()).ok()?;
        let mut attributes = libc::sched_attr {
            size,
            sched_policy: 0,
            sched_flags: 0,
            sched_nice: 0,
            sched_priority: 0,
            sched_runtime: 0,
            sched_deadline: 0,
            sched_period: 0,
        };
        // SAFETY: the kernel writes at most `size` bytes, which are there.
        let done = unsafe { libc::syscall(libc::SYS_sched_getattr, 0, &raw mut attributes, size, 0) };
        (done == 0).then_some(Self(attributes))
    }

    /// Whether it is one of the policies in which a thread's slice can be set.
    fn has_slice(&self) -> bool {
        [libc::SCHED_OTHER, libc::SCHED_BATCH].iter().any(|policy| u32::try_from(*policy) == Ok(self.0.sched_policy))
    }

    fn with_slice(mut self, slice: Duration) -> Self {
        self.0.sched_runtime = u64::try_from(slice.as_nanos()).unwrap_or(u64::MAX);
        self
    }

    /// Set them for this thread; whether that was done.
    #[expect(unsafe_code, reason = "no library has this system call")]
    fn set(&self) -> bool {
        // SAFETY: the kernel reads as many bytes as the structure says, which are there.
        unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const self.0, 0) == 0 }
    }
}

#[cfg(test)]
pub(crate) fn of_this_thread() -> Option<Duration> {
    Some(Duration::from_nanos(Attributes::of_this_thread()?.0.sched_runtime))
}
