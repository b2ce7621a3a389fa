//! Compiled code on huge pages, where it is large.
//!
//! An interpreter of JavaScript is some thirty megabytes of code, and an exchange runs all over it: on pages of 4 KiB the processor keeps
//! looking up where they are. The kernel puts what was compiled in this process together on pages of 2 MiB when it is asked to; code
//! that comes from a file it commonly leaves where it is, and an older kernel all of it. Seen with Linux 6.18.

use std::ops::Range;

/// The size of a huge page.
const HUGE: usize = 2 << 20;

/// Ask that the code in this range of addresses, which stays as it is, lie on huge pages. Gives how many of them do now.
#[expect(unsafe_code, reason = "no library has this advice")]
pub(crate) fn gather(image: &Range<*const u8>) -> usize {
    let (start, end) = (image.start.expose_provenance().next_multiple_of(HUGE), image.end.expose_provenance());
    let pages = (start..end).step_by(HUGE).filter(|page| end - page >= HUGE);
    pages
        .filter(|page| {
            // SAFETY: the mapping and its content stay what they are; only what lies behind it changes.
            unsafe { libc::madvise(std::ptr::with_exposed_provenance_mut(*page), HUGE, libc::MADV_COLLAPSE) == 0 }
        })
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_gathered_stays_what_it_is() {
        let whole: Vec<u8> = (0..5 * HUGE).map(|at| (at % 251) as u8).collect();
        let before = whole.clone();
        let gathered = gather(&whole.as_ptr_range());
        assert_eq!(whole, before);
        assert!(gathered <= 5);
        let read = |path| std::fs::read_to_string(path).unwrap_or_default();
        let setting = read("/sys/kernel/mm/transparent_hugepage/enabled");
        let release = read("/proc/sys/kernel/osrelease");
        let mut version = release.split('.').map_while(|part| part.parse::<u32>().ok());
        // Of memory that can be written to, this is known to Linux from 6.1 on.
        let knows = (version.next(), version.next()) >= (Some(6), Some(1));
        if knows && (setting.contains("[madvise]") || setting.contains("[always]")) {
            assert!(gathered > 0, "Linux {release} has huge pages: {setting}");
        }
        let little = &whole[..HUGE / 2];
        assert_eq!(gather(&little.as_ptr_range()), 0);
    }
}
