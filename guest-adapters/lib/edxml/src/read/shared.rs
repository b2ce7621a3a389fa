//! What documents and reports have in common, and the kinds of single values.

use forms::{Date, Time};

use super::fields::Fields;
use crate::codes::{Table, knows};
use crate::{Organ, ReadError, ResponseFor, Staff, WarningCode, Written};

/// An organ. Without its code nobody can be answered, so a packet without it is refused.
pub(super) fn organ(fields: &mut Fields<'_, '_, '_>) -> Result<Organ, ReadError> {
    let Some(code) = fields.text("OrganId")? else {
        return Err(fields.mistake("not edXML: `OrganId` is absent or empty"));
    };
    Ok(Organ {
        code,
        in_charge: fields.text("OrganizationInCharge")?,
        name: fields.text("OrganName")?,
        address: fields.text("OrganAdd")?,
        email: fields.text("Email")?,
        telephone: fields.text("Telephone")?,
        fax: fields.text("Fax")?,
        website: fields.text("Website")?,
    })
}

pub(super) fn response_for(fields: &mut Fields<'_, '_, '_>) -> Result<ResponseFor, ReadError> {
    Ok(ResponseFor {
        organ: fields.text("OrganId")?,
        code: fields.text("Code")?,
        document_id: fields.text("DocumentId")?,
        date: date(fields, "PromulgationDate")?,
    })
}

pub(super) fn staff(fields: &mut Fields<'_, '_, '_>) -> Result<Staff, ReadError> {
    Ok(Staff {
        department: fields.text("Department")?,
        name: fields.text("Staff")?,
        email: fields.text("Email")?,
        mobile: fields.text("Mobile")?,
    })
}

/// A code of a table. Others are kept, with a warning.
pub(super) fn code(
    fields: &mut Fields<'_, '_, '_>,
    name: &'static str,
    table: Table,
) -> Result<Option<String>, ReadError> {
    let Some(found) = fields.one(name)? else {
        return Ok(None);
    };
    if !knows(table, found.element.trimmed()) {
        found.warn(WarningCode::UnknownCode, format!("the code of `{name}` is not in the known table"));
    }
    Ok(found.into_text())
}

pub(super) fn date(fields: &mut Fields<'_, '_, '_>, name: &'static str) -> Result<Option<Written<Date>>, ReadError> {
    written(fields, name, Date::slashed)
}

pub(super) fn time(fields: &mut Fields<'_, '_, '_>, name: &'static str) -> Result<Option<Written<Time>>, ReadError> {
    written(fields, name, Time::slashed)
}

fn written<T>(
    fields: &mut Fields<'_, '_, '_>,
    name: &'static str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<Written<T>>, ReadError> {
    let Some(found) = fields.one(name)? else {
        return Ok(None);
    };
    if let Some(value) = parse(found.element.trimmed()) {
        let _ = found.into_text();
        return Ok(Some(Written::Value(value)));
    }
    found.warn(
        WarningCode::BadDate,
        format!("`{name}` does not exist in the calendar, or is in an unknown form; its text is kept"),
    );
    Ok(found.into_text().map(Written::Text))
}
