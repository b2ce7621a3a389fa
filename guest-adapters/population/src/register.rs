//! The two functions of the contract, over any host.

use guest::endpoints::Response;
use guest::faults::{Fault, FaultCode};
use guest::logging::Level;
use guest::{Host, Repeat, Upstream, fault};

use crate::contract::{Citizen, FindRequest, Verification, VerifyRequest};
use crate::request::{Asker, Subject, request};
use crate::settings::{FIND, VERIFY};
use crate::{Settings, answer, citizen, verify};

/// The register, reached through a host.
#[derive(Debug)]
pub struct Register<'h> {
    upstream: Upstream<'h>,
    settings: Settings<'h>,
}

impl<'h> Register<'h> {
    /// Over this host, with its settings.
    ///
    /// # Errors
    /// A setting makes no sense.
    pub fn new(host: &'h dyn Host) -> Result<Self, Fault> {
        let upstream = Upstream { host, endpoint: "population-db", title: "the population register" };
        let settings = Settings::read(guest::Settings::of(host))?;
        Ok(Self { upstream, settings })
    }

    /// Find a citizen.
    ///
    /// # Errors
    /// As the contract says.
    pub fn find(&self, asked: &FindRequest) -> Result<Vec<Citizen>, Fault> {
        let asker = Asker {
            officer: &asked.officer,
            purpose: asked.purpose.as_deref(),
            request_code: asked.request_code.as_deref(),
        };
        let subject =
            Subject { member: "request", number: &asked.number, full_name: &asked.full_name, birth: &asked.birth };
        self.citizens(asker, subject)
    }

    /// Compare claims with the register.
    ///
    /// # Errors
    /// As the contract says.
    pub fn verify(&self, asked: &VerifyRequest) -> Result<Verification, Fault> {
        let claims = &asked.claims;
        let asker = Asker {
            officer: &asked.officer,
            purpose: asked.purpose.as_deref(),
            request_code: asked.request_code.as_deref(),
        };
        let subject =
            Subject { member: "claims", number: &claims.number, full_name: &claims.full_name, birth: &claims.birth };
        if self.settings.verify_operation == VERIFY {
            return match self.exists(asker, subject)? {
                true => Ok(verify::confirmed(claims)),
                false => Err(self.nobody()),
            };
        }
        let citizens = self.citizens(asker, subject)?;
        verify::compare(claims, &citizens).ok_or_else(|| self.nobody())
    }

    /// The citizens that the register finds, at least one.
    fn citizens(&self, asker: Asker<'_>, subject: Subject<'_>) -> Result<Vec<Citizen>, Fault> {
        let response = self.ask(FIND, asker, subject)?;
        let found =
            answer::read(&self.upstream, self.settings.all(), &response, "CongdanCollection", citizen::citizens)?;
        self.upstream.host.log(Level::Info, &format!("the register found {} citizen(s)", found.len()));
        if found.is_empty() { Err(self.nobody()) } else { Ok(found) }
    }

    /// Whether the register knows somebody with these three, in our own format of the operation `XacThucThongTinCongDan`:
    /// `KetQuaXacThuc/TonTai`, `true` or `false`.
    fn exists(&self, asker: Asker<'_>, subject: Subject<'_>) -> Result<bool, Fault> {
        let response = self.ask(VERIFY, asker, subject)?;
        let read = |result: &xml::Element<'_>| {
            let exists = result.child(answer::NAMESPACE, "TonTai");
            exists.map(|element| element.trimmed().to_owned()).unwrap_or_default()
        };
        let exists = answer::read(&self.upstream, self.settings.all(), &response, "KetQuaXacThuc", read)?;
        match exists.as_str() {
            "true" | "1" => Ok(true),
            "false" | "0" => Ok(false),
            _ => Err(self.upstream.fault(FaultCode::UpstreamInvalid, "answered neither yes nor no in `TonTai`")),
        }
    }

    fn ask(&self, operation: &'static str, asker: Asker<'_>, subject: Subject<'_>) -> Result<Response, Fault> {
        let exchange = self.upstream.host.exchange();
        let request = request(&self.settings, &exchange, operation, asker, subject)?;
        self.upstream.send(&request, Repeat::Harmless)
    }

    fn nobody(&self) -> Fault {
        fault(FaultCode::NotFound, "the register has nobody with this number, name and date of birth")
    }
}
