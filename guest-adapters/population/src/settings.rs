//! What the operator configured. Paths, codes and the header are settings, because provinces run variants of the service.

use guest::faults::Fault;

/// The operation that is known from clients of the register.
pub(crate) const FIND: &str = "TraCuuThongTinCongDan";
/// The operation of which only the name is known.
pub(crate) const VERIFY: &str = "XacThucThongTinCongDan";

/// The settings of this adapter.
#[derive(Debug)]
pub struct Settings<'h> {
    all: guest::Settings<'h>,
    /// `path`: where the service is below the endpoint.
    pub path: String,
    /// `soap-action`: the value of the header `SOAPAction`.
    pub soap_action: String,
    /// `integration-code`: `MaTichHop`.
    pub integration_code: String,
    /// `unit-code`: `MaDonVi` of officers without a unit.
    pub unit_code: Option<String>,
    /// `verify-operation`: the operation behind `verify`.
    pub verify_operation: &'static str,
}

impl<'h> Settings<'h> {
    /// Read them.
    ///
    /// # Errors
    /// One that makes no sense, named.
    pub fn read(all: guest::Settings<'h>) -> Result<Self, Fault> {
        Ok(Self {
            path: all.get_or("path", "/tracuu")?,
            soap_action: all.get_or("soap-action", "\"\"")?,
            integration_code: all.get_or("integration-code", "037")?,
            unit_code: all.get("unit-code")?,
            verify_operation: all.one_of("verify-operation", &[FIND, VERIFY])?,
            all,
        })
    }

    /// `MaDVC` for a purpose: `service-code.PURPOSE`, else `service-code`, else the purpose itself.
    ///
    /// # Errors
    /// The settings cannot be read.
    pub fn service_code(&self, purpose: &str) -> Result<String, Fault> {
        if let Some(code) = self.all.get(&format!("service-code.{purpose}"))? {
            return Ok(code);
        }
        self.all.get_or("service-code", purpose)
    }

    /// All settings, for the table of upstream fault codes.
    #[must_use]
    pub fn all(&self) -> guest::Settings<'h> {
        self.all
    }
}
