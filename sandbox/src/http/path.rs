//! Matching of request paths with patterns.

/// Returns the path segments that the wildcards of a pattern match, or `None` if the path does not match. A
/// wildcard never matches an empty segment.
pub(crate) fn match_path<'p>(pattern: &[&str], path: &[&'p str]) -> Option<Vec<&'p str>> {
    fits_path(pattern, path).then(|| wildcards(pattern, path).collect())
}

/// Returns the segments that the wildcards of a matching pattern match.
pub(crate) fn wildcards<'p>(pattern: &[&str], path: &[&'p str]) -> impl Iterator<Item = &'p str> {
    path.iter().zip(pattern).filter(|(_, pattern)| **pattern == "*").map(|(part, _)| *part)
}

/// Whether the path matches the pattern.
pub(crate) fn fits_path(pattern: &[&str], path: &[&str]) -> bool {
    let fits =
        |(pattern, part): (&&str, &&str)| if *pattern == "*" { !part.is_empty() } else { pattern == part };
    // The last segments differ most often.
    pattern.len() == path.len() && pattern.iter().zip(path).rev().all(fits)
}

/// Whether the last segments of `path` match `end`, in which `*` matches any segment.
pub(crate) fn path_ends_with(path: &str, end: &str) -> bool {
    let path: Vec<&str> = path.split('/').collect();
    let end: Vec<&str> = end.trim_start_matches('/').split('/').collect();
    path.len().checked_sub(end.len()).is_some_and(|skip| fits_path(&end, &path[skip..]))
}
