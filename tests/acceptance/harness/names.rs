//! A name service that lies: what names resolve to is up to the test, and may change from one question to the next.

use nhip_host::egress::{Lookup, Resolve};
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

/// Names and the answers to come; the last answer stands for all further questions.
#[derive(Clone, Default)]
pub(crate) struct Names(Arc<Mutex<HashMap<String, Vec<Vec<IpAddr>>>>>);

impl Names {
    /// What the name resolves to: at the first question, at the second, and so on.
    pub(crate) fn set(&self, name: &str, answers: &[&[&str]]) {
        let addresses = |answer: &&[&str]| answer.iter().map(|text| text.parse().expect("an address")).collect();
        let answers = answers.iter().map(addresses).collect();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), answers);
    }

    fn next(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let answers = names.get_mut(name).ok_or_else(|| io::Error::other("no such name"))?;
        if answers.len() > 1 { Ok(answers.remove(0)) } else { Ok(answers.first().cloned().unwrap_or_default()) }
    }
}

impl Resolve for Names {
    fn lookup<'a>(&'a self, host: &'a str, port: u16) -> Lookup<'a> {
        let found =
            self.next(host).map(|found| found.into_iter().map(|address| SocketAddr::new(address, port)).collect());
        Box::pin(std::future::ready(found))
    }
}
