#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The comparison of recurrent training on the CPU, with itself and with a peer that is made up, so that it needs no
package: the report, the table and the picture. Nothing is asserted of times.

usage: comparison_test.py REPOSITORY FOLDER-OF-PROGRAMS
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree

REPOSITORY, PROGRAMS = (pathlib.Path(word) for word in sys.argv[1:3])
sys.path.insert(0, str(REPOSITORY / "benchmarks" / "rnn"))
import comparison  # noqa: E402
import plot  # noqa: E402

SHAPE = {"B": 4, "H": 16, "I": 8, "T": 60, "L": 2}
PEER = """
import sys
print('{"version": "1"}', flush=True)
for i, _ in enumerate(sys.stdin):
    print('{"seconds": %s}' % [3, 1e-9, 2][i], flush=True)
"""


def rnn_benchmark(*options):
    return subprocess.run([PROGRAMS / "rnn_benchmark", *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, check=False)


class RunTest(unittest.TestCase):
    def test_compares_itself_without_any_package(self):
        with tempfile.TemporaryDirectory() as folder:
            files = [pathlib.Path(folder) / name for name in ("rows.json", "ratios.svg")]
            done = subprocess.run([REPOSITORY / "benchmarks/cpu/run", "--own", "--quick", "--rounds", "1", "--shape",
                                   "4,16,16,200", "--json", files[0], "--svg", files[1], "--markdown", "--programs",
                                   PROGRAMS], stdout=subprocess.PIPE, text=True, check=True)
            rows = json.loads(files[0].read_text())["rows"]
            ElementTree.parse(files[1])
        self.assertEqual([row["comparison"] for row in rows], ["budget's price", "interpreter", "busy"])
        price = rows[0]
        self.assertLess(price["ours_peak_bytes"], price["peer_peak_bytes"])
        self.assertGreater(price["link_forwards"], price["links"])
        self.assertEqual(price["shape"], {"B": 4, "H": 16, "I": 16, "T": 200, "L": 1})
        for row in rows:
            for key in ("cell", "precision", "budget", "peer", "ours_seconds", "peer_seconds", "ratio"):
                self.assertIn(key, row)
            self.assertAlmostEqual(row["ratio"], row["peer_seconds"] / row["ours_seconds"])
        lines = done.stdout.splitlines()
        self.assertEqual(len(lines), 2 + len(rows))
        self.assertTrue(all(line.count("|") == len(comparison.COLUMNS) + 1 for line in lines))


class ContestTest(unittest.TestCase):
    def test_a_peer_that_wins_is_said_to_win(self):
        ours = comparison.Recurve(PROGRAMS / "rnn_benchmark", "--threads", "1")
        with ours.contestant("gru", SHAPE, "50%") as mine, comparison.Contestant([sys.executable, "-c", PEER]) as peer:
            comparison.take_turns([mine, peer], 3)
            self.assertEqual(peer.seconds(), [3, 1e-9, 2])
            wins = comparison.row("store-all", mine, "50 %", peer, "Peer", 7 * 2**20)
            peer.rounds = peer.rounds[1:2]
            loses = comparison.row("store-all", mine, "50 %", peer, "Peer", None)
        self.assertEqual(wins["peer_seconds"], 2)
        self.assertEqual(wins["shape"], SHAPE)
        table = comparison.table([wins, loses]).splitlines()
        self.assertIn("7.0", table[1])
        self.assertNotIn("peer wins", table[1])
        self.assertIn("0.00x: peer wins", table[2])
        picture = ElementTree.fromstring(plot.svg([wins, loses], "a < b"))
        classes = [bar.get("class") for bar in picture.iter("{http://www.w3.org/2000/svg}rect")]
        self.assertEqual(classes, ["paper", "faster", "slower", "faster", "slower"])  # first in the legend

    def test_a_contestant_that_fails_ends_the_run_and_says_why(self):
        with self.assertRaisesRegex(SystemExit, "exit code 1: too few bytes"):
            comparison.Contestant([sys.executable, "-c", "raise SystemExit('too few bytes')"])
        with comparison.Contestant([sys.executable, "-c", "print('{}', flush=True); input()"]) as peer:
            with self.assertRaisesRegex(comparison.Ended, "exit code 0"):
                peer.turn()

    def test_a_contestant_that_does_not_answer_is_ended(self):
        with self.assertRaisesRegex(comparison.Ended, "more than 0.2 s"):
            comparison.Contestant([sys.executable, "-c", "import time; time.sleep(60)"], limit=0.2)

    def test_a_refused_row_is_in_the_table_but_not_in_the_picture(self):
        row = comparison.refused_row("equal bytes", "lstm", SHAPE, "fp32", "1/16", "Peer", "give more")
        self.assertIn("refused", comparison.table([row]).splitlines()[1])
        self.assertNotIn("Peer", plot.svg([row], "nothing"))


class ProgramTest(unittest.TestCase):
    def report(self, *options):
        done = rnn_benchmark("--batch", "4", "--hidden", "16", "--input", "8", "--length", "60", "--threads", "1",
                             "--rounds", "1", *options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_every_cell_keeps_to_a_budget_in_bytes(self):
        for cell in ("lstm", "gru", "gru-reset-before", "tanh", "relu", "slstm"):
            with self.subTest(cell):
                everything = self.report("--cell", cell, "--link", "4")
                self.assertEqual(everything["activation_bytes"], everything["store_all_activation_bytes"])
                self.assertEqual(everything["link_forwards"], everything["links"])
                limit = everything["peak_bytes"] - everything["activation_bytes"] // 2
                small = self.report("--cell", cell, "--link", "4", "--budget", str(limit))
                self.assertLessEqual(small["peak_bytes"], limit)
                self.assertGreater(small["link_forwards"], small["links"])

    def test_a_share_does_not_count_what_the_backend_holds_for_itself(self):
        options = ["--cell", "lstm", "--link", "4", "--budget", "50%"]
        plain, own = self.report(*options), self.report(*options, "--own-bytes", str(80 << 20))
        for key in ("link_forwards", "activation_bytes", "store_all_activation_bytes"):
            self.assertEqual(own[key], plain[key])
        self.assertEqual(own["peak_bytes"], plain["peak_bytes"] + (80 << 20))
        limit = str(own["peak_bytes"])
        self.assertEqual(self.report(*options[:4], "--budget", limit, "--own-bytes", str(80 << 20))["peak_bytes"],
                         own["peak_bytes"])

    def test_counts_operations(self):
        # Forward and weight gradient of 8 inputs, three products of 16 states: 64 gates, 240 rows, two operations each.
        self.assertEqual(self.report("--cell", "lstm")["flops"], 2 * (2 * 8 + 3 * 16) * 64 * 240)
        # A second layer of 16 inputs, whose gradient is needed.
        self.assertEqual(self.report("--cell", "tanh", "--layers", "2")["flops"],
                         2 * (2 * 8 + 3 * 16 + 6 * 16) * 16 * 240)

    def test_refuses_what_it_cannot_do(self):
        for options, words in ((["--budget", "1"], "give more"), (["--budget", "0%"], "more than 0%"),
                               (["--cell", "lstn"], "lstn"), (["--batch", "0"], "at least 1"),
                               (["--batch"], "needs a value"),
                               (["--size", "1"], "unknown option"), (["--device", "tpu"], "tpu")):
            with self.subTest(options):
                done = rnn_benchmark(*options)
                self.assertEqual(done.returncode, 1)
                self.assertIn(words, done.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
