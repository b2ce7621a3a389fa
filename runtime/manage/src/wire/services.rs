//! Services: what callers can call now.

use serde::{Deserialize, Serialize};

/// `GET /api/services`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ServiceList {
    /// All, by name.
    pub services: Vec<Service>,
}

/// A contract served under a public name.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Service {
    /// The public name.
    pub name: String,
    /// The contract, with its version.
    pub contract: String,
    /// The adapter that serves it.
    pub adapter: String,
    /// The adapter's version.
    pub version: String,
    /// The functions, by name.
    pub functions: Vec<String>,
    /// The first line of the contract's documentation.
    pub summary: String,
}
