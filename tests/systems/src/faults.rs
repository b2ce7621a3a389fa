//! Fault switches: what is wrong with a simulated system right now, settable from Rust and over HTTP.
//!
//! One fault is active at a time. The control path `/__faults` (`GET`, `PUT` JSON) exists only in the simulators and is
//! never itself subject to a fault, so a fault set over HTTP can always be lifted over HTTP.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

pub(crate) mod apply;
mod body;

/// Where the control path lives.
pub const CONTROL_PATH: &str = "/__faults";

/// What a broken system does. In JSON the tag is `mode`, in kebab case: `{"mode": "slow", "millis": 2000}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "kebab-case")]
pub enum Mode {
    /// Nothing is wrong.
    None,
    /// The right answer, this much later.
    Slow {
        /// The delay before the request is looked at.
        millis: u64,
    },
    /// The connection is closed without a single byte, as soon as the request head has told that it is not for the
    /// control path.
    Down,
    /// `503` to everything, with `Retry-After`.
    Refuse {
        /// Seconds in `Retry-After`.
        #[serde(default = "one")]
        retry_after: u64,
    },
    /// This status, with a short plain-text body.
    Status {
        /// 200 to 599.
        code: u16,
    },
    /// The system takes the caller's proof for expired: the NGSP answers `401` (fault 900901) to the token, the VXP agent
    /// refuses the timestamp. `/token` itself keeps working and does not count.
    ExpiredToken,
    /// The system does not accept the caller's key: `/token` answers `invalid_client`, the register a SOAP fault, the VXP
    /// agent its refusal of a wrong system id or secret.
    WrongKey,
    /// `200` with bytes that are neither XML nor JSON nor UTF-8, under the content type of the real answer.
    Garbage,
    /// The right answer is made, its full length announced, half of it sent, and the connection closed.
    Truncated,
    /// `200` with a body that never ends.
    EndlessBody {
        /// Between two chunks of 16 KiB; 0 is as fast as the client reads.
        #[serde(default)]
        pause_millis: u64,
    },
    /// The right answer, one byte at a time.
    SlowBody {
        /// Between two bytes.
        millis: u64,
    },
    /// `302` to this place.
    Redirect {
        /// The value of `Location`.
        location: String,
    },
    /// The right answer under this many more bytes of headers.
    HugeHeaders {
        /// Roughly, names included.
        #[serde(default = "one_mebibyte")]
        bytes: usize,
    },
}

fn one() -> u64 {
    1
}

fn one_mebibyte() -> usize {
    1 << 20
}

/// A [`Mode`] with its limits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// What happens.
    #[serde(flatten)]
    pub mode: Mode,
    /// To how many requests; then the fault clears itself. `None`: until changed.
    #[serde(default)]
    pub times: Option<u64>,
    /// Only to paths that begin with this. `None`: to all.
    #[serde(default)]
    pub path: Option<String>,
}

impl Fault {
    /// Only to the next `times` requests it applies to.
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    /// Only to paths that begin with `path`.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Reads the JSON of the control path; unknown members are refused by name, not ignored.
    ///
    /// # Errors
    /// A sentence that names the member and what is wrong with it.
    pub fn from_json(text: &[u8]) -> Result<Self, String> {
        let given: serde_json::Map<String, serde_json::Value> =
            serde_json::from_slice(text).map_err(|error| error.to_string())?;
        let fault: Self = serde_json::from_value(given.clone().into()).map_err(|error| error.to_string())?;
        // serde cannot combine `flatten` with `deny_unknown_fields`: what comes out must name all that went in.
        let known = serde_json::to_value(&fault).map_err(|error| error.to_string())?;
        if let Some(unknown) = given.keys().find(|key| known.get(key).is_none()) {
            return Err(format!("unknown member `{unknown}` for this mode; remove it"));
        }
        fault.check()?;
        Ok(fault)
    }

    fn check(&self) -> Result<(), String> {
        if self.times == Some(0) {
            return Err("`times` is 0: leave it out or use mode `none`".into());
        }
        match &self.mode {
            Mode::Status { code } if !(200..=599).contains(code) => {
                Err(format!("`code` {code} is not within 200 to 599"))
            }
            Mode::Redirect { location } if http::HeaderValue::from_str(location).is_err() => {
                Err("`location` cannot be a header value".into())
            }
            _ => Ok(()),
        }
    }
}

impl From<Mode> for Fault {
    fn from(mode: Mode) -> Self {
        Self { mode, times: None, path: None }
    }
}

/// The switch of one simulator. Clones share the state.
#[derive(Clone)]
pub struct Faults {
    state: Arc<Mutex<State>>,
    /// What `Garbage` and `EndlessBody` claim to be.
    content_type: &'static str,
}

struct State {
    fault: Fault,
    hits: u64,
}

impl Faults {
    pub(crate) fn new(content_type: &'static str) -> Self {
        let state = State { fault: Mode::None.into(), hits: 0 };
        Self { state: Arc::new(Mutex::new(state)), content_type }
    }

    /// Breaks the system in this way, replacing what was set before.
    ///
    /// # Panics
    /// When the fault makes no sense (`times` 0, a status outside 200 to 599, a location that is no header value): a test
    /// that sets one would otherwise test nothing.
    #[expect(
        clippy::panic,
        reason = "a senseless fault is a mistake in the test that sets it; HTTP goes through `from_json`"
    )]
    pub fn set(&self, fault: impl Into<Fault>) {
        let fault = fault.into();
        if let Err(problem) = fault.check() {
            panic!("senseless fault: {problem}");
        }
        self.lock().fault = fault;
    }

    /// Mends the system.
    pub fn clear(&self) {
        self.set(Mode::None);
    }

    /// What is set now; `times` is what is left of it.
    pub fn current(&self) -> Fault {
        self.lock().fault.clone()
    }

    /// How many requests a fault was applied to since the start.
    pub fn hits(&self) -> u64 {
        self.lock().hits
    }

    /// Takes the fault that applies to a request of this path, and counts it.
    fn take(&self, path: &str) -> Mode {
        let mut state = self.lock();
        let fault = &mut state.fault;
        let elsewhere = fault.path.as_deref().is_some_and(|p| !path.starts_with(p));
        let not_a_token_use = fault.mode == Mode::ExpiredToken && path == crate::ngsp::TOKEN_PATH;
        if fault.mode == Mode::None || elsewhere || not_a_token_use {
            return Mode::None;
        }
        let mode = fault.mode.clone();
        if let Some(left) = &mut fault.times {
            *left = left.saturating_sub(1);
            if *left == 0 {
                *fault = Mode::None.into();
            }
        }
        state.hits += 1;
        mode
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
