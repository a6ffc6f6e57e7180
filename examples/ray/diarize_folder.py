"""Diarizes a folder of recordings, or a Parquet list of them, on a Ray cluster.

    ray start --head                      # on one machine
    ray start --address=HOST:6379         # on every other machine
    python diarize_folder.py recordings/ results/ --address auto
    python diarize_folder.py list.parquet results/ --address auto --speakers people.db

The result is `results/turns.parquet` with the columns recording, start_s, end_s, speaker, name and
confidence. Without --address, the processors of this machine are used. If a call is interrupted or
killed, the same call processes the remaining recordings. Machines may join and leave the cluster
meanwhile.
"""

import argparse
import sys

import ray

import diarist
import diarist.ray


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recordings", help="a folder, or a Parquet file with the column path")
    parser.add_argument("output", help="folder for results, the same on all machines")
    parser.add_argument("--address", default="local", help="the cluster, as for ray.init; this machine alone if not given")
    parser.add_argument("--num-cpus", type=int, default=1, help="threads for each recording")
    parser.add_argument("--profile", choices=["exact", "balanced", "fast"], help="trade-off between accuracy and speed")
    parser.add_argument("--speakers", help="speaker database to take names from")
    arguments = parser.parse_args()

    ray.init(address=arguments.address, log_to_driver=False)
    try:
        report = diarist.ray.diarize(
            arguments.recordings,
            arguments.output,
            num_cpus=arguments.num_cpus,
            profile=arguments.profile,
            progress=lambda done, total: print(f"{done} of {total}", file=sys.stderr),
        )
        turns = diarist.ray.merge(arguments.output, speakers=arguments.speakers)
    except diarist.Error as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for reason in report.failed.values():
        print(f"error: {reason}", file=sys.stderr)
    print(f"{report.num_recordings - len(report.failed)} recordings, {turns.num_rows} turns: {arguments.output}/turns.parquet")
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
