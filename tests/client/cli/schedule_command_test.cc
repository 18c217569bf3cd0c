// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>

#include "planner_service/grpc_server/server.h"
#include "planner_service/planning/planner.h"
#include "planner_service/service/schedule_service.h"
#include "tests/client/cli/run_recurve.h"

namespace recurve {
namespace {

using ::testing::HasSubstr;
using Arguments = std::vector<std::string>;

const Arguments kScheduleExport = {"schedule", "export",       "--length", "40",       "--state-bytes",
                                   "1",        "--tape-bytes", "2",        "--memory", "11"};

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

class ScheduleCommandTest : public ::testing::Test {
 protected:
  // A plan's file after `change`.
  std::string FileOf(const std::function<void(std::vector<std::string>&)>& change) const {
    std::vector<std::string> lines = Lines(RunRecurve(kScheduleExport).out);
    change(lines);
    std::ofstream out(scratch_.File("changed.jsonl"), std::ios::binary);
    for (const std::string& line : lines) out << line << "\n";
    return scratch_.File("changed.jsonl");
  }

  const ScratchDirectory scratch_;
};

// The service that --planner asks.
class Service {
 public:
  std::string target() const { return "127.0.0.1:" + std::to_string(server_->port()); }

 private:
  const std::shared_ptr<prometheus::Registry> registry_ = std::make_shared<prometheus::Registry>();
  PlannerMetrics metrics_{*registry_, "test"};
  const Access access_;
  EmbeddedPlanner planner_;
  ScheduleService schedules_{planner_,
                             {.max_streams = 4, .stream_time = std::chrono::minutes(10)},
                             {.deadline = std::chrono::seconds(10), .metrics = metrics_, .access = access_}};
  const std::unique_ptr<Server> server_ = *Server::Start({.metrics_listen = ""}, {&schedules_}, registry_);
};

TEST_F(ScheduleCommandTest, WhatIsExportedIsValid) {
  const std::string file = scratch_.File("plan.jsonl");
  const Outcome exported = RunRecurve(Plus(kScheduleExport, {"--save", file}));
  EXPECT_EQ(exported.exit, 0) << exported.err;
  EXPECT_EQ(exported.out + exported.err, "");
  EXPECT_EQ(ReadFile(file), RunRecurve(kScheduleExport).out);
  EXPECT_EQ(Lines(ReadFile(file))[0],
            R"({"format":"recurve-schedule","version":1,"length":40,"state_bytes":1,"tape_bytes":2,"budget_bytes":11,)"
            R"("claimed_peak_bytes":11,"claimed_forward_count":84})");
  const Outcome verified = RunRecurve({"schedule", "verify", file});
  EXPECT_EQ(verified.exit, 0) << verified.err;
  EXPECT_EQ(verified.out, "valid     102 actions, 40 links\nforwards  84, 2.100 per link\npeak      11B of 11B\n");
  EXPECT_EQ(JsonOf({"schedule", "verify", file, "--json"}), nlohmann::json({{"valid", true},
                                                                            {"failed_claims", nlohmann::json::array()},
                                                                            {"action_count", 102},
                                                                            {"forward_count", 84},
                                                                            {"peak_bytes", 11},
                                                                            {"host_peak_bytes", 0}}));
}

TEST_F(ScheduleCommandTest, AServiceGivesTheSameAnswers) {
  const Service service;
  const Arguments planner = {"--planner", service.target()};
  EXPECT_EQ(RunRecurve(Plus(kScheduleExport, planner)).out, RunRecurve(kScheduleExport).out);
  const std::string good = FileOf([](auto&) {});
  EXPECT_EQ(RunRecurve(Plus({"schedule", "verify", good}, planner)).out, RunRecurve({"schedule", "verify", good}).out);
  for (const int line : {5, 20, 60, 120}) {
    const std::string bad = FileOf([line](auto& lines) { lines.erase(lines.begin() + line); });
    const Outcome here = RunRecurve({"schedule", "verify", bad});
    const Outcome there = RunRecurve(Plus({"schedule", "verify", bad}, planner));
    EXPECT_EQ(here.exit, 1);
    EXPECT_EQ(there.exit, 1);
    EXPECT_EQ(there.err, here.err);
  }
}

TEST_F(ScheduleCommandTest, NamesTheFirstViolationByItsLine) {
  const struct {
    std::function<void(std::vector<std::string>&)> change;
    std::vector<std::string> parts;
  } cases[] = {
      {[](auto& lines) { lines.insert(lines.begin() + 3, R"(["Copy", 39, "RAM", "WORK"])"); },
       {"line 4: Copy(39, RAM, WORK): no data of step 39 is stored there"}},
      {[](auto& lines) { lines.insert(lines.begin() + 3, R"(["Forward", 39, 40, false, true, "RAM"])"); },
       {"line 4: forward [39, 40) tape stored: state 39 is not current"}},
      {[](auto& lines) { lines.insert(lines.end() - 1, R"(["Reverse", 1, 0, true])"); },
       {"Reverse(1, 0, True): the adjoint data of step 0 is not in WORK"}},
      {[](auto& lines) {
         lines.insert(lines.begin() + 2, R"(["Forward", 0, 9223372036854775807, false, false, "WORK"])");
       },
       {"line 3: forward [0, 9223372036854775807)"}},
      {[](auto& lines) { lines.insert(lines.begin() + 2, R"(["Forward", -5, 3, false, false, "WORK"])"); },
       {"line 3: Forward(-5, 3, False, False, WORK): n0 must be at least 0"}},
      {[](auto& lines) { lines.resize(30); }, {"line 31: the schedule ends without EndReverse"}},
      {[](auto& lines) { lines[29].resize(9); }, {"line 30: is not JSON"}},
      {[](auto& lines) { lines[1] = "[\"Forward\", 0, 1, \xFF]"; }, {"line 2: is not JSON"}},
      {[](auto& lines) { lines[1] = std::string(4'000, '['); }, {"line 2: is nested too deeply"}},
      {[](auto& lines) { lines[1] += std::string("\0]", 2); }, {"line 2: has a NUL byte"}},
      {[](auto& lines) { lines[0].insert(1, R"("length": 3, )"); }, {"line 1: has the key \"length\" twice"}},
      {[](auto& lines) { lines[1] = std::string(9'000'000, ' '); }, {"line 2: is longer than 4096 bytes"}},
      {[](auto& lines) { lines.erase(lines.begin()); }, {"line 1: must be the header"}},
      {[](auto& lines) {
         lines[0].replace(lines[0].find("\"claimed_peak_bytes\":11"), 23, "\"claimed_peak_bytes\":10");
       },
       {"claimed_peak_bytes is 10; the peak is 11"}},
      {[](auto& lines) { lines[0].replace(lines[0].find("count\":84"), 9, "count\":83"); },
       {"claimed_forward_count is 83; the schedule has 84"}},
  };
  for (const auto& c : cases) {
    const std::string file = FileOf(c.change);
    ExpectRefused({"schedule", "verify", file}, 1, c.parts);
    const std::string said = RunRecurve({"schedule", "verify", file}).err;
    EXPECT_EQ(said.find("line "), said.rfind("line ")) << said;  // once
  }
  ExpectRefused({"schedule", "verify", FileOf([](auto&) {}), "--memory", "10"}, 1, {"line ", "11 bytes", "is 10"});
}

TEST_F(ScheduleCommandTest, JsonNamesTheViolationToo) {
  const std::string bad =
      FileOf([](auto& lines) { lines.insert(lines.begin() + 3, R"(["Copy", 39, "RAM", "WORK"])"); });
  const Outcome outcome = RunRecurve({"schedule", "verify", bad, "--json"});
  EXPECT_EQ(outcome.exit, 1);
  const nlohmann::json json = JsonLines(outcome.out).at(0);
  EXPECT_EQ(json["valid"], false);
  EXPECT_EQ(json["line"], 4);
  EXPECT_EQ(json["action"], "Copy(39, RAM, WORK)");
  EXPECT_EQ(json["reason"], "no data of step 39 is stored there");
}

TEST_F(ScheduleCommandTest, WrongUsage) {
  ExpectRefused({"schedule"}, 2, {"a command is missing"});
  ExpectRefused({"schedule", "verify"}, 2, {"file is required"});
  ExpectRefused({"schedule", "verify", "/no/such/file"}, 1, {"cannot read /no/such/file"});
  ExpectRefused({"schedule", "verify", ::testing::TempDir()}, 1, {"is a directory; give a file"});
  ExpectRefused({"schedule", "export", "--length", "3"}, 2, {"--state-bytes"});
  ExpectRefused(Plus(kScheduleExport, {"--save", "/no/such/folder/x"}), 1, {"cannot write /no/such/folder/x"});
  const std::string full = ::testing::TempDir() + "recurve_full_device";
  std::filesystem::remove(full);
  std::filesystem::create_symlink("/dev/full", full);
  ExpectRefused(Plus(kScheduleExport, {"--save", full}), 1, {"cannot write"});
  EXPECT_TRUE(std::filesystem::exists(full));  // a device is not removed
  ExpectRefused(Plus(kScheduleExport, {"--strategy", "store-all"}), 3, {"store-all", "116"});
  ExpectRefused(Plus(kScheduleExport, {"--strategy", "msm"}), 2, {"msm", "slots"});
  const std::string bare =
      FileOf([](auto& lines) { lines[0] = R"({"format": "recurve-schedule", "version": 1, "length": 40})"; });
  ExpectRefused({"schedule", "verify", bare}, 2, {"--state-bytes is needed"});
  EXPECT_EQ(RunRecurve({"schedule", "verify", bare, "--state-bytes", "1", "--tape-bytes", "2"}).exit, 0);
  ExpectRefused({"schedule", "verify", bare, "--state-bytes", "0"}, 2, {"state_bytes is 0"});
}

}  // namespace
}  // namespace recurve
