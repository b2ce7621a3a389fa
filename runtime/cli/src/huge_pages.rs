//! The gateway's own code and heap on huge pages.
//!
//! An exchange goes through code and data on several hundred pages. Which of them is where the processor keeps for a part of them only, and in a
//! virtual machine it takes two dozen steps through memory to find one again. On pages of 2 MiB instead of 4 KiB a handful is
//! enough: docs/performance.md.
//!
//! The kernel gives huge pages to memory that asks for them, unless its administrator says `never`; to code in a file it gives none, so the code is
//! copied. Where anything of this is refused, the gateway runs on small pages as any other program.
//!
//! Invariant: at every moment each address of the code holds the same bytes, and none of them can be written once they can be run.

use rustix::io::Result;
use rustix::mm::{
    Advice, MapFlags, MprotectFlags, MremapFlags, ProtFlags, madvise, mmap_anonymous, mprotect, mremap_fixed, munmap,
};
use std::fs::read_to_string;
use std::ops::Range;
use std::ptr::{null_mut, with_exposed_provenance, with_exposed_provenance_mut};

const SETTINGS: &str = "/sys/kernel/mm/transparent_hugepage";

/// Ask for huge pages, if the system has any for those who ask.
pub(crate) fn ask() {
    let setting = |name: &str| read_to_string(format!("{SETTINGS}/{name}")).unwrap_or_default();
    let size = setting("hpage_pmd_size").trim().parse().unwrap_or_default();
    let enabled = setting("enabled");
    if size == 0 || enabled.is_empty() || enabled.contains("[never]") {
        tracing::debug!("the system gives no huge pages");
        return;
    }
    // All small values lie in one large mapping.
    let sample = Box::new(0u64);
    let heap = memory(std::ptr::from_ref(&*sample).expose_provenance(), size);
    for (what, asked) in [("code", code(size)), ("heap", heap)] {
        match asked {
            Ok(bytes) => tracing::debug!(what, bytes, "asked for huge pages"),
            Err(error) => tracing::info!(what, %error, "no huge pages"),
        }
    }
}

/// Put a copy of this program's code on huge pages in its place. Gives how many bytes of it.
#[expect(unsafe_code, reason = "no library replaces the code that runs")]
fn code(page: usize) -> Result<usize> {
    let code = whole(&mapping((ask as fn()) as usize, &maps()), page);
    let (bytes, room) = (code.len(), code.len() + page);
    if bytes == 0 {
        return Ok(0);
    }
    // SAFETY: new memory, of which nobody else knows.
    let place = unsafe { mmap_anonymous(null_mut(), room, ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE) }?;
    let begin = place.expose_provenance();
    let aligned = begin.next_multiple_of(page);
    let copy = with_exposed_provenance_mut(aligned);
    let give_up = |error| {
        // SAFETY: it is the memory of above, and nobody needs it any more.
        let _ = unsafe { munmap(place, room) };
        error
    };
    // SAFETY: there is room for the copy from the first address in it that begins a huge page. The code can be read and never changes. When the
    // copy takes its place, in one step of the kernel, every address has the bytes that it had, and can be run as it could.
    unsafe {
        madvise(copy, bytes, Advice::LinuxHugepage).map_err(give_up)?;
        std::ptr::copy_nonoverlapping(with_exposed_provenance::<u8>(code.start), copy.cast::<u8>(), bytes);
        mprotect(copy, bytes, MprotectFlags::READ | MprotectFlags::EXEC).map_err(give_up)?;
        mremap_fixed(copy, bytes, bytes, MremapFlags::MAYMOVE, with_exposed_provenance_mut(code.start))
            .map_err(give_up)?;
    }
    for rest in [begin..aligned, aligned + bytes..begin + room] {
        if !rest.is_empty() {
            // SAFETY: what was beside the copy, which is elsewhere now.
            let _ = unsafe { munmap(with_exposed_provenance_mut(rest.start), rest.len()) };
        }
    }
    Ok(bytes)
}

/// Ask for huge pages in the mapping that an address lies in. Gives how many bytes of addresses that are.
#[expect(unsafe_code, reason = "advice is given by address")]
fn memory(address: usize, page: usize) -> Result<usize> {
    let memory = whole(&mapping(address, &maps()), page);
    if !memory.is_empty() {
        // SAFETY: this advice changes nothing of what is in the memory.
        unsafe { madvise(with_exposed_provenance_mut(memory.start), memory.len(), Advice::LinuxHugepage) }?;
    }
    Ok(memory.len())
}

fn maps() -> String {
    read_to_string("/proc/self/maps").unwrap_or_default()
}

/// The mapping that an address lies in, of those of `/proc/self/maps`; an empty one if there is none.
fn mapping(address: usize, maps: &str) -> Range<usize> {
    let number = |text: &str| usize::from_str_radix(text, 16).ok();
    let range = |line: &str| {
        let (start, end) = line.split_once(' ')?.0.split_once('-')?;
        Some(number(start)?..number(end)?)
    };
    maps.lines().filter_map(range).find(|range| range.contains(&address)).unwrap_or_default()
}

/// What of a range are whole huge pages.
fn whole(range: &Range<usize>, page: usize) -> Range<usize> {
    let (start, end) = (range.start.next_multiple_of(page), range.end - range.end % page);
    if start < end { start..end } else { 0..0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: usize = 2 << 20;

    #[test]
    fn a_mapping_is_found_by_an_address_in_it() {
        let maps = "55b2a95cb000-55b2ab215000 r-xp 00001000 fe:00 1 /usr/bin/nhip\n\
                    7f0000000000-7f0000001000 rw-p 00000000 00:00 0 \n";
        let code = 0x55b2_a95c_b000..0x55b2_ab21_5000;
        assert_eq!(mapping(code.start, maps), code);
        assert_eq!(mapping(code.end - 1, maps), code);
        assert_eq!(mapping(code.end, maps), 0..0);
        assert_eq!(whole(&code, PAGE), 0x55b2_a960_0000..0x55b2_ab20_0000);
        assert_eq!(whole(&mapping(0x7f00_0000_0000, maps), PAGE), 0..0, "smaller than a huge page");
        assert_eq!(mapping(1, "nonsense\n"), 0..0);
    }

    #[test]
    fn the_code_goes_on_in_its_copy_and_cannot_be_written() {
        let before = mapping((ask as fn()) as usize, &maps());
        let copied = code(PAGE).unwrap();
        assert_eq!(copied, whole(&before, PAGE).len());
        assert!(copied >= PAGE, "{before:x?}");
        let maps = maps();
        let part = whole(&before, PAGE).start;
        let now = mapping(part, &maps);
        let line = maps.lines().find(|line| line.starts_with(&format!("{:x}-", now.start))).unwrap();
        assert!(line.contains(" r-xp ") && line.contains(" 00:00 0"), "{line}");
        // What unwinds looks its way up by the addresses of the code.
        assert!(std::panic::catch_unwind(|| std::panic::resume_unwind(Box::new(1))).is_err());
        assert!(std::backtrace::Backtrace::force_capture().to_string().contains("huge_pages"));
    }

    #[test]
    fn the_kernel_is_told_where_huge_pages_are_wanted() {
        let much = vec![1u8; 16 * PAGE];
        let middle = much.as_ptr().expose_provenance() + 8 * PAGE;
        let wants = || {
            let maps = read_to_string("/proc/self/smaps").unwrap();
            let start = format!("{:x}-", mapping(middle, &maps).start);
            let flags = maps.lines().skip_while(|line| !line.starts_with(&start));
            flags.clone().find(|line| line.starts_with("VmFlags:")).unwrap().contains(" hg")
        };
        assert!(!wants());
        assert!(memory(middle, PAGE).unwrap() >= 15 * PAGE);
        assert!(wants());
    }
}
