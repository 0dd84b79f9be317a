"""Makes a v1 torrent of one file: make_torrent.py FILE OUT PIECE_KIB"""

import os
import sys

import libtorrent as lt

path, out, kib = sys.argv[1], sys.argv[2], int(sys.argv[3])
files = lt.file_storage()
files.add_file(os.path.basename(path), os.path.getsize(path))
torrent = lt.create_torrent(files, kib * 1024, lt.create_torrent.v1_only)
lt.set_piece_hashes(torrent, os.path.dirname(os.path.abspath(path)))
with open(out, "wb") as made:
    made.write(lt.bencode(torrent.generate()))
