#!/usr/bin/python3
"""One libtorrent peer on loopback that speaks nothing but stream encryption, until its input ends.

  /usr/bin/python3 libtorrent_wire.py <folder> <v1|v2|hybrid> <rc4|plaintext> seed
  /usr/bin/python3 libtorrent_wire.py <folder> <v1|v2|hybrid> <rc4|plaintext> dial <host> <port>

Makes <folder>/content.bin (300,000 bytes) and <folder>/content.torrent; a seeder shares it, one that dials has nothing and
connects to host and port. Prints one line: {"port": n}.
"""
import json
import os
import sys

import libtorrent as lt

folder, kind, level, role = sys.argv[1:5]
source = os.path.join(folder, "content.bin")
with open(source, "wb") as out:
    out.write(bytes((i * 7 + (i >> 8) * 3) & 255 for i in range(300_000)))
files = lt.file_storage()
lt.add_files(files, source)
flags = {"v1": lt.create_torrent.v1_only, "v2": lt.create_torrent.v2_only, "hybrid": 0}[kind]
made = lt.create_torrent(files, 32 * 1024, flags)
lt.set_piece_hashes(made, folder)
torrent_path = os.path.join(folder, "content.torrent")
with open(torrent_path, "wb") as out:
    out.write(lt.bencode(made.generate()))

session = lt.session({
    "listen_interfaces": "127.0.0.1:0", "enable_dht": False, "enable_lsd": False, "enable_upnp": False,
    "enable_natpmp": False, "allow_multiple_connections_per_ip": True, "enable_outgoing_utp": False,
    "in_enc_policy": 0, "out_enc_policy": 0,  # forced
    "allowed_enc_level": {"plaintext": 1, "rc4": 2}[level], "prefer_rc4": level == "rc4",
})
parameters = lt.add_torrent_params()
parameters.ti = lt.torrent_info(torrent_path)
parameters.save_path = folder if role == "seed" else os.path.join(folder, "empty")
parameters.flags = lt.torrent_flags.update_subscribe
handle = session.add_torrent(parameters)
while session.listen_port() == 0:
    session.wait_for_alert(10)
# Checked, not in seed mode: only then does libtorrent know the hashes of its blocks.
while role == "seed" and not handle.status().is_seeding:
    session.wait_for_alert(10)
if role == "dial":
    handle.connect_peer((sys.argv[5], int(sys.argv[6])))
print(json.dumps({"port": session.listen_port()}), flush=True)
sys.stdin.read()
