//! The requests, made up, and the answers they must get, by the same logic run here.

use crate::register;
use anyhow::{Context, ensure};
use bench_logic::json::{Agency, OneDossier, SomePapers};
use bench_logic::{Applicant, Channel, Dossier, Fee, Paper, Receipt, Summary};
use serde::de::DeserializeOwned;

/// The one agency that is asked for.
pub(crate) const AGENCY: &str = "H40.01";
/// The bytes of an ordinary request.
pub(crate) const ORDINARY: usize = 1024;

/// What a contender has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// Check a dossier of 1 KiB and write its receipt.
    Convert,
    /// The same with a question to the register of agencies.
    Consult,
    /// Hand on the answer of the register of agencies to a request of 1 KiB.
    PassOn,
    /// Check and add up papers, in a request of so many bytes, or a little more.
    Summarize(usize),
}

impl Work {
    /// The name of the function, at every contender.
    pub(crate) fn function(self) -> &'static str {
        match self {
            Self::Convert => "convert",
            Self::Consult | Self::PassOn => "consult",
            Self::Summarize(_) => "summarize",
        }
    }

    /// The body of a request. Different numbers make different ones, of the same size.
    pub(crate) fn body(self, number: usize) -> anyhow::Result<Vec<u8>> {
        let body = match self {
            Self::Summarize(bytes) => serde_json::to_vec(&SomePapers { papers: papers(bytes, number) }),
            _ => serde_json::to_vec(&OneDossier { dossier: dossier(number)? }),
        };
        body.context("a request cannot be written")
    }

    /// Whether that is the answer to the request of that number.
    pub(crate) fn check(self, number: usize, body: &[u8]) -> anyhow::Result<()> {
        match self {
            Self::Convert => same(body, &receipt(number)?),
            Self::Consult => same(body, &Receipt { agency: register::name(AGENCY), ..receipt(number)? }),
            Self::PassOn => {
                let agency: Agency = read(body)?;
                ensure!(agency.code == AGENCY && agency.name == register::name(AGENCY), "another agency: {agency:?}");
                Ok(())
            }
            Self::Summarize(bytes) => {
                let expected =
                    bench_logic::summarize(&papers(bytes, number)).map_err(|t| anyhow::anyhow!(t.message()))?;
                same::<Summary>(body, &expected)
            }
        }
    }

    /// The body of a request that must be refused; none where nobody looks.
    pub(crate) fn wrong_body(self) -> anyhow::Result<Option<Vec<u8>>> {
        Ok(match self {
            Self::PassOn => None,
            Self::Summarize(_) => Some(br#"{"papers":[]}"#.to_vec()),
            Self::Convert | Self::Consult => {
                let mut dossier = dossier(0)?;
                dossier.applicant.born = "1990-02-30".to_owned();
                Some(serde_json::to_vec(&OneDossier { dossier })?)
            }
        })
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> anyhow::Result<T> {
    serde_json::from_slice(body).with_context(|| format!("it cannot be read: {}", String::from_utf8_lossy(body)))
}

fn same<T: DeserializeOwned + PartialEq + std::fmt::Debug>(body: &[u8], expected: &T) -> anyhow::Result<()> {
    let found: T = read(body)?;
    ensure!(found == *expected, "it is {found:?} instead of {expected:?}");
    Ok(())
}

fn receipt(number: usize) -> anyhow::Result<Receipt> {
    bench_logic::convert(dossier(number)?).map_err(|trouble| anyhow::anyhow!(trouble.message()))
}

/// A dossier whose request has [`ORDINARY`] bytes.
fn dossier(number: usize) -> anyhow::Result<Dossier> {
    let mut dossier = Dossier {
        code: format!("H40.01-261122-{:04}", number % 10_000),
        procedure: "1.004222".to_owned(),
        agency: AGENCY.to_owned(),
        channel: Channel::Online,
        submitted: format!("2026-11-{:02}", number % 30 + 1),
        applicant: Applicant {
            name: "Nguyễn Thị Thử Nghiệm".to_owned(),
            id_number: format!("0362900{:05}", number % 100_000),
            born: "1990-02-28".to_owned(),
            address: "Thôn Mẫu, xã Ví Dụ, tỉnh Ninh Bình".to_owned(),
            telephone: Some("0912000000".to_owned()),
        },
        papers: (1..=6)
            .map(|n| Paper { name: format!("Giấy tờ kèm theo số {n}"), pages: n, original: n % 2 == 0 })
            .collect(),
        fees: vec![Fee { name: "Lệ phí".to_owned(), amount: 30_000 }],
    };
    let bytes = serde_json::to_vec(&OneDossier { dossier: dossier.clone() })?.len();
    let missing = ORDINARY.checked_sub(bytes).context("the dossier is larger than it should be")?;
    dossier.applicant.address.push_str(&"x".repeat(missing));
    Ok(dossier)
}

/// Papers whose request has that many bytes, or less than one paper's more.
fn papers(bytes: usize, number: usize) -> Vec<Paper> {
    let paper = |n: usize| Paper {
        name: format!("Giấy tờ số {n:08}"),
        pages: u32::try_from(n % 1000).unwrap_or_default() + 1,
        original: n.is_multiple_of(3),
    };
    let size = |paper: &Paper| serde_json::to_vec(paper).map_or(0, |text| text.len() + 1);
    let (mut all, mut written) = (Vec::new(), r#"{"papers":]}"#.len());
    while all.is_empty() || written < bytes {
        let paper = paper(number + all.len());
        written += size(&paper);
        all.push(paper);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ordinary_request_has_a_kibibyte() {
        for number in 0..100 {
            assert_eq!(Work::Convert.body(number).unwrap().len(), ORDINARY, "{number}");
        }
    }

    #[test]
    fn requests_of_papers_have_the_size_asked_for() {
        for bytes in [100, 1_000, 10_000, 1_000_000] {
            let found = Work::Summarize(bytes).body(7).unwrap().len();
            assert!((bytes..bytes + 100).contains(&found), "{found} instead of {bytes}");
        }
    }

    #[test]
    fn the_right_answer_passes_and_another_does_not() {
        let answer = |number| serde_json::to_vec(&receipt(number).unwrap()).unwrap();
        Work::Convert.check(3, &answer(3)).unwrap();
        assert!(Work::Convert.check(3, &answer(4)).is_err());
        assert!(Work::Consult.check(3, &answer(3)).is_err(), "without the agency's name");
        assert!(Work::Convert.check(3, b"{}").is_err());
    }

    #[test]
    fn a_wrong_request_is_one() {
        for work in [Work::Convert, Work::Consult] {
            let body = work.wrong_body().unwrap().unwrap();
            assert!(bench_logic::json::dossier(&body).and_then(bench_logic::convert).is_err());
        }
        assert!(bench_logic::json::summarize(&Work::Summarize(100).wrong_body().unwrap().unwrap()).is_err());
    }
}
