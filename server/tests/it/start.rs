//! What `assay serve` says of a folder or a file it cannot use: one line with the file, what is wrong and what to do, and an
//! exit code that is not 0.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use reqwest::Client;

use crate::process::Server;

/// The line it ends with, and that it ends badly.
fn refusal(data: &Path) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_assay"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--log", "error", "--data"]).arg(data);
    let output = command.stdin(Stdio::null()).output().expect("the binary starts");
    assert!(!output.status.success(), "it ended as if all were well");
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 1, "{said}");
    said
}

fn says(data: &Path, words: &[&str]) {
    let said = refusal(data);
    for word in words {
        assert!(said.contains(word), "no `{word}` in: {said}");
    }
}

/// A folder that a server used and left.
async fn used() -> tempfile::TempDir {
    let data = tempfile::tempdir().expect("a folder");
    let server = Server::start(data.path(), &Client::new()).await;
    assert!(server.stop());
    data
}

#[tokio::test]
async fn files_that_are_not_ours_are_named() {
    for file in ["events.db", "control.db"] {
        let data = tempfile::tempdir().expect("a folder");
        fs::write(data.path().join(file), "a letter, and quite a long one\n".repeat(400)).expect("a file");
        says(data.path(), &[file, "damaged or not an SQLite file", "put a backup in its place"]);
    }
    // The control file is an SQLite file of ours, but no event file.
    let data = used().await;
    fs::copy(data.path().join("control.db"), data.path().join("events.db")).expect("a copy");
    says(data.path(), &["events.db", "belongs to another program", "move it away, or name another folder"]);
}

/// Writes a number of four bytes into the header of an SQLite file; where which is, its documentation says.
fn set_header(file: &Path, at: usize, number: u32) {
    let mut bytes = fs::read(file).expect("a file");
    bytes[at..at + 4].copy_from_slice(&number.to_be_bytes());
    fs::write(file, bytes).expect("it is ours");
}

#[tokio::test]
async fn files_of_a_newer_release_are_named() {
    for file in ["events.db", "control.db"] {
        let data = used().await;
        set_header(&data.path().join(file), 60, 900);
        says(data.path(), &[file, "newer release (format 900, this one knows", "run that release"]);
    }
}

#[tokio::test]
async fn damaged_files_are_named() {
    for file in ["events.db", "control.db"] {
        let data = used().await;
        let path = data.path().join(file);
        let whole = fs::read(&path).expect("a file");
        assert!(whole.len() > 20 * 4096);

        fs::write(&path, &whole[..whole.len() / 2]).expect("it is ours");
        says(data.path(), &[file, "damaged", "put a backup in its place"]);

        let mut bytes = whole.clone();
        bytes[7 * 4096..8 * 4096].fill(0x5a);
        fs::write(&path, bytes).expect("it is ours");
        says(data.path(), &[file, "damaged", "put a backup in its place"]);

        fs::write(&path, whole).expect("it is ours");
        assert!(Server::start(data.path(), &Client::new()).await.stop(), "nothing was changed before it was refused");
    }
}

/// A folder nobody may write: on a file system mounted so, as root may write everything else.
struct ReadOnly {
    folder: tempfile::TempDir,
    mounted: bool,
}

impl ReadOnly {
    fn new(fill: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "tmpfs"]).arg(folder.path()).output();
        let mounted = mounted.is_ok_and(|output| output.status.success());
        let read_only = Self { folder, mounted };
        fill(read_only.folder.path());
        let closed = if mounted {
            Command::new("mount").args(["-o", "remount,ro"]).arg(read_only.folder.path()).status()
        } else {
            println!("a tmpfs may not be mounted here: the folder is closed by its permissions");
            Command::new("chmod").args(["-R", "a-w"]).arg(read_only.folder.path()).status()
        };
        assert!(closed.expect("the command is there").success());
        read_only
    }
}

impl Drop for ReadOnly {
    fn drop(&mut self) {
        let path = self.folder.path();
        let _ = if self.mounted {
            Command::new("umount").arg("-l").arg(path).status()
        } else {
            Command::new("chmod").args(["-R", "u+w"]).arg(path).status()
        };
    }
}

#[tokio::test]
async fn a_folder_that_may_only_be_read_is_named() {
    let words = ["cannot be written", "make it writable for whoever runs Assay, or name another folder with --data"];
    let empty = ReadOnly::new(|_| {});
    says(empty.folder.path(), &words);
    let data = used().await;
    let full = ReadOnly::new(|folder| {
        for file in ["control.db", "events.db"] {
            fs::copy(data.path().join(file), folder.join(file)).expect("a copy");
        }
    });
    says(full.folder.path(), &words);
    // A folder inside cannot be made either.
    says(&empty.folder.path().join("new"), &["cannot make the data folder", "new"]);
}
