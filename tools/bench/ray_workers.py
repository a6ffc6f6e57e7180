#!/usr/bin/env python3
"""Measures the throughput of diarist.ray with one node and with two, of one processor each.

    python tools/bench/ray_workers.py RECORDINGS OUTPUT [--rounds 2]

All nodes are on this machine; the two cluster sizes take turns. OUTPUT is a folder that is made
anew for every run. Needs the packages diarist, ray[data] and pyarrow.
"""

import argparse
import shutil
import tempfile
import time

import ray
from ray.cluster_utils import Cluster

import diarist.ray


def run(recordings, output):
    """Seconds for the recordings, after a first one has made Ray start its processes."""
    with tempfile.TemporaryDirectory() as folder:
        diarist.ray.diarize(diarist.ray.find_recordings(recordings)[:1], folder)
    shutil.rmtree(output, ignore_errors=True)
    start = time.perf_counter()
    report = diarist.ray.diarize(recordings, output)
    assert report.num_found == 0 and not report.failed, report
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recordings")
    parser.add_argument("output")
    parser.add_argument("--rounds", type=int, default=2)
    arguments = parser.parse_args()

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    ray.init(address=cluster.address, log_to_driver=False)
    for _ in range(arguments.rounds):
        print(f"1 worker: {run(arguments.recordings, arguments.output):.1f} s", flush=True)
        node = cluster.add_node(num_cpus=1)
        cluster.wait_for_nodes()
        print(f"2 workers: {run(arguments.recordings, arguments.output):.1f} s", flush=True)
        cluster.remove_node(node)
        cluster.wait_for_nodes()
    start = time.perf_counter()
    turns = diarist.ray.merge(arguments.output)
    names = turns["name"].drop_null().unique()
    print(f"merge: {turns.num_rows} turns, {len(names)} names, {time.perf_counter() - start:.2f} s")
    ray.shutdown()
    cluster.shutdown()


if __name__ == "__main__":
    main()
