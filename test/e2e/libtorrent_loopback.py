"""What libtorrent has to be told before its DHT works on loopback, where every node has an address of 127/8."""

DHT_ON_LOOPBACK = {
    "dht_restrict_routing_ips": False, "dht_restrict_search_ips": False,
    "dht_prefer_verified_node_ids": False, "dht_ignore_dark_internet": False,
    "dht_block_ratelimit": 1000000, "dht_upload_rate_limit": 100000000, "dht_max_fail_count": 3,
}
