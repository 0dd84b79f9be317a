#!/usr/bin/python3
"""A libtorrent seeder on loopback: makes a torrent of a file or folder and seeds it until its input ends.

  /usr/bin/python3 libtorrent_seeder.py <file or folder> <torrent to write> <address> <v1|v2|hybrid> <piece bytes>
      [--rate <bytes a second>] [--router <ip:port>] [--log] [--encrypted] [--checked]

Prints one line: {"port": n, "infohash": hex, "magnet": text}. Then {"connected": "ip:port"} for each peer that comes, and
as they grow, {"sent": bytes} of payload and {"received": bytes}: a freerider sends none. With --router it is a DHT node as
well and announces itself there. With --log it tells its own log of each peer: {"heard": kind, "detail": text} for each
message that came, {"said": kind, "detail": text} for each that it sent, and {"client": name, "peerId": hex}. With --checked
it reads its files first, as one that downloaded them: of a v2 torrent it then knows every leaf, where a seeder that has
only the torrent refuses to send them.
"""
import argparse
import json
import os
import re
import select
import sys

import libtorrent as lt

from libtorrent_loopback import DHT_ON_LOOPBACK

words = argparse.ArgumentParser()
for word in ("source", "torrent_path", "address", "kind", "piece_bytes"):
    words.add_argument(word)
words.add_argument("--rate", type=int, default=0)
words.add_argument("--router")
words.add_argument("--log", action="store_true")
words.add_argument("--checked", action="store_true")
words.add_argument("--encrypted", action="store_true")
given = words.parse_args()
folder, name = os.path.split(os.path.abspath(given.source))

files = lt.file_storage()
lt.add_files(files, given.source)
flags = {"v1": lt.create_torrent.v1_only, "v2": lt.create_torrent.v2_only, "hybrid": 0}[given.kind]
made = lt.create_torrent(files, int(given.piece_bytes), flags)
lt.set_piece_hashes(made, folder)
with open(given.torrent_path, "wb") as out:
    out.write(lt.bencode(made.generate()))

alerts = lt.alert.category_t.peer_notification | lt.alert.category_t.error_notification
if given.log:
    alerts |= lt.alert.category_t.peer_log_notification
if given.router:
    alerts |= lt.alert.category_t.dht_notification

session = lt.session({
    # Policy 0 forces encryption, 1 allows it; level 2 is RC4 alone, 3 plaintext too.
    "in_enc_policy": 0 if given.encrypted else 1, "allowed_enc_level": 2 if given.encrypted else 3,
    "listen_interfaces": f"{given.address}:0", "enable_dht": given.router is not None,
    "dht_bootstrap_nodes": given.router or "", **DHT_ON_LOOPBACK, "enable_lsd": False, "enable_upnp": False,
    "enable_natpmp": False, "allow_multiple_connections_per_ip": True, "connections_limit": 200,
    # libtorrent hands out upload quota every tick: at its usual 500 ms each message of a limited seeder waits.
    "tick_interval": 100,
    # The log has several lines for each block, and what does not fit is dropped without a word.
    "alert_mask": alerts, "alert_queue_size": 200000,
})
parameters = lt.add_torrent_params()
parameters.ti = lt.torrent_info(given.torrent_path)
parameters.save_path = folder
parameters.flags = lt.torrent_flags.upload_mode
if not given.checked:
    parameters.flags |= lt.torrent_flags.seed_mode
handle = session.add_torrent(parameters)
if given.rate:
    # Per torrent: peers on loopback are exempt from the limit of the session.
    handle.set_upload_limit(given.rate)
while session.listen_port() == 0 or not handle.status().is_seeding:
    session.wait_for_alert(10)
infohashes = parameters.ti.info_hashes()
print(json.dumps({
    "port": session.listen_port(), "infohash": str(infohashes.v1 if infohashes.has_v1() else infohashes.get_best()),
    "magnet": lt.make_magnet_uri(parameters.ti),
}), flush=True)

LOGGED = re.compile(r"\] (<==|==>) (\w+) \[ (.*?) *\]$")
told = {"sent": 0, "received": 0}
clients = set()


def tell_log(alert):
    logged = LOGGED.search(alert.message())
    if logged:
        way, kind, detail = logged.groups()
        print(json.dumps({"heard" if way == "<==" else "said": kind, "detail": detail}), flush=True)


def tell_clients():
    for peer in handle.get_peer_info():
        if not peer.pid.is_all_zeros() and str(peer.pid) not in clients:
            clients.add(str(peer.pid))
            print(json.dumps({"client": peer.client.decode(errors="replace"), "peerId": str(peer.pid)}), flush=True)


while True:
    readable, _, _ = select.select([sys.stdin], [], [], 0.05)
    if readable and not sys.stdin.readline():
        break
    for alert in session.pop_alerts():
        if type(alert).__name__ == "incoming_connection_alert":
            print(json.dumps({"connected": "%s:%d" % alert.endpoint}), flush=True)
        elif type(alert).__name__ == "dht_bootstrap_alert":
            # What it announced before it knew a node went nowhere.
            handle.force_dht_announce()
        elif type(alert).__name__ == "peer_log_alert":
            tell_log(alert)
    if given.log:
        tell_clients()
    status = handle.status()
    for name, total in (("sent", status.total_payload_upload), ("received", status.total_payload_download)):
        if total > told[name]:
            told[name] = total
            print(json.dumps({name: total}), flush=True)
