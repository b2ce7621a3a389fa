//! What the operator configured: paths, forms and code tables are settings, because axes run variants of the agent.

use forms::Date;
use guest::faults::Fault;

use crate::codes::Codes;

/// The settings of this adapter.
#[derive(Debug)]
pub struct Settings<'h> {
    all: guest::Settings<'h>,
    /// `agencies-path`: the list of agencies.
    pub agencies_path: &'static str,
    /// `user-agent`.
    pub user_agent: String,
    /// `sdk-version`: `XroadVnpt-version`.
    pub sdk_version: String,
    /// `priority-codes`, `steering-codes`, `business-codes`, `status-codes`.
    pub codes: Codes,
    date_format: &'static str,
}

impl<'h> Settings<'h> {
    /// Read them.
    ///
    /// # Errors
    /// One that makes no sense, named.
    pub fn read(all: guest::Settings<'h>) -> Result<Self, Fault> {
        let agencies = ["/getAgenciesListQD20", "/getAgenciesList", "/getSynchronizeUnit"];
        let dates = ["yyyy/MM/dd", "dd/MM/yyyy", "yyyy-MM-dd"];
        Ok(Self {
            agencies_path: all.one_of("agencies-path", &agencies)?,
            user_agent: all.get_or("user-agent", "JAVASDKAgent/1.0.0 XRoad/VPCP")?,
            sdk_version: all.get_or("sdk-version", "3.0.201608")?,
            codes: Codes::read(all)?,
            date_format: all.one_of("list-date-format", &dates)?,
            all,
        })
    }

    /// A day as requests for lists write it.
    #[must_use]
    pub fn list_date(&self, date: Date) -> String {
        match self.date_format {
            "dd/MM/yyyy" => date.to_day_first(),
            "yyyy-MM-dd" => date.to_string(),
            _ => date.to_slashed(),
        }
    }

    /// All settings, for the table of upstream error codes.
    #[must_use]
    pub fn all(&self) -> guest::Settings<'h> {
        self.all
    }
}
