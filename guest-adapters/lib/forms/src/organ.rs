//! Codes of organs: which of the two lists a code is from.

/// The list that a code is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrganList {
    /// QCVN 102:2016/BTTTT, the highest level last: `000.00.00.G22`.
    Qcvn102,
    /// QĐ 20/2020/QĐ-TTg, the highest level first: `H40.01`.
    Qd20,
}

/// The list that this code is from, or none if it is not a code of an organ. At most 35 characters, groups of `A`-`Z` and
/// `0`-`9` split by points.
#[must_use]
pub fn organ_list(code: &str) -> Option<OrganList> {
    let is_group =
        |group: &str| !group.is_empty() && group.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    if code.len() > 35 || !code.split('.').all(is_group) {
        return None;
    }
    let lengths: Vec<usize> = code.split('.').map(str::len).collect();
    let ends_with_branch =
        code.rsplit('.').next().is_some_and(|last| last.starts_with(|c: char| c.is_ascii_uppercase()));
    Some(if lengths == [3, 2, 2, 3] && ends_with_branch { OrganList::Qcvn102 } else { OrganList::Qd20 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_the_lists_apart() {
        assert_eq!(organ_list("000.00.00.G22"), Some(OrganList::Qcvn102));
        assert_eq!(organ_list("H40"), Some(OrganList::Qd20));
        assert_eq!(organ_list("H37.DN.001"), Some(OrganList::Qd20));
        for bad in ["", ".", "H40.", "h40", "H 40", "H40\r\nX: y", "Hà", &"A".repeat(36)] {
            assert_eq!(organ_list(bad), None, "{bad:?}");
        }
    }
}
