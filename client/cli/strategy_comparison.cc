// SPDX-License-Identifier: Apache-2.0
#include "client/cli/strategy_comparison.h"

#include <algorithm>
#include <chrono>
#include <memory>

#include "absl/strings/str_format.h"
#include "client/cli/text_table.h"
#include "executor/job/median.h"
#include "planner_service/status/status_macros.h"
#include "planner_service/text/number_text.h"

namespace recurve {
namespace {

constexpr int64_t kStepsPerRound = 3;  // the first is a warm-up and excluded from the median

struct Contender {
  JobSpec spec;
  StrategyMeasurement measurement;
  std::vector<double> seconds;
};

std::vector<Contender> ContendersFor(JobSpec spec, const JobPlan& plan) {
  spec.link = plan.link;
  spec.recalibrate = false;
  spec.steps = kStepsPerRound;
  spec.save_path.clear();
  spec.checkpoint_every = {};
  spec.evaluate_every = 0;
  spec.task->holdout() = 0;
  std::vector<Contender> contenders;
  for (const Strategy strategy : {Strategy::kStoreAll, Strategy::kChen, spec.strategy}) {
    const bool known = std::any_of(contenders.begin(), contenders.end(),
                                   [&](const Contender& other) { return other.spec.strategy == strategy; });
    if (known) continue;
    Contender contender{.spec = spec, .measurement = {.strategy = strategy}};
    contender.spec.strategy = strategy;
    // The budget of store-all is enough for both; a strategy takes no more than it needs.
    if (strategy != spec.strategy) {
      contender.spec.memory = ActivationShare{1.0};
      contender.spec.host_memory = 0;
    }
    contenders.push_back(std::move(contender));
  }
  return contenders;
}

absl::Status RunOnce(Contender& contender, const JobPlanners& planners, LinkCostCache& known_costs,
                     const CancelCheck& cancelled) {
  ASSIGN_OR_RETURN(auto job, TrainingJob::Prepare(contender.spec, planners, known_costs, cancelled));
  JobObserver silent;
  ASSIGN_OR_RETURN(const JobReport report, job->Run(silent, cancelled));
  const JobPlan& plan = job->plan();
  StrategyMeasurement& measurement = contender.measurement;
  const int64_t fixed = plan.ledger.total() - plan.ledger.activations();
  measurement.planned_activation_bytes = report.planned_peak_bytes - fixed;
  measurement.measured_activation_bytes =
      std::max(measurement.measured_activation_bytes, report.measured_peak_bytes - fixed);
  measurement.forward_count = report.forward_count_per_batch;
  measurement.links = plan.links;
  if (contender.seconds.empty()) measurement.predicted_seconds_per_batch = report.predicted_seconds_per_batch;
  contender.seconds.push_back(report.seconds_per_batch);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<StrategyMeasurement>> MeasureStrategies(
    const JobSpec& spec, const JobPlan& plan, const ComparisonLimits& limits, const JobPlanners& planners,
    LinkCostCache& known_costs, const CancelCheck& cancelled, const std::function<void(int64_t)>& on_round) {
  std::vector<Contender> contenders = ContendersFor(spec, plan);
  const auto begin = std::chrono::steady_clock::now();
  const auto over = [&] {
    return limits.seconds > 0 &&
           std::chrono::steady_clock::now() - begin > std::chrono::duration<double>(limits.seconds);
  };
  int64_t round = 0;
  for (; round < limits.rounds && (round == 0 || !over()); ++round) {
    for (size_t i = 0; i < contenders.size(); ++i) {
      Contender& contender = contenders[(static_cast<size_t>(round) + i) % contenders.size()];
      RETURN_IF_ERROR(RunOnce(contender, planners, known_costs, cancelled));
    }
    on_round(round + 1);
  }
  std::vector<StrategyMeasurement> measurements;
  for (Contender& contender : contenders) {
    contender.measurement.seconds_per_batch = Median(std::move(contender.seconds));
    contender.measurement.rounds = round;
    measurements.push_back(contender.measurement);
  }
  return measurements;
}

std::string MeasurementsText(const std::vector<StrategyMeasurement>& measurements) {
  const StrategyMeasurement& store_all = measurements.front();
  std::vector<std::vector<std::string>> rows = {{"strategy", "activation bytes planned", "measured", "of store-all",
                                                 "link forwards", "per link", "time per batch", "against store-all"}};
  for (const StrategyMeasurement& m : measurements) {
    rows.push_back({std::string(ToString(m.strategy)), CountText(m.planned_activation_bytes),
                    CountText(m.measured_activation_bytes),
                    PercentText(static_cast<double>(m.measured_activation_bytes),
                                static_cast<double>(store_all.measured_activation_bytes)),
                    CountText(m.forward_count),
                    absl::StrFormat("%.2f", static_cast<double>(m.forward_count) / static_cast<double>(m.links)),
                    SecondsText(m.seconds_per_batch),
                    absl::StrFormat("%.2fx", m.seconds_per_batch / store_all.seconds_per_batch)});
  }
  return TextTable(rows);
}

Json MeasurementsJson(const std::vector<StrategyMeasurement>& measurements) {
  const StrategyMeasurement& store_all = measurements.front();
  Json json = Json::array();
  for (const StrategyMeasurement& m : measurements) {
    json.push_back({{"strategy", std::string(ToString(m.strategy))},
                    {"planned_activation_bytes", m.planned_activation_bytes},
                    {"measured_activation_bytes", m.measured_activation_bytes},
                    {"share_of_store_all", static_cast<double>(m.measured_activation_bytes) /
                                               static_cast<double>(store_all.measured_activation_bytes)},
                    {"forward_count_per_batch", m.forward_count},
                    {"recompute_ratio", static_cast<double>(m.forward_count) / static_cast<double>(m.links)},
                    {"rounds", m.rounds},
                    {"seconds_per_batch", m.seconds_per_batch},
                    {"predicted_seconds_per_batch", m.predicted_seconds_per_batch},
                    {"time_against_store_all", m.seconds_per_batch / store_all.seconds_per_batch}});
  }
  return json;
}

}  // namespace recurve
