#!/usr/bin/python3
"""Real DHT programs whose only router is our bootstrap server, each on a machine of its own.

  unshare --net --mount /usr/bin/python3 bootstrap_visitors.py <folder> <repository>

Makes a bridge in the network namespace that it is started in, with public-looking addresses, because
libtorrent takes the id that its address entitles it to only there. The server is the built command at
81.2.1.7; libtorrent, Transmission, aria2, webtorrent and our own client sit at 81.2.N.7. All look for one
infohash; all but ours announce it. Prints one line of JSON: who found whose announce.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import time
import urllib.request

SERVER = "81.2.1.7"
ROUTER = f"{SERVER}:6881"
INFOHASH = "5bb2c7e0f1a94c3d8e6f70a1b2c3d4e5f6071829"
MAGNET = f"magnet:?xt=urn:btih:{INFOHASH}"
DEADLINE_SECONDS = 240
POLL_SECONDS = 0.2
FIRST_NODES = 10


def run(*words):
    subprocess.run(words, check=True)


def make_network():
    run("mount", "-t", "tmpfs", "none", "/run")
    os.makedirs("/run/netns")
    run("ip", "link", "set", "lo", "up")
    run("ip", "link", "add", "br0", "type", "bridge")
    run("ip", "addr", "add", f"{SERVER}/8", "dev", "br0")
    run("ip", "link", "set", "br0", "up")


def make_machine(number):
    """A network namespace on the bridge; answers the words that start a program in it."""
    name = f"p{number}"
    run("ip", "netns", "add", name)
    run("ip", "link", "add", f"v{number}", "type", "veth", "peer", "name", "eth0", "netns", name)
    run("ip", "link", "set", f"v{number}", "master", "br0", "up")
    inside = ["ip", "netns", "exec", name]
    run(*inside, "ip", "link", "set", "lo", "up")
    run(*inside, "ip", "addr", "add", f"{address_of(number)}/8", "dev", "eth0")
    run(*inside, "ip", "link", "set", "eth0", "up")
    return inside


def address_of(number):
    return f"81.2.{number}.7"


def wait_until(is_true, what):
    end = time.monotonic() + DEADLINE_SECONDS
    while not is_true():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(POLL_SECONDS)


class Scene:
    def __init__(self, folder, repository):
        self.folder = pathlib.Path(folder)
        self.repository = pathlib.Path(repository)
        self.children = []

    def start(self, name, *words, **options):
        log = open(self.folder / f"{name}.log", "wb")
        child = subprocess.Popen(words, stdout=log, stderr=subprocess.STDOUT, **options)
        self.children.append(child)
        return child

    def log(self, name):
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def stop(self):
        for child in self.children:
            child.kill()
        for child in self.children:
            child.wait()

    def start_server(self):
        program = self.repository / "bin/torrent-live.js"
        self.start(
            "server", "node", program, "bootstrap", "--listen", ROUTER, "--probation", "2s",
            "--state-directory", self.folder / "state", "--metrics", "127.0.0.1:9091")
        wait_until(lambda: "Serving on" in self.log("server"), "the server")

    def verified_nodes(self):
        with urllib.request.urlopen("http://127.0.0.1:9091/metrics") as page:
            text = page.read().decode()
        return int(re.search(r'_nodes\{family="ip4"\} (\d+)', text)[1])

    def start_libtorrent(self, number):
        words = [sys.executable, "-W", "ignore", __file__, "--libtorrent", address_of(number)]
        self.start(f"libtorrent{number}", *make_machine(number), *words)

    def start_transmission(self, number):
        state = self.folder / "transmission"
        state.mkdir()
        (state / "dht.bootstrap").write_text(f"{SERVER} 6881\n")
        settings = {
            "bind-address-ipv4": address_of(number), "dht-enabled": True, "lpd-enabled": False,
            "pex-enabled": False, "port-forwarding-enabled": False, "utp-enabled": False,
            "peer-port": 51413, "rpc-bind-address": "0.0.0.0", "rpc-host-whitelist-enabled": False,
            "rpc-whitelist-enabled": False, "download-dir": str(self.folder),
            "start-added-torrents": True,
        }
        (state / "settings.json").write_text(json.dumps(settings))
        self.start("transmission", *make_machine(number), "transmission-daemon", "-f", "-g", state)
        remote = ["transmission-remote", f"{address_of(number)}:9091"]
        wait_until(lambda: subprocess.run(
            [*remote, "-a", MAGNET], capture_output=True).returncode == 0, "transmission")

        def peers():
            found = subprocess.run([*remote, "-t", "1", "-ip"], capture_output=True, text=True)
            return found.stdout

        return peers

    def start_aria2(self, number):
        self.start(
            "aria2", *make_machine(number), "aria2c", "--no-conf", f"--dir={self.folder}",
            f"--dht-entry-point={ROUTER}", "--dht-listen-port=6900", "--listen-port=6901",
            f"--dht-file-path={self.folder}/aria2.dht", "--enable-dht6=false", "--bt-enable-lpd=false",
            "--enable-peer-exchange=false", "--disable-ipv6=true", "--log-level=info",
            f"--log={self.folder}/aria2.info", "--bt-stop-timeout=0", MAGNET)
        return lambda: (self.folder / "aria2.info").read_text(errors="replace")

    def start_webtorrent(self, number):
        peers = self.repository / "test/peers"
        self.start(
            "webtorrent", *make_machine(number), peers / "node_modules/node-22/bin/node", "--import",
            peers / "no-webrtc.mjs", self.repository / "test/e2e/bootstrap_webtorrent.mjs", ROUTER, MAGNET)
        return lambda: self.log("webtorrent")

    def start_ours(self, number):
        script = self.repository / "test/e2e/bootstrap_own_client.mjs"
        self.start("ours", *make_machine(number), "node", script, SERVER, "6881", INFOHASH)
        return lambda: self.log("ours")


def libtorrent_peer(address):
    """Announces the infohash and prints the peers that the DHT names, for ever."""
    import libtorrent as lt
    session = lt.session({
        "listen_interfaces": f"{address}:6881", "enable_dht": True, "dht_bootstrap_nodes": ROUTER,
        "enable_lsd": False, "enable_upnp": False, "enable_natpmp": False,
        "alert_mask": lt.alert.category_t.dht_operation_notification | lt.alert.category_t.dht_notification,
    })
    parameters = lt.parse_magnet_uri(MAGNET)
    parameters.save_path = "/tmp"
    handle = session.add_torrent(parameters)
    while True:
        handle.force_dht_announce()
        session.dht_get_peers(lt.sha1_hash(bytes.fromhex(INFOHASH)))
        end = time.monotonic() + 3
        while time.monotonic() < end:
            for alert in session.pop_alerts():
                if isinstance(alert, lt.dht_get_peers_reply_alert):
                    print(*(ip for ip, _ in alert.peers()), flush=True)
            time.sleep(POLL_SECONDS)


def main():
    folder, repository = sys.argv[1:]
    scene = Scene(folder, repository)
    make_network()
    try:
        scene.start_server()
        # Transmission announces nothing before it knows nine nodes.
        for number in range(11, 11 + FIRST_NODES):
            scene.start_libtorrent(number)
        # Only who has answered the server's ping is named to those who come now.
        wait_until(lambda: scene.verified_nodes() >= FIRST_NODES, "verified nodes")
        scene.start_libtorrent(40)
        heard = {
            "libtorrent": lambda: scene.log("libtorrent40"),
            "transmission": scene.start_transmission(41),
            "aria2": scene.start_aria2(42),
            "webtorrent": scene.start_webtorrent(43),
            "ours": scene.start_ours(44),
        }
        announcers = {"libtorrent": 11, "transmission": 41, "aria2": 42, "webtorrent": 43}

        def found():
            texts = {name: hear() for name, hear in heard.items()}
            return {name: sorted(other for other, number in announcers.items()
                                 if other != name and address_of(number) in text)
                    for name, text in texts.items()}

        def is_complete():
            # Each program looks again in its own good time, so not every pair meets while a test waits.
            everybody = found()
            return all(everybody.values()) and set(announcers) <= set().union(*everybody.values())

        started = time.monotonic()
        try:
            wait_until(is_complete, "announces")
        except TimeoutError:
            pass
        print(json.dumps({"found": found(), "seconds": round(time.monotonic() - started),
                          "verified": scene.verified_nodes()}), flush=True)
    finally:
        scene.stop()


if sys.argv[1] == "--libtorrent":
    libtorrent_peer(sys.argv[2])
else:
    main()
