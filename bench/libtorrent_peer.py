"""libtorrent on loopback, TCP only, encryption off.

libtorrent_peer.py seed TORRENT FOLDER              prints READY PORT
libtorrent_peer.py download TORRENT OUT PORT _      prints START, then DONE
Both end with stdin.
"""

import os
import sys

import libtorrent as lt

role, torrent, folder = sys.argv[1:4]
settings = lt.high_performance_seed() if role == "seed" else {}
settings.update(
    listen_interfaces="127.0.0.1:0",
    enable_dht=False,
    enable_lsd=False,
    enable_upnp=False,
    enable_natpmp=False,
    enable_incoming_utp=False,
    enable_outgoing_utp=False,
    allow_multiple_connections_per_ip=True,
    in_enc_policy=2,
    out_enc_policy=2,
    alert_mask=lt.alert.category_t.status_notification,
)
session = lt.session(settings)
parameters = lt.add_torrent_params()
parameters.ti = lt.torrent_info(torrent)
parameters.trackers = []
os.makedirs(folder, exist_ok=True)
parameters.save_path = folder
if role == "seed":
    parameters.flags = lt.torrent_flags.seed_mode | lt.torrent_flags.upload_mode
parameters.flags &= ~(lt.torrent_flags.paused | lt.torrent_flags.auto_managed)
if role == "seed":
    session.add_torrent(parameters)
    while session.listen_port() == 0:
        pass
    print("READY", session.listen_port(), flush=True)
else:
    print("START", flush=True)
    handle = session.add_torrent(parameters)
    handle.connect_peer(("127.0.0.1", int(sys.argv[4])))
    is_done = False
    while not is_done:
        session.wait_for_alert(500)
        is_done = any(isinstance(a, lt.torrent_finished_alert) for a in session.pop_alerts())
    print("DONE", flush=True)
sys.stdin.read()
