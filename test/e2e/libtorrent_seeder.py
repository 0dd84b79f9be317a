#!/usr/bin/python3
"""A libtorrent seeder on loopback: makes a torrent of a file or folder and seeds it until its input ends.

  /usr/bin/python3 libtorrent_seeder.py <file or folder> <torrent to write> <address> <v1|v2|hybrid> <piece bytes> [bytes a second]

Prints one line: {"port": n, "infohash": hex, "magnet": text}. Then {"connected": "ip:port"} for each peer that comes, and
as they grow, {"sent": bytes} of payload and {"received": bytes}: a freerider sends none.
"""
import json
import os
import select
import sys

import libtorrent as lt

source, torrent_path, address, kind, piece_bytes = sys.argv[1:6]
rate = int(sys.argv[6]) if len(sys.argv) > 6 else 0
folder, name = os.path.split(os.path.abspath(source))

files = lt.file_storage()
lt.add_files(files, source)
flags = {"v1": lt.create_torrent.v1_only, "v2": lt.create_torrent.v2_only, "hybrid": 0}[kind]
made = lt.create_torrent(files, int(piece_bytes), flags)
lt.set_piece_hashes(made, folder)
with open(torrent_path, "wb") as out:
    out.write(lt.bencode(made.generate()))

session = lt.session({
    "listen_interfaces": f"{address}:0", "enable_dht": False, "enable_lsd": False, "enable_upnp": False,
    "enable_natpmp": False, "allow_multiple_connections_per_ip": True, "connections_limit": 200,
    # libtorrent hands out upload quota every tick: at its usual 500 ms each message of a limited seeder waits.
    "tick_interval": 100,
    "alert_mask": lt.alert.category_t.peer_notification | lt.alert.category_t.error_notification,
})
parameters = lt.add_torrent_params()
parameters.ti = lt.torrent_info(torrent_path)
parameters.save_path = folder
parameters.flags = lt.torrent_flags.seed_mode | lt.torrent_flags.upload_mode
handle = session.add_torrent(parameters)
if rate:
    # Per torrent: peers on loopback are exempt from the limit of the session.
    handle.set_upload_limit(rate)
while session.listen_port() == 0:
    session.wait_for_alert(10)
infohashes = parameters.ti.info_hashes()
print(json.dumps({
    "port": session.listen_port(), "infohash": str(infohashes.v1 if infohashes.has_v1() else infohashes.get_best()),
    "magnet": lt.make_magnet_uri(parameters.ti),
}), flush=True)

told = {"sent": 0, "received": 0}
while True:
    readable, _, _ = select.select([sys.stdin], [], [], 0.05)
    if readable and not sys.stdin.readline():
        break
    for alert in session.pop_alerts():
        if type(alert).__name__ == "incoming_connection_alert":
            print(json.dumps({"connected": "%s:%d" % alert.endpoint}), flush=True)
    status = handle.status()
    for name, total in (("sent", status.total_payload_upload), ("received", status.total_payload_download)):
        if total > told[name]:
            told[name] = total
            print(json.dumps({name: total}), flush=True)
