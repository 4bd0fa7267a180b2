//! Resident memory, where the system reports it (Linux).

use std::fs;

/// Returns the peak resident memory of some work above the memory before it, in bytes.
pub fn peak_of(work: impl FnOnce()) -> Option<u64> {
    // Resets the high-water mark to the current resident memory.
    fs::write("/proc/self/clear_refs", "5").ok()?;
    let before = resident("VmRSS:")?;
    work();
    resident("VmHWM:").map(|peak| peak.saturating_sub(before))
}

/// Returns the peak resident memory since the process started, in bytes.
pub fn peak() -> Option<u64> {
    resident("VmHWM:")
}

fn resident(line: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let kilobytes = status.lines().find_map(|text| text.strip_prefix(line))?.trim().strip_suffix(" kB")?;
    Some(kilobytes.parse::<u64>().ok()? * 1024)
}
