//! Behaviour of the simulators, seen by an ordinary HTTP client on real sockets. One binary: linking is what is slow.

// The attribute also tells clippy that functions beside the tests are test code.
#[cfg(test)]
mod faults;
#[cfg(test)]
mod population;
#[cfg(test)]
mod qlvb;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tls;
#[cfg(test)]
mod token;
#[cfg(test)]
mod vxp_agencies;
#[cfg(test)]
mod vxp_documents;
#[cfg(test)]
mod vxp_lists;
#[cfg(test)]
mod vxp_signature;
