#!/usr/bin/python3
"""DHT nodes of libtorrent on loopback, driven by lines of JSON.

  /usr/bin/python3 libtorrent_dht.py <count> <port> [<first address>=127.0.9.1]

Node i listens on the i-th address and bootstraps from node 0. Prints {"ready": true, "nodes": [...]} when
every node knows another, then reads commands, one a line, and answers each with one line:
  {"node": 0, "do": "announce", "infohash": hex}                 -> {"port": n}
  {"node": 0, "do": "peers", "infohash": hex, "seconds": s}      -> {"peers": ["ip:port", ...]}
  {"node": 0, "do": "put", "data": text}                         -> {"target": hex}
  {"node": 0, "do": "get", "target": hex, "seconds": s}          -> {"data": text | null}
  {"node": 0, "do": "putm", "seed": hex, "key": hex, "data": text, "salt": text} -> {"stored": n}
  {"node": 0, "do": "getm", "key": hex, "salt": text, "seconds": s}   -> {"data": text | null, "seq": n}
  {"node": 0, "do": "table"}                                     -> {"nodes": ["ip:port", ...]}
"""
import hashlib
import ipaddress
import json
import sys
import time

import libtorrent as lt

from libtorrent_loopback import DHT_ON_LOOPBACK


def open_session(address, port, router):
    shown = f"[{address}]" if ":" in str(address) else str(address)
    return lt.session({
        "listen_interfaces": f"{shown}:{port}", "enable_dht": True, "dht_bootstrap_nodes": router,
        "enable_lsd": False, "enable_upnp": False, "enable_natpmp": False,
        "allow_multiple_connections_per_ip": True, **DHT_ON_LOOPBACK,
        "alert_mask": lt.alert.category_t.dht_notification | lt.alert.category_t.dht_operation_notification
        | lt.alert.category_t.stats_notification | lt.alert.category_t.error_notification,
    })


def wait(session, wanted, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for alert in session.pop_alerts():
            if wanted(alert):
                return True
        time.sleep(0.01)
    return False


def table_size(session):
    found = []
    session.post_dht_stats()
    wait(session, lambda a: isinstance(a, lt.dht_stats_alert) and (found.append(a) or True), 1)
    return sum(b.get("num_nodes", 0) for b in found[0].routing_table) if found else 0


def compact_nodes(state):
    nodes = []
    for compact in state.get(b"nodes", []) + state.get(b"nodes6", []):
        address = ipaddress.ip_address(compact[:-2])
        port = int.from_bytes(compact[-2:], "big")
        nodes.append(f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}")
    return nodes


def text(value):
    return value.decode() if isinstance(value, bytes) else value


def run(session, command):
    do = command["do"]
    seconds = command.get("seconds", 5)
    if do == "announce":
        # This binding cannot name the flags of dht_announce: a torrent announces itself.
        parameters = lt.parse_magnet_uri("magnet:?xt=urn:btih:" + command["infohash"])
        parameters.save_path = "/tmp"
        handle = session.add_torrent(parameters)
        handle.force_dht_announce()
        return {"port": session.listen_port()}
    if do == "peers":
        peers = set()

        def take(alert):
            if isinstance(alert, lt.dht_get_peers_reply_alert):
                peers.update(f"{ip}:{port}" for ip, port in alert.peers())
            return bool(peers)

        session.dht_get_peers(lt.sha1_hash(bytes.fromhex(command["infohash"])))
        wait(session, take, seconds)
        return {"peers": sorted(peers)}
    if do == "put":
        return {"target": str(session.dht_put_immutable_item(command["data"]))}
    if do == "get":
        found = []

        def item(alert):
            if isinstance(alert, lt.dht_immutable_item_alert):
                try:
                    found.append(alert.item["value"])
                except RuntimeError:  # an empty entry: nobody has it
                    found.append(None)
            return bool(found)

        session.dht_get_immutable_item(lt.sha1_hash(bytes.fromhex(command["target"])))
        wait(session, item, seconds)
        value = found[0] if found else None
        return {"data": text(value)}
    if do == "putm":
        # libtorrent's secret keys are the hashed, clamped form of RFC 8032; the caller knows the public one.
        secret = bytearray(hashlib.sha512(bytes.fromhex(command["seed"])).digest())
        secret[0] &= 248
        secret[31] = secret[31] & 63 | 64
        public = bytes.fromhex(command["key"])
        session.dht_put_mutable_item(bytes(secret), public, command["data"].encode(), command["salt"].encode())
        put = []

        def is_put(alert):
            # The alert of an earlier, immutable put may come as late as this; those have no sequence number.
            if isinstance(alert, lt.dht_put_alert) and alert.seq > 0:
                put.append(alert)
            return bool(put)

        wait(session, is_put, seconds)
        return {"stored": put[0].num_success if put else 0}
    if do == "getm":
        found = []

        def mutable(alert):
            if isinstance(alert, lt.dht_mutable_item_alert):
                found.append(alert)
                return bool(alert.item.get("authoritative", True))
            return False

        session.dht_get_mutable_item(bytes.fromhex(command["key"]), command["salt"].encode())
        wait(session, mutable, seconds)
        try:
            item = found[-1].item
            return {"data": text(item["value"]), "seq": item["seq"]}
        except (IndexError, RuntimeError):
            return {"data": None, "seq": None}
    if do == "table":
        state = session.save_state(lt.save_state_flags_t.save_dht_state)
        return {"nodes": compact_nodes(state.get(b"dht state", {})), "count": table_size(session)}
    raise ValueError(do)


def main():
    count, port = int(sys.argv[1]), int(sys.argv[2])
    first = ipaddress.ip_address(sys.argv[3] if len(sys.argv) > 3 else "127.0.9.1")
    router = f"[{first}]:{port}" if first.version == 6 else f"{first}:{port}"
    step = 0 if first.version == 6 else 1
    ports = [port + (i if step == 0 else 0) for i in range(count)]
    sessions = [open_session(first + i * step, ports[i], "" if i == 0 else router) for i in range(count)]
    # A node never keeps its router in its table, so the nodes are introduced to one another.
    for one, session in enumerate(sessions):
        for other in range(count):
            if other != one:
                session.add_dht_node((str(first + other * step), ports[other]))
    end = time.monotonic() + 30
    while time.monotonic() < end and not all(table_size(s) > min(2, count - 2) for s in sessions):
        time.sleep(0.05)
    endpoints = [f"[{first}]:{ports[i]}" if step == 0 else f"{first + i}:{port}" for i in range(count)]
    print(json.dumps({"ready": True, "nodes": endpoints, "tables": [table_size(s) for s in sessions]}), flush=True)
    for line in sys.stdin:
        command = json.loads(line)
        print(json.dumps(run(sessions[command["node"]], command)), flush=True)


main()
