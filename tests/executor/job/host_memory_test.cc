// SPDX-License-Identifier: Apache-2.0
//
// Jobs that may store states on the host.
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "executor/backend/cpu/cpu_backend.h"
#include "executor/job/host_plan.h"
#include "executor/job/link_sizing.h"
#include "executor/job/memory_plan.h"
#include "executor/job/training_job.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "planner_service/planning/chain.h"
#include "planner_service/planning/planner.h"
#include "tests/executor/data/scratch_directory.h"
#include "tests/executor/engine/training_run.h"
#include "tests/executor/task/language_model/language_model_of.h"

namespace recurve {
namespace {

using testing::HasSubstr;

// Keeps what each step says of the host.
class Recorder final : public JobObserver {
 public:
  void OnStep(const StepRecord& record) override { peaks.push_back(record.measured_host_peak_bytes); }
  std::vector<int64_t> peaks;
};

class HostMemoryTest : public testing::Test {
 protected:
  // 25 links, in so little memory that nothing can be stored on the device.
  JobSpec Spec() {
    JobSpec spec{.task = LanguageModelOptions({.data_path = text_path_, .model = {.layers = 2, .hidden = 24}}),
                 .batch = 4,
                 .length = 50,
                 .link = 2,
                 .steps = 3,
                 .threads = 1};
    spec.optimizer.warmup_steps = 0;
    spec.host_memory = 1 << 20;
    spec.memory = TotalBytes{SizeLink(spec, spec.link, *backend_).fixed.total()};
    return spec;
  }
  absl::StatusOr<std::unique_ptr<TrainingJob>> Prepare(const JobSpec& spec) {
    return TrainingJob::Prepare(spec, {planner_, two_level_}, costs_, {});
  }
  JobReport Run(const JobSpec& spec) {
    auto job = Prepare(spec).value();
    plan_ = job->plan();
    return job->Run(recorder_, {}).value();
  }

  const std::unique_ptr<Backend> backend_ = MakeCpuBackend({.threads = 1}).value();
  ScratchDirectory directory_;
  const std::string text_path_ = directory_.Write("text", std::string(kGenesis) + std::string(kGenesis));
  EmbeddedPlanner planner_;
  EmbeddedChainPlanner two_level_;
  LinkCostCache costs_;
  Recorder recorder_;
  JobPlan plan_;
};

TEST_F(HostMemoryTest, SameWeightsInThePlannedBytesOfBothMemories) {
  JobSpec store_all = Spec();
  store_all.host_memory = 0;
  store_all.memory = ActivationShare{1.0};
  const std::string digest = Run(store_all).weights_sha256;
  EXPECT_EQ(plan_.host_bytes, 0);
  EXPECT_EQ(recorder_.peaks, std::vector<int64_t>(3, 0));

  const JobSpec device_only = [&] {
    JobSpec spec = Spec();
    spec.host_memory = 0;
    return spec;
  }();
  const int64_t without = Run(device_only).forward_count_per_batch;
  for (const int64_t states : {2, 5, 23}) {  // 23: each state between links, but for the last, which is running
    JobSpec spec = Spec();
    spec.host_memory = states * plan_.state_bytes + 1;
    recorder_.peaks.clear();
    const JobReport report = Run(spec);
    EXPECT_EQ(report.weights_sha256, digest) << states;
    EXPECT_EQ(report.measured_peak_bytes, report.planned_peak_bytes);
    EXPECT_LE(report.measured_peak_bytes, std::get<TotalBytes>(spec.memory).bytes);
    EXPECT_EQ(report.planned_host_peak_bytes, states * plan_.state_bytes);
    EXPECT_EQ(report.measured_host_peak_bytes, report.planned_host_peak_bytes);
    EXPECT_EQ(recorder_.peaks, std::vector<int64_t>(3, report.planned_host_peak_bytes));
    EXPECT_LT(report.forward_count_per_batch, without);
    EXPECT_GT(plan_.host.writes, 0);
    EXPECT_GT(plan_.transfers.store_seconds, 0);
    EXPECT_GT(plan_.transfers.fetch_seconds, 0);
    EXPECT_GT(*plan_.plan.predicted_seconds, PredictSeconds(plan_.plan.forward_count, plan_.links, plan_.costs));
    if (states == 23) {
      EXPECT_EQ(report.forward_count_per_batch, 2 * plan_.links - 1);
    }
  }
}

TEST_F(HostMemoryTest, IsLeftAloneWhereTheDeviceHoldsEverything) {
  JobSpec spec = Spec();
  spec.memory = ActivationShare{1.0};
  const JobReport report = Run(spec);
  EXPECT_EQ(report.forward_count_per_batch, plan_.links);
  EXPECT_EQ(report.measured_host_peak_bytes, 0);
  EXPECT_EQ(report.measured_peak_bytes, report.planned_peak_bytes);
}

TEST_F(HostMemoryTest, TooLittleForAStateSaysWhatWouldDo) {
  JobSpec spec = Spec();
  const int64_t state = Prepare(spec).value()->plan().state_bytes;
  spec.host_memory = state - 1;
  const absl::Status status = Prepare(spec).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("give at least "), HasSubstr(std::to_string(state) + " bytes")));
  spec.host_memory = state;
  EXPECT_EQ(Prepare(spec).value()->plan().host_bytes, state);
}

TEST_F(HostMemoryTest, RefusesWhatCannotBePlanned) {
  JobSpec spec = Spec();
  spec.strategy = Strategy::kChen;
  EXPECT_EQ(Prepare(spec).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(Prepare(spec).status().message()), HasSubstr("strategy is chen; must be auto"));
  spec = Spec();
  spec.host_memory = -1;
  EXPECT_THAT(std::string(Prepare(spec).status().message()), HasSubstr("host_memory_bytes is -1; must be 0 to"));
  // Each step of a long sequence a link of its own.
  spec = Spec();
  spec.link = 1;
  spec.length = 20'000;
  spec.memory = TotalBytes{1 << 30};
  const absl::Status status = PlanMemory(spec, *backend_, {planner_, two_level_}, costs_, {}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("20000 links of 1 steps, too many"));
}

// The planner is asked for no more than it can answer in time, and the device is left as it is.
TEST_F(HostMemoryTest, AsksWithinThePlannersLimits) {
  const LinkCosts costs{.forward_seconds = 1e-3, .taped_forward_seconds = 1.1e-3, .backward_seconds = 2e-3};
  const TransferCosts transfers{.store_seconds = 1e-4, .fetch_seconds = 2e-4, .copy_seconds = 0};
  for (const int64_t length : {1, 10, 100, 300, 1000, 5000}) {
    for (const int64_t states : {0, 1, 10, 1000}) {
      JobSpec spec = Spec();
      spec.length = length;
      const LinkSizing sizing = SizeLink(spec, 1, *backend_);
      const HostQuestion question =
          AskWithHost(sizing, states * sizing.link_bytes.state, int64_t{1} << 40, costs, transfers);
      if (question.request.host.bytes > 0) {
        EXPECT_TRUE(CheckRequest(question.request).ok()) << CheckRequest(question.request);
      } else {
        EXPECT_GT(length, 100) << states << " states";
      }
      EXPECT_EQ(question.request.device.bytes, states * sizing.link_bytes.state);
      EXPECT_NEAR(static_cast<double>(question.request.backward_cost) * question.unit_seconds, 2e-3, 1e-9);
      EXPECT_NEAR(static_cast<double>(question.request.host.read_cost) * question.unit_seconds, 2e-4, 1e-9);
    }
  }
}

TEST_F(HostMemoryTest, StopsInTheMiddleOfABatch) {
  auto job = Prepare(Spec()).value();
  int polls = 40;
  EXPECT_EQ(job->Run(recorder_, [&] { return polls-- == 0; }).status().code(), absl::StatusCode::kCancelled);
  EXPECT_TRUE(recorder_.peaks.empty());
}

// A two-level planner that promises what its schedule does not keep.
class LyingPlanner final : public ChainPlanner {
 public:
  explicit LyingPlanner(std::function<void(TwoLevelPlan&)> lie) : lie_(std::move(lie)) {}
  absl::StatusOr<TwoLevelPlan> PlanTwoLevel(const TwoLevelRequest& request, const CancelCheck& cancelled) override {
    absl::StatusOr<TwoLevelPlan> plan = EmbeddedChainPlanner().PlanTwoLevel(request, cancelled);
    if (plan.ok()) lie_(*plan);
    return plan;
  }

  absl::StatusOr<ChainPlan> PlanChain(const ChainRequest&, const CancelCheck&) override {
    return absl::UnimplementedError("all links are alike");
  }

 private:
  const std::function<void(TwoLevelPlan&)> lie_;
};

TEST_F(HostMemoryTest, TrustsNoPlanThatDoesNotReplay) {
  JobSpec spec = Spec();
  spec.host_memory = Prepare(spec).value()->plan().state_bytes;  // one state
  const Schedule all_on_the_host{.runs = {{.kind = Run::Kind::kTapeAll, .length = 1},
                                          {.kind = Run::Kind::kSplitHost, .length = 25, .left = 0, .right = 0}}};
  const std::pair<std::function<void(TwoLevelPlan&)>, const char*> lies[] = {
      {[](TwoLevelPlan& plan) { ++plan.forward_count; }, "forwards"},
      {[](TwoLevelPlan& plan) { plan.schedule = {}; }, "runs"},
      {[&](TwoLevelPlan& plan) { plan.schedule = all_on_the_host; }, "bytes on the host"},
  };
  for (const auto& [lie, message] : lies) {
    LyingPlanner liar(lie);
    const absl::Status status = TrainingJob::Prepare(spec, {planner_, liar}, costs_, {}).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
    EXPECT_THAT(std::string(status.message()), HasSubstr(message));
  }
}

}  // namespace
}  // namespace recurve
