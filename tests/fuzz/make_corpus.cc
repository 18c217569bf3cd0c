// SPDX-License-Identifier: Apache-2.0
//
// Writes the seeds of each fuzz target: make_corpus FOLDER makes FOLDER/codec, FOLDER/schedule_file and so on.
#include <filesystem>
#include <iostream>
#include <string>

#include "planner_service/checkpoint_schedules/action_exporter.h"
#include "planner_service/checkpoint_schedules/schedule_file.h"
#include "planner_service/codec/action_codec.h"
#include "planner_service/codec/plan_codec.h"
#include "planner_service/codec/verification_codec.h"
#include "planner_service/planning/planner.h"
#include "tests/fuzz/corpus.h"

namespace recurve {
namespace {

void AddFile(const PlanRequest& request, const Plan& plan, Corpus& corpus) {
  std::vector<CheckpointAction> lines;
  ActionExporter exporter(request.length);
  ScheduleWalk walk(plan.schedule);
  while (std::optional<Action> action = walk.Next()) exporter.Add(*action, lines);
  exporter.Finish(lines);
  std::string text = ToJson(ScheduleHeader{.length = request.length,
                                           .state_bytes = 1,
                                           .tape_bytes = 2,
                                           .budget_bytes = 1'000,
                                           .claimed_peak_bytes = plan.peak_bytes,
                                           .claimed_forward_count = plan.forward_count}) +
                     "\n";
  for (const CheckpointAction& line : lines) text += ToJson(line) + "\n";
  corpus.Add(text);
}

void AddMessages(const PlanRequest& request, const Plan& plan, Corpus& corpus) {
  schedule::v1::ActionChunk chunk;
  ScheduleWalk walk(plan.schedule);
  while (std::optional<Action> action = walk.Next()) AppendAction(*action, chunk);
  corpus.Add(std::string(1, 0) + EncodeRequest(request).SerializeAsString());
  corpus.Add(std::string(1, 1) + EncodePlan(plan).SerializeAsString());
  corpus.Add(std::string(1, 2) + chunk.SerializeAsString());
  corpus.Add(std::string(1, 3) +
             EncodeTask({.length = request.length, .budget_bytes = 100, .claimed_forward_count = plan.forward_count})
                 .SerializeAsString());
}

int MakeCorpus(const std::filesystem::path& folder) {
  Corpus codec(folder / "codec");
  Corpus files(folder / "schedule_file");
  EmbeddedPlanner planner;
  for (int strategy = 0; strategy < 6; ++strategy) {
    for (const int64_t length : {1, 2, 9, 30}) {
      PlanRequest request{.length = length, .strategy = static_cast<Strategy>(strategy)};
      if (request.strategy == Strategy::kIsm || request.strategy == Strategy::kMsm) {
        request.budget = SlotBudget{.slots = 5, .alpha = 3};
      } else {
        request.budget = ByteBudget{.state_bytes = 1, .tape_bytes = 2, .budget_bytes = strategy == 1 ? 1'000 : 12};
      }
      const absl::StatusOr<Plan> plan = planner.MakePlan(request, {});
      if (!plan.ok()) return 1;
      AddMessages(request, *plan, codec);
      if (plan->feasible) AddFile(request, *plan, files);
    }
  }
  // Runs as schedule_fuzz.cc reads them: a leaf, then one of each kind on top of the one before.
  Corpus runs(folder / "schedule");
  for (char kind = 0; kind < 6; ++kind) {
    std::string bytes = {0, 0, 4, 0, 0, 0, 0, 0};
    for (char run = 2; run < 9; ++run) {
      for (const char byte : {run % 2 == 0 ? kind : char{1}, char{0}, static_cast<char>(run - 1), char{1}})
        bytes += byte;
      runs.Add(bytes);
    }
  }
  MakeRpcCorpora(folder);
  MakeFileCorpora(folder);
  return 0;
}

}  // namespace
}  // namespace recurve

int main(int argc, char** argv) {
  if (argc == 2) return recurve::MakeCorpus(argv[1]);
  std::cerr << "usage: make_corpus FOLDER\n";
  return 2;
}
