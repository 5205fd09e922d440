"""Drives a restic through the package resticpy, and prints what resticpy made of its answers.

Usage: with_resticpy.py PROGRAM FOLDER

Every function of the package is called, but self_update. What no two runs have in common (ids,
times, sizes after compression, keys) is replaced by a word, so that the answers of two programs
can be compared.
"""

import json
import os
import pathlib
import re
import shutil
import sys

import restic

VOLATILE = {
    "time", "created", "mtime", "ctime", "atime", "backup_start", "backup_end", "inode", "ctime",
    "device_id", "total_duration", "data_added_packed", "total_size_compressed", "k", "r", "encrypt",
    "chunker_polynomial", "compression_ratio", "compression_progress", "compression_space_saving",
    "total_uncompressed_size", "program_version", "username", "uid", "gid", "go_version",
}
# How much a tree or a pack takes depends on ids and on what compresses them.
SIZES = {"data_added", "total_size"}
ID = re.compile(r"\b[0-9a-f]{64}\b|\b[0-9a-f]{8}\b")

log = []


def plain(value, path):
    """The value without what no two runs have in common."""
    if isinstance(value, dict):
        return {
            key: "…" if key in VOLATILE or (key in SIZES and path == "raw") else plain(each, path)
            for key, each in sorted(value.items())
        }
    if isinstance(value, list):
        return [plain(each, path) for each in value]
    if isinstance(value, str):
        return ID.sub("ID", value.replace(str(folder), "FOLDER"))
    return value


def note(name, value, sizes="exact"):
    """Adds an answer to what is printed. Groups come in any order."""
    answer = plain(value, "raw" if sizes == "vary" else "")
    if isinstance(answer, list) and all(isinstance(each, dict) for each in answer) and any(
            "group_key" in each or "keep" in each for each in answer):
        answer.sort(key=json.dumps)
    log.append({"call": name, "answer": answer})


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def tree_of(path):
    """Every file below a folder, with what it holds."""
    files = sorted(each for each in path.rglob("*") if each.is_file())
    return {str(each.relative_to(path)): each.read_text() for each in files}


def main():
    source, secret = folder / "source", folder / "password"
    secret.write_text("correct horse\n")
    restic.binary_path = program
    restic.repository = str(folder / "repository")
    restic.password_file = str(secret)

    version = restic.version()
    note("version", {key: version[key] for key in ("restic_version", "platform_version")})
    assert len(restic.init()) == 64, "the id of a repository"
    for number in range(30):
        write(source / f"folder {number % 3}" / f"file {number}.txt", f"{number}\n" * 400)
    note("backup", restic.backup(["source"], tags=["first", "both"], host="box"), "vary")
    note("backup, unchanged", restic.backup(["source"], host="box", skip_if_unchanged=True), "vary")
    write(source / "folder 0" / "file 0.txt", "something else\n")
    write(source / "new.log", "not wanted\n")
    write(folder / "excludes", "*.log\n")
    note("backup, dry", restic.backup(["source"], host="box", dry_run=True, scan=False), "vary")
    note("backup, excludes", restic.backup(
        ["source"], exclude_patterns=["file 1.txt"], exclude_files=[str(folder / "excludes")],
        tags=["second", "both"], host="box", group_by=["host"]), "vary")
    write(folder / "list", "source/folder 1\nsource/folder 2\n")
    note("backup, list", restic.backup(files_from=[str(folder / "list")], host="other"), "vary")

    snapshots = restic.snapshots()
    note("snapshots", snapshots, "vary")
    note("snapshots, host", restic.snapshots(host="other"), "vary")
    note("snapshots, tags", restic.snapshots(tags=["first", "both"]), "vary")
    note("snapshots, path", restic.snapshots(path="source"), "vary")
    note("snapshots, groups", restic.snapshots(group_by=["host", "tags"]), "vary")
    note("snapshots, one", restic.snapshots(snapshot_id=snapshots[0]["short_id"]), "vary")
    note("find", restic.find("file 1*.txt"))
    note("find, nothing", restic.find("file that is not there"))
    for mode in (None, "restore-size", "files-by-contents", "blobs-per-file", "raw-data"):
        note(f"stats {mode}", restic.stats(mode=mode), "vary" if mode == "raw-data" else "exact")
    note("stats, filtered", restic.stats(tags=["first"], host="box"))
    note("cat config", restic.cat.config())
    note("cat masterkey", restic.cat.masterkey())
    note("list locks", restic.list.locks())

    restic.restore(snapshots[0]["id"], target_dir=str(folder / "back"))
    note("restore", tree_of(folder / "back"))
    restic.restore(include="/source/folder 1", target_dir=str(folder / "part"))
    note("restore, part", tree_of(folder / "part"))
    restic.restore(exclude=["file 1*.txt", "file 2.txt"], target_dir=str(folder / "rest"))
    note("restore, rest", tree_of(folder / "rest"))

    write(folder / "second", "another one\n")
    restic.key.add(new_password_file=str(folder / "second"), host="box", user="somebody")
    keys = restic.key.list()
    note("key list", sorted(
        ({key: each[key] for key in ("current",)} for each in keys), key=str))
    restic.password_file = str(folder / "second")
    restic.key.remove(next(each["id"] for each in restic.key.list() if not each["current"]))
    restic.key.passwd(new_password_file=str(secret))
    restic.password_file = str(secret)
    note("key list, afterwards", len(restic.key.list()))

    restic.rewrite(exclude=["file 2.txt"], dry_run=True, snapshot_id=snapshots[0]["id"])
    note("rewrite, dry", len(restic.snapshots()))
    restic.rewrite(exclude=["file 2.txt"], snapshot_id=snapshots[0]["id"], forget=True)
    note("rewrite", restic.snapshots(tags=["first"]), "vary")
    note("find, rewritten", restic.find("file 2.txt"))

    copied = str(folder / "copy")
    original, restic.repository = restic.repository, copied
    restic.init(copy_chunker_params=True, from_repo=original, from_password_file=str(secret))
    restic.copy(from_repo=original, from_password_file=str(secret))
    note("copy", restic.snapshots(), "vary")
    restic.copy(from_repo=original, from_password_file=str(secret))
    note("copy, again", len(restic.snapshots()))
    note("check, copy", restic.check(read_data=True) is not None)
    restic.repository = original

    note("forget, dry", restic.forget(keep_last=1, dry_run=True), "vary")
    note("forget", restic.forget(group_by=["host"], keep_last=1, keep_daily=1, prune=True), "vary")
    note("forget, one", restic.forget(snapshot_id=restic.snapshots(host="other")[0]["id"]))
    note("snapshots, left", restic.snapshots(), "vary")
    note("check", restic.check() is not None)
    note("check, subset", restic.check(read_data_subset="1/2") is not None)
    restic.unlock()
    man = folder / "man"
    man.mkdir()
    restic.generate(
        bash_completion_path=str(folder / "bash"), zsh_completion_path=str(folder / "zsh"),
        man_directory=str(man))
    note("generate", [(folder / shell).stat().st_size > 1000 for shell in ("bash", "zsh")])
    note("generate, pages", (man / "restic-backup.1").exists() or (man / "holdfast-backup.1").exists())
    note("snapshots, unknown", restic.snapshots(snapshot_id="0123456789"))
    for each in (folder / "repository").glob("snapshots/*"):
        each.write_bytes(b"")
    note("check, damaged", restic.check() is None)
    restic.password_file = str(folder / "second")
    try:
        restic.snapshots()
        note("wrong password", "no error")
    except restic.errors.ResticFailedError as error:
        note("wrong password", str(error).split(":", maxsplit=1)[0])
    print(json.dumps(log, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    program, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    # Paths are relative: the folders above the source are nobody's to keep still.
    os.chdir(folder)
    os.environ["HOME"] = str(folder)
    main()
