#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The checks of this folder must find what they are there to find: each is run on a small tree that breaks one rule.

usage: rules_self_test.py
"""
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).parent


def run(check: str, files: dict) -> tuple:
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            path = pathlib.Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        result = subprocess.run([sys.executable, HERE / check, folder], capture_output=True, text=True, check=False)
        return result.returncode, result.stdout


class Layering(unittest.TestCase):
    def expect(self, files, text):
        code, out = run("layering_test.py", files)
        self.assertEqual(code, 1, out)
        self.assertIn(text, out)

    def test_upward_include(self):
        self.expect({"planner_service/schedule/a.h": '#include "planner_service/planning/b.h"\n',
                     "planner_service/planning/b.h": "\n"}, "may not depend on planner_service/planning")

    def test_cycle(self):
        self.expect({"planner_service/schedule/a.h": '#include "planner_service/planning/b.h"\n',
                     "planner_service/planning/b.h": '#include "planner_service/schedule/a.h"\n'}, "cycle: ")

    def test_package(self):
        self.expect({"executor/engine/a.cc": "#include <grpcpp/grpcpp.h>\n"}, "must not see")

    def test_device_code(self):
        self.expect({"executor/backend/a.cu": '#include "absl/status/status.h"\n'}, "device code")

    def test_unknown_folder(self):
        self.expect({"executor/misc/a.h": "\n"}, "not in the ladder")

    def test_command_line_without_services(self):
        self.expect({"client/cli/a.cc": '#include "client/b.h"\n', "client/b.h": "#include <grpcpp/channel.h>\n"},
                    "client/cli/a.cc: sees grpcpp/channel.h")
        self.expect({"client/cli/a.cc": "#include <CLI/CLI.hpp>\n"}, "leave that to command_line.cc")

    def test_clean(self):
        code, out = run("layering_test.py", {"planner_service/schedule/a.h": "#include <vector>\n"})
        self.assertEqual(code, 0, out)


class ProtoRules(unittest.TestCase):
    HEAD = 'syntax = "proto3";\npackage recurve.x.v1;\n'

    def expect(self, body, text):
        code, out = run("proto_rules_test.py", {"proto/recurve/x/v1/x.proto": self.HEAD + body})
        self.assertEqual(code, 1, out)
        self.assertIn(text, out)

    def test_package(self):
        code, out = run("proto_rules_test.py", {"proto/recurve/y/v1/x.proto": self.HEAD})
        self.assertEqual(code, 1)
        self.assertIn("the path says", out)

    def test_enum_zero(self):
        self.expect("enum Kind {\n  KIND_A = 0;  // a\n}\n", "must be KIND_UNSPECIFIED")

    def test_enum_prefix(self):
        self.expect("enum Kind {\n  KIND_UNSPECIFIED = 0;  // a\n  B = 1;  // b\n}\n", "must begin with KIND_")

    def test_field_comment(self):
        self.expect("message M {\n  int64 n = 1;\n}\n", "field n has no comment")

    def test_unit(self):
        self.expect("message M {\n  // Peak.\n  int64 peak = 1;\n}\n", "needs its unit")

    def test_rpc_messages(self):
        self.expect("service XService {\n  // Does.\n  rpc Do(A) returns (B);\n}\n", "must take DoRequest")


if __name__ == "__main__":
    unittest.main()
