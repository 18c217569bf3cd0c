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


class OneDefinition(unittest.TestCase):
    def expect(self, files, text):
        code, out = run("odr_test.py", files)
        self.assertEqual(code, 1, out)
        self.assertIn(text, out)

    def test_types(self):
        self.expect({"client/a.h": "namespace recurve {\nstruct Figures {\n  int count;\n};\n}\n",
                     "client/cli/b.h": "namespace recurve {\nclass Figures final : public Base {\n};\n}\n"},
                    "client/cli/b.h:2: recurve::Figures is defined in client/a.h:2 too")

    def test_types_in_types_and_specialisations(self):
        self.expect({"client/a.cc": "namespace a::b { struct T { enum class Kind : int { kOne }; }; }",
                     "client/b.cc": "namespace a { namespace b { struct T { enum class Kind { kTwo }; }; } }"},
                    "a::b::T::Kind is defined")
        self.expect({"client/a.cc": "namespace a { template <> struct T<int> {}; }",
                     "client/b.cc": "namespace a { template <> struct T<int> { int x; }; }"}, "a::T<int> is defined")

    def test_functions(self):
        self.expect({"client/a.cc": "namespace a { int F(int x, const T<int, 3>& y = kNone) { return x; } }",
                     "client/b.cc": "namespace a { int F(int, const T<int, 3>& z) { return 0; } }"},
                    "a::F(int, const T<int, 3>&) is defined")

    def test_tests_of_one_folder(self):
        self.expect({"tests/client/a.cc": "struct T { int x; };", "tests/client/b.cc": "struct T {};"}, "T is defined")
        self.expect({"client/a.cc": "struct T { int x; };", "tests/client/b.cc": "struct T {};"}, "T is defined")

    def test_clean(self):
        code, out = run("odr_test.py", {
            "client/a.cc": "// struct T {\nnamespace a { namespace { struct T {}; int F() { return 0; } } struct U; }\n",
            "client/b.cc": 'namespace a { namespace { struct T { int x; }; } struct U { const char* s = "struct V {"; };'
                           "\nint F(int x) { struct T { int y; }; return x; }\nint F(long x) { return 0; } }",
            "client/c.cc": "namespace b { struct T {}; static int F(int x) { return 1; } struct U* F(U u); }",
            "tests/x/a.cc": "struct T {};", "tests/y/a.cc": "struct T { int x; };"})
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
