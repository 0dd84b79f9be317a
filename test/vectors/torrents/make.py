#!/usr/bin/env python3
"""Makes the .torrent files beside it with libtorrent 2.0, and torrents.json: what libtorrent reads in them.

The content of a file is a formula, so that the tests can make it again: see content().
"""
import json, os, shutil, sys, tempfile
import libtorrent as lt

HERE = os.path.dirname(os.path.abspath(__file__))
V1, V2 = lt.create_torrent.v1_only, lt.create_torrent.v2_only
KIB = 1024


def content(size, number):
    """Byte i of file `number` of a torrent."""
    return bytes((i * 7 + (i >> 8) * 3 + number * 13) & 255 for i in range(size))


MULTI = {"a/b/deep.bin": 40 * KIB + 5, "a/empty": 0, "plain.txt": 1, "zwölf.mkv": 70 * KIB}
TORRENTS = [
    # name, files, piece size, flags
    ("v1-single", {"single.bin": 50_000}, 16 * KIB, V1),
    ("v1-multi", MULTI, 16 * KIB, V1),
    ("v1-padded", MULTI, 32 * KIB, V1 | lt.create_torrent.canonical_files),
    ("v1-empty", {"nothing": 0, "one": 1}, 16 * KIB, V1),
    ("v2-single-small", {"small.bin": 10_000}, 32 * KIB, V2),
    ("v2-single", {"single.bin": 200_000}, 32 * KIB, V2),
    ("v2-multi", MULTI, 16 * KIB, V2),
    ("hybrid-single", {"single.bin": 200_000}, 64 * KIB, 0),
    ("hybrid-multi", MULTI, 16 * KIB, 0),
    ("hybrid-large-pieces", MULTI, 256 * KIB, 0),
]


def build(name, files, piece_size, flags):
    root = tempfile.mkdtemp()
    top = os.path.join(root, next(iter(files)) if len(files) == 1 else name)
    for number, (path, size) in enumerate(files.items()):
        target = top if len(files) == 1 else os.path.join(top, path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "wb") as out:
            out.write(content(size, number))
        if path == "plain.txt":
            os.chmod(target, 0o755)
    storage = lt.file_storage()
    lt.add_files(storage, top, lambda path: True, flags)
    torrent = lt.create_torrent(storage, piece_size, flags)
    torrent.add_tracker("http://tracker.example/announce")
    torrent.add_url_seed("http://seed.example/")
    lt.set_piece_hashes(torrent, os.path.dirname(top))
    entry = torrent.generate()
    entry[b"creation date"] = 1
    with open(os.path.join(HERE, name + ".torrent"), "wb") as out:
        out.write(lt.bencode(entry))
    shutil.rmtree(root)


def describe(name, files):
    info = lt.torrent_info(os.path.join(HERE, name + ".torrent"))
    storage = info.orig_files()
    hashes = info.info_hashes()
    listed = []
    for i in range(storage.num_files()):
        listed.append({
            "path": storage.file_path(i),
            "size": storage.file_size(i),
            "offset": storage.file_offset(i),
            "isPadding": bool(storage.file_flags(i) & lt.file_storage.flag_pad_file),
            "isExecutable": bool(storage.file_flags(i) & lt.file_storage.flag_executable),
            "root": storage.root(i).to_bytes().hex() if hashes.has_v2() else "",
        })
    return {
        "name": info.name(),
        "pieceSize": info.piece_length(),
        "pieceCount": info.num_pieces(),
        "infohash1": str(hashes.v1) if hashes.has_v1() else None,
        "infohash2": str(hashes.v2) if hashes.has_v2() else None,
        "files": listed,
        "content": [{"path": path, "size": size} for path, size in files.items()],
    }


if __name__ == "__main__":
    described = {}
    for name, files, piece_size, flags in TORRENTS:
        build(name, files, piece_size, flags)
        described[name] = describe(name, files)
    with open(os.path.join(HERE, "torrents.json"), "w") as out:
        json.dump(described, out, indent=1, ensure_ascii=False)
        out.write("\n")
