//! Permissions of the file.

use super::*;

#[tokio::test]
async fn other_users_cannot_read_a_new_database() {
    use std::os::unix::fs::PermissionsExt;
    let file = File::new("other_users_cannot_read_a_new_database");
    let queue = file.open().await;
    queue.pause().await.unwrap();
    for end in ["", "-wal", "-shm"] {
        let path = format!("{}{end}", file.0.display());
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{path}");
    }
    // An existing file keeps its permissions.
    drop(queue);
    std::fs::set_permissions(&file.0, PermissionsExt::from_mode(0o640)).unwrap();
    drop(file.open().await);
    assert_eq!(std::fs::metadata(&file.0).unwrap().permissions().mode() & 0o777, 0o640);
}
