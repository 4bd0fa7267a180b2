//! Resident memory, where the system tells it (Linux).

use std::fs;

/// How much more than before was resident at the worst moment of some work, in bytes.
pub fn peak_of(work: impl FnOnce()) -> Option<u64> {
    // Sets the high-water mark back to what is resident now.
    fs::write("/proc/self/clear_refs", "5").ok()?;
    let before = resident("VmRSS:")?;
    work();
    resident("VmHWM:").map(|peak| peak.saturating_sub(before))
}

/// The most that was resident since the process began, in bytes.
pub fn peak() -> Option<u64> {
    resident("VmHWM:")
}

fn resident(line: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let kilobytes = status.lines().find_map(|text| text.strip_prefix(line))?.trim().strip_suffix(" kB")?;
    Some(kilobytes.parse::<u64>().ok()? * 1024)
}
