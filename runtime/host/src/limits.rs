//! The memory limit of one instance: the sum over all its memories and tables, as the policy means it.
//!
//! The engine's own `StoreLimits` bounds each memory apart, so a component with many of them would get a multiple.

use wasmtime::ResourceLimiter;

/// What a table element costs on the host.
const TABLE_ELEMENT: usize = size_of::<usize>();

/// Sums what the instance was given.
#[derive(Debug)]
pub(crate) struct MemoryLimit {
    granted: usize,
    used: usize,
    /// Whether the guest was ever refused, so that the trap that usually follows can be explained.
    pub(crate) refused: bool,
}

impl MemoryLimit {
    pub(crate) fn new(granted: u64) -> Self {
        Self { granted: usize::try_from(granted).unwrap_or(usize::MAX), used: 0, refused: false }
    }

    fn grow(&mut self, more: usize) -> bool {
        let used = self.used.saturating_add(more);
        if used > self.granted {
            self.refused = true;
            return false;
        }
        self.used = used;
        true
    }
}

impl ResourceLimiter for MemoryLimit {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        // What the memory's own maximum forbids fails by itself and must not be counted.
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        Ok(self.grow(desired.saturating_sub(current)))
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        Ok(self.grow(desired.saturating_sub(current).saturating_mul(TABLE_ELEMENT)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memories_and_tables_share_one_grant() {
        let mut limit = MemoryLimit::new(3 << 16);
        assert!(limit.memory_growing(0, 1 << 16, None).unwrap());
        assert!(limit.memory_growing(0, 1 << 16, None).unwrap());
        assert!(limit.table_growing(0, 8192, None).unwrap());
        assert!(!limit.refused);
        assert!(!limit.memory_growing(1 << 16, 2 << 16, None).unwrap());
        assert!(!limit.table_growing(8192, 8193, None).unwrap());
        assert!(limit.refused);
    }

    #[test]
    fn what_the_memory_itself_forbids_is_not_our_refusal() {
        let mut limit = MemoryLimit::new(1 << 30);
        assert!(!limit.memory_growing(0, 2 << 16, Some(1 << 16)).unwrap());
        assert!(!limit.refused);
    }
}
