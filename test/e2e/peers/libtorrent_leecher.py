#!/usr/bin/python3
"""A libtorrent downloader on loopback: /usr/bin/python3 libtorrent_leecher.py <torrent or magnet> <directory> <host> <port>

Downloads from that one peer, prints "done" when every byte is verified, and ends.
"""
import sys

import libtorrent as lt

torrent, directory, host, port = sys.argv[1:5]
session = lt.session({
    "listen_interfaces": "127.0.0.1:0", "enable_dht": False, "enable_lsd": False, "enable_upnp": False,
    "enable_natpmp": False, "alert_mask": lt.alert.category_t.status_notification,
})
if torrent.startswith("magnet:"):
    parameters = lt.parse_magnet_uri(torrent)
else:
    parameters = lt.add_torrent_params()
    parameters.ti = lt.torrent_info(torrent)
parameters.save_path = directory
handle = session.add_torrent(parameters)
handle.connect_peer((host, int(port)))
while not handle.status().is_seeding:
    session.wait_for_alert(50)
    session.pop_alerts()
print("done", flush=True)
