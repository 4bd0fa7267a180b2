//! Matching of request paths with patterns.

/// Returns the path segments that the wildcards of a pattern match, or `None` if the path does not match. A
/// wildcard never matches an empty segment.
pub(crate) fn match_path<'p>(pattern: &[&str], path: &[&'p str]) -> Option<Vec<&'p str>> {
    let fits =
        |(pattern, part): (&&str, &&str)| if *pattern == "*" { !part.is_empty() } else { pattern == part };
    if pattern.len() != path.len() || !pattern.iter().zip(path).all(fits) {
        return None;
    }
    Some(path.iter().zip(pattern).filter(|(_, pattern)| **pattern == "*").map(|(part, _)| *part).collect())
}

/// Whether the last segments of `path` match `end`, in which `*` matches any segment.
pub(crate) fn path_ends_with(path: &str, end: &str) -> bool {
    let path: Vec<&str> = path.split('/').collect();
    let end: Vec<&str> = end.trim_start_matches('/').split('/').collect();
    path.len().checked_sub(end.len()).is_some_and(|skip| match_path(&end, &path[skip..]).is_some())
}
