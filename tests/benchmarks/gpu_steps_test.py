#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The steps of a run on a lent machine: time limits, rows, tests that are skipped; the runs of a language model, with a
program that is made up in the place of recurve.

usage: gpu_steps_test.py REPOSITORY
"""
import contextlib
import io
import json
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

REPOSITORY = pathlib.Path(sys.argv[1])
sys.path.insert(0, str(REPOSITORY / "benchmarks" / "gpu"))
import daemon  # noqa: E402
import language_model  # noqa: E402
import machine  # noqa: E402
from steps import Steps  # noqa: E402


RECURVE = """#!{python}
import json, sys
options = dict(zip(sys.argv[3::2], sys.argv[4::2]))
if options["--memory"] == "1%":
    sys.exit("too small")
small = options["--memory"] == "5%"
if "--dry-run" in sys.argv:
    print(json.dumps(dict(type="plan", link=8 if small else 4)))
    sys.exit()
print(json.dumps(dict(type="step", seconds=3 if small else 2, loss=5.5)))
kept = {kept}
print(json.dumps(dict(dict.fromkeys(kept, 0), type="result", link=int(options["--link"]),
                      measured_peak_bytes={excess}, weights_sha256="same" if {same} else options["--memory"])))
"""


class LanguageModelTest(unittest.TestCase):
    def language_model(self, *options, excess=0, same=True):
        """Exit status, and what is found in fp32."""
        with tempfile.TemporaryDirectory() as folder:
            program = pathlib.Path(folder) / "recurve"
            program.write_text(RECURVE.format(python=sys.executable, kept=language_model.KEPT, excess=excess,
                                              same=same))
            program.chmod(0o755)
            done = subprocess.run([sys.executable, REPOSITORY / "benchmarks/gpu/language_model.py", "--recurve",
                                   program, "--data", "text", "--precision", "fp32", *options],
                                  stdout=subprocess.PIPE, text=True, check=False)
        return done.returncode, json.loads(done.stdout.splitlines()[-1])["found"]["fp32"]

    def test_all_take_the_link_of_the_first_share(self):
        status, found = self.language_model()
        self.assertEqual((status, found["link"], found["own_link"]), (0, 8, 4))
        self.assertEqual(found["seconds_a_step"], {"5%": 3, "100%": 2})
        self.assertEqual(found["seconds_ratio"], 1.5)
        status, found = self.language_model("--link", "16")
        self.assertEqual((status, found["link"]), (0, 16))
        self.assertNotIn("own_link", found)

    def test_a_promise_that_is_not_kept_fails(self):
        status, found = self.language_model(excess=1)
        self.assertEqual((status, found["peaks_as_planned"], found["weights_equal"]), (1, False, True))
        status, found = self.language_model(same=False)
        self.assertEqual((status, found["peaks_as_planned"], found["weights_equal"]), (1, True, False))

    def test_a_run_that_fails_says_why(self):
        status, found = self.language_model("--memory", "1%,100%")
        self.assertEqual(status, 1)
        self.assertIn("too small", found["error"])


class DaemonTest(unittest.TestCase):
    def test_metrics_are_told_without_the_job(self):
        text = ('recurve_executor_planned_peak_bytes{job_id="a-1"} 5\n'
                'recurve_executor_link_runs{job_id="a-1",kind="graph"} 1e3\nother{job_id="a"} 1\n')
        self.assertEqual(daemon.telling(text, daemon.TELLING), {"recurve_executor_planned_peak_bytes": 5,
                                                                'recurve_executor_link_runs{kind="graph"}': 1000})


class StepsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.steps = Steps(pathlib.Path(folder.name) / "results", {"dry_run": True})
        self.addCleanup(self.steps.close)

    def run_python(self, code, seconds=30, **options):
        with contextlib.redirect_stdout(io.StringIO()):
            return self.steps.run("step", seconds, [sys.executable, "-c", code], **options)

    def summary(self):
        return json.loads((self.steps.folder / "summary.json").read_text())

    def test_lines_of_json_are_rows_at_once(self):
        self.assertTrue(self.run_python("""print('{"a": 1}'); print("{no"); print("text")"""))
        rows = [json.loads(line) for line in (self.steps.folder / "rows.jsonl").read_text().splitlines()]
        self.assertEqual(rows, [{"step": "step", "a": 1}])
        self.assertIn("text", (self.steps.folder / "log.txt").read_text())
        self.assertEqual(self.summary()["steps"][0]["rows"], 1)

    def test_a_step_that_takes_too_long_is_ended_with_its_children(self):
        begin = time.monotonic()
        code = "import subprocess; print('{}', flush=True); subprocess.run(['sleep', '60'])"
        self.assertFalse(self.run_python(code, seconds=3))
        self.assertLess(time.monotonic() - begin, 30)
        step = self.summary()["steps"][0]
        self.assertEqual((step["status"], step["rows"]), ("timed out", 1))

    def test_the_next_step_goes_on(self):
        self.assertFalse(self.run_python("raise SystemExit(7)"))
        self.assertTrue(self.run_python("pass"))
        with contextlib.redirect_stdout(io.StringIO()):
            self.assertFalse(self.steps.run("absent", 30, ["/nowhere/program"]))
            self.assertEqual(self.steps.finish(), 1)
        self.assertEqual(self.summary()["failed"], ["step", "absent"])
        self.assertEqual(self.summary()["steps"][0]["exit_status"], 7)

    def test_a_skipped_test_fails_unless_it_may_be_skipped(self):
        code = "print('[  PASSED  ] 2 tests.'); print('[  SKIPPED ] 1 test.')"
        self.assertFalse(self.run_python(code))
        self.assertTrue(self.run_python(code, may_skip=True))
        self.assertEqual(self.summary()["steps"][0]["passed"], 2)

    def test_what_is_found_is_in_the_summary(self):
        self.run_python("""print('{"found": {"a": 1}}'); print('{"found": {"b": 2}}')""")
        self.assertEqual(self.summary()["steps"][0]["found"], {"a": 1, "b": 2})

    def test_only_the_steps_that_are_wanted(self):
        self.steps.only = ["other"]
        self.assertIsNone(self.run_python("pass"))
        self.steps.only = ["other", "ste"]
        self.assertTrue(self.run_python("pass"))
        self.assertEqual(len(self.summary()["steps"]), 1)

    def test_no_step_begins_when_the_time_is_up(self):
        self.steps.limit(0)
        self.assertFalse(self.run_python("pass"))
        self.assertEqual(self.summary()["steps"][0]["status"], "no time left")


class MachineTest(unittest.TestCase):
    def test_a_library_that_is_missing_is_named(self):
        self.assertEqual(machine.missing_libraries([pathlib.Path("/bin/sh")], {"PATH": "/usr/bin:/bin"}), [])
        self.assertIn("cannot read", machine.missing_libraries([pathlib.Path("/nowhere")], {})[0])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
