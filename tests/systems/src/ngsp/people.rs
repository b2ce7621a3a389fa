//! The made-up population, the same at every start.
//!
//! Invariant: no number can belong to anybody. Ids begin with 999 and old ids with 99, province codes that were never
//! given; names are common words combined by counting.

use super::citizen::{Address, Birth, Citizen, HouseholdHead, Relative};

const COUNT: usize = 40;
const SURNAMES: [&str; 8] = ["Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Đặng", "Bùi"];
const MIDDLE: [[&str; 5]; 2] = [["Văn", "Đức", "Quốc", "Hữu", ""], ["Thị", "Ngọc", "Thuỳ", "Mỹ", "Thị Ánh"]];
const GIVEN: [[&str; 10]; 2] = [
    ["An", "Bình", "Cường", "Dũng", "Đạt", "Giang", "Hiếu", "Khôi", "Lộc", "Phước"],
    ["Ân", "Bưởi", "Cúc", "Duyên", "Hằng", "Kiều", "Lụa", "Mượt", "Nguyệt", "Yến"],
];
/// Texts that break whoever forgets to escape, or to expect a line break in a text.
const AWKWARD: [&str; 3] =
    [r#"Số 7 "Nhà Cổ", ngõ A&B <cũ>, thôn 'Mẫu'"#, "Tổ 3 ]]> khu &amp; tập thể", "Số 1,\nđường Thử Nghiệm"];

/// Everybody, youngest cases and odd ones included. See the tests for what is guaranteed to occur.
pub(super) fn population() -> Vec<Citizen> {
    (0..COUNT).map(citizen).collect()
}

fn citizen(n: usize) -> Citizen {
    let gender = n % 2;
    let year = 1938 + (n * 17) % 80;
    let (surname, middle, given) = name(n, gender);
    let id = id(n, gender, year);
    let old_id = n.is_multiple_of(3).then(|| format!("99{:07}", 1_000 + n * 37));
    let full = [surname, middle, given].join(" ").to_uppercase();
    let full = full.split_whitespace().collect::<Vec<_>>().join(" ");
    let no_parents = n % 7 == 3;
    let adult = year < 2000;
    let mother = (!no_parents).then(|| relative(n + 100, 1, year.saturating_sub(25)));
    Citizen {
        surname: surname.to_uppercase(),
        middle_name: middle.to_uppercase(),
        given_name: given.to_uppercase(),
        name_in_parts: n.is_multiple_of(4),
        gender: (gender + 1).to_string(),
        ethnic_group: format!("{:02}", n % 6 + 1),
        religion: format!("{:02}", n % 3),
        marital_status: if adult && n % 5 < 3 { "2" } else { "1" }.into(),
        blood_group: format!("{:02}", n % 5),
        birth: birth(n, year),
        birth_registration: address(n),
        origin: address(n + 3),
        permanent_residence: address(n),
        current_residence: address(n + 1),
        nationality: (n % 4 != 1).then(|| "VN".into()),
        father: (!no_parents && n % 11 != 5).then(|| relative(n + 200, 0, year.saturating_sub(28))),
        spouse: (adult && n % 5 < 3).then(|| relative(n + 300, 1 - gender, year)),
        representative: if adult { None } else { mother.clone() },
        mother,
        household_head: (n % 6 != 2).then(|| HouseholdHead {
            name: full,
            relation: "CH01".into(),
            id: Some(id.clone()),
            old_id: old_id.clone(),
        }),
        household_book: (n % 8 != 6).then(|| format!("99{:07}", 400 + n)),
        id,
        old_id,
    }
}

fn name(n: usize, gender: usize) -> (&'static str, &'static str, &'static str) {
    let pick = |list: &[&'static str], at: usize| list.iter().copied().cycle().nth(at).unwrap_or("");
    let of = |lists: &[&[&'static str]; 2], at| match lists {
        [men, _] if gender == 0 => pick(men, at),
        [_, women] => pick(women, at),
    };
    let [men, women] = &MIDDLE;
    let middle = of(&[men, women], n / 2);
    let [men, women] = &GIVEN;
    let given = of(&[men, women], n / 2 + n / 20);
    (pick(&SURNAMES, n * 3), middle, given)
}

/// 999, then sex and century, then the year, then a serial number: the shape of a real one (NĐ 137/2015/NĐ-CP).
fn id(n: usize, gender: usize, year: usize) -> String {
    let century = if year < 2000 { gender } else { 2 + gender };
    format!("999{century}{:02}{:06}", year % 100, 100 + n * 7919 % 900_000)
}

fn birth(n: usize, year: usize) -> Birth {
    let day = (n % 9 != 4).then(|| format!("{year}{:02}{:02}", n % 12 + 1, (n * 5) % 28 + 1));
    Birth { year: u16::try_from(year).unwrap_or(u16::MAX), day }
}

fn address(n: usize) -> Address {
    let awkward = AWKWARD.iter().enumerate().find(|(at, _)| n == 12 + at * 9);
    let detail = match awkward {
        Some((_, text)) => (*text).to_owned(),
        None => format!("Số {}, thôn Mẫu {}", n + 1, n % 7 + 1),
    };
    Address {
        province: "99".into(),
        district: format!("99{}", n % 4),
        ward: format!("99{:03}", n % 30),
        detail,
        country: "VN".into(),
    }
}

fn relative(n: usize, gender: usize, year: usize) -> Relative {
    let (surname, middle, given) = name(n, gender);
    let words = [surname, middle, given].into_iter().filter(|w| !w.is_empty());
    Relative {
        name: words.collect::<Vec<_>>().join(" ").to_uppercase(),
        nationality: Some("VN".into()),
        id: n.is_multiple_of(2).then(|| id(n, gender, year)),
        old_id: (n % 2 == 1).then(|| format!("99{:07}", n * 41)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_population_holds_every_case_the_tests_rely_on() {
        let all = population();
        assert_eq!(all.len(), COUNT);
        assert_eq!(all, population(), "the same at every start");
        let ids: HashSet<_> = all.iter().map(|c| &c.id).collect();
        assert_eq!(ids.len(), COUNT, "ids are unique");
        assert!(all.iter().all(|c| c.id.len() == 12 && c.id.starts_with("999")));
        let old: Vec<_> = all.iter().filter_map(|c| c.old_id.as_ref()).collect();
        assert!(old.len() > 5 && old.iter().all(|o| o.len() == 9 && o.starts_with("99")));
        assert!(all.iter().any(|c| c.birth.day.is_none()));
        assert!(all.iter().any(|c| c.father.is_none() && c.mother.is_none()));
        assert!(all.iter().any(|c| c.father.is_none() && c.mother.is_some()));
        assert!(all.iter().any(|c| c.spouse.is_some()));
        assert!(all.iter().any(|c| c.representative.is_some()));
        assert!(all.iter().any(|c| c.household_head.is_none()));
        assert!(all.iter().any(|c| c.nationality.is_none()));
        assert!(all.iter().any(|c| c.name_in_parts) && all.iter().any(|c| !c.name_in_parts));
        assert!(all.iter().any(|c| c.middle_name.is_empty()));
        for awkward in AWKWARD {
            assert!(all.iter().any(|c| c.permanent_residence.detail == awkward), "{awkward}");
        }
        assert!(all.iter().any(|c| c.full_name().contains('Ễ')), "diacritics");
    }
}
