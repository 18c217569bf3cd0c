// SPDX-License-Identifier: Apache-2.0
#include "executor/job/memory_plan.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "executor/job/link_sizing.h"
#include "planner_service/planning/strategies.h"
#include "planner_service/schedule/schedule.h"

namespace recurve {
namespace {

constexpr int64_t kActionsPerLink = 8;  // at most, in a well-formed schedule

// One way to cut the sequence, with what the limit leaves to the store.
struct Candidate : LinkSizing {
  int64_t store_budget_bytes = 0;  // negative: the limit does not even hold what is fixed
  MeasuredLink measured;
  std::optional<LinkCosts> costs;  // of it, in this sequence; none: not measured
  Plan plan;

  void SetCosts(const MeasuredLink& link) {
    measured = link;
    costs = CostsOf(link, options.shape);
  }

  bool fits() const { return store_budget_bytes >= 0; }

  int64_t store_all_activations() const { return fixed.activations() + store_all_store_bytes; }
};

// What the share of `candidate`'s activations is in bytes.
int64_t ShareBytes(const Candidate& candidate, double share) {
  if (share >= 1) return candidate.store_all_activations();
  return static_cast<int64_t>(std::floor(share * static_cast<double>(candidate.store_all_activations())));
}

int64_t StoreBudget(const Candidate& candidate, const MemoryLimit& memory) {
  int64_t budget = 0;
  if (const auto* total = std::get_if<TotalBytes>(&memory)) {
    budget = total->bytes - candidate.fixed.total();
  } else {
    budget = ShareBytes(candidate, std::get<ActivationShare>(memory).share) - candidate.fixed.activations();
  }
  return std::min({budget, candidate.store_all_store_bytes, kMaxBytes});  // more would be of no use
}

// The candidates of a job, those that fit with what they cost, unless there was no time left to measure it. `key` gets
// what was measured.
absl::StatusOr<std::vector<Candidate>> MeasureCandidates(const JobSpec& spec, Backend& backend,
                                                         LinkCostCache& known_costs, const CancelCheck& cancelled,
                                                         LinkCostKey& key) {
  const MeasurableLinks measurable = LinksToMeasure(spec);
  CalibrationOptions fitting{.model = OptionsOf(spec).model, .batch = spec.batch, .required = 0};
  std::vector<Candidate> candidates;
  for (const int64_t link : measurable.links) {
    Candidate& candidate = candidates.emplace_back(Candidate{SizeLink(spec, link, backend)});
    candidate.store_budget_bytes = StoreBudget(candidate, spec.memory);
    if (!candidate.fits()) continue;
    fitting.links.push_back(link);
    if (static_cast<int64_t>(candidates.size()) <= measurable.required) ++fitting.required;
    fitting.max_bytes = std::max(fitting.max_bytes, candidate.fixed.total() + candidate.store_budget_bytes);
  }
  if (fitting.links.empty()) return candidates;
  key = KeyOf(fitting, backend);
  const absl::StatusOr<std::vector<MeasuredLink>> measured =
      FindOrMeasure(fitting, spec.recalibrate, known_costs, backend, cancelled);
  if (!measured.ok()) return measured.status();
  for (Candidate& candidate : candidates) {
    for (const MeasuredLink& link : *measured) {
      if (link.link == candidate.options.shape.link) candidate.SetCosts(link);
    }
  }
  return candidates;
}

absl::Status PlanCandidate(const JobSpec& spec, Planner& planner, const CancelCheck& cancelled, Candidate& candidate) {
  const PlanRequest request{.length = candidate.links(),
                            .strategy = spec.strategy,
                            .budget = ByteBudget{.state_bytes = candidate.link_bytes.state,
                                                 .tape_bytes = candidate.link_bytes.tape,
                                                 .budget_bytes = std::max<int64_t>(0, candidate.store_budget_bytes)},
                            .costs = candidate.costs};
  absl::StatusOr<Plan> plan = planner.MakePlan(request, cancelled);
  if (!plan.ok()) return plan.status();
  candidate.plan = *std::move(plan);
  if (!candidate.fits()) candidate.plan.feasible = false;
  return absl::OkStatus();
}

// The least limit that would hold `candidate`: bytes, or a share.
int64_t NeededActivations(const Candidate& candidate) {
  return candidate.fixed.activations() + candidate.plan.smallest_feasible_budget;
}
double NeededShare(const Candidate& candidate) {
  const double exact =
      static_cast<double>(NeededActivations(candidate)) / static_cast<double>(candidate.store_all_activations());
  return std::min(1.0, std::ceil(exact * 1e6) / 1e6);
}
int64_t NeededBytes(const Candidate& candidate) {
  return candidate.fixed.total() + candidate.plan.smallest_feasible_budget;
}

std::string Breakdown(const Candidate& candidate) {
  std::vector<std::string> parts;
  parts.reserve(kMemoryKinds + 1);
  for (int kind = 0; kind < kMemoryKinds; ++kind) {
    parts.push_back(
        absl::StrCat(std::string(ToString(static_cast<MemoryKind>(kind))), " ", candidate.fixed.bytes[kind]));
  }
  parts.push_back(absl::StrCat("stored states and tapes ", candidate.plan.smallest_feasible_budget));
  return absl::StrJoin(parts, ", ");
}

absl::Status TooLittleMemory(const JobSpec& spec, const std::vector<Candidate>& candidates) {
  const bool in_bytes = std::holds_alternative<TotalBytes>(spec.memory);
  const Candidate& least =
      *std::min_element(candidates.begin(), candidates.end(), [&](const Candidate& a, const Candidate& b) {
        return in_bytes ? NeededBytes(a) < NeededBytes(b) : NeededShare(a) < NeededShare(b);
      });
  const std::string need = absl::StrCat("strategy ", std::string(ToString(spec.strategy)), " with links of ",
                                        least.options.shape.link, " steps needs ");
  if (in_bytes) {
    return absl::FailedPreconditionError(absl::StrCat(
        "memory is ", std::get<TotalBytes>(spec.memory).bytes, " bytes, too little: ", need, NeededBytes(least),
        " bytes (", Breakdown(least), "); give at least ", NeededBytes(least), ", or lower batch, hidden or layers"));
  }
  const double share = std::get<ActivationShare>(spec.memory).share;
  return absl::FailedPreconditionError(absl::StrCat(
      "memory share is ", share, ", ", ShareBytes(least, share), " bytes of activations, too little: ", need,
      NeededActivations(least), " bytes of activations, a share of ", NeededShare(least), " (", Breakdown(least),
      "); give at least that share, or a larger length or a smaller link"));
}

absl::Status BrokenPromise(const Candidate& candidate, const std::string& what) {
  return absl::InternalError(absl::StrCat("the plan of strategy ", std::string(ToString(candidate.plan.strategy)),
                                          " for ", candidate.links(), " links does not keep its promise: ", what));
}

absl::StatusOr<ReplayResult> Verify(const Candidate& candidate) {
  const Schedule& schedule = candidate.plan.schedule;
  if (absl::Status status = CheckWellFormed(schedule); !status.ok()) {
    return BrokenPromise(candidate, std::string(status.message()));
  }
  if (schedule.length() != candidate.links()) {
    return BrokenPromise(candidate, absl::StrCat("its schedule has ", schedule.length(), " links"));
  }
  absl::StatusOr<ReplayResult> replay =
      Replay(schedule, {.state_bytes = candidate.link_bytes.state, .tape_bytes = candidate.link_bytes.tape},
             kActionsPerLink * candidate.links());
  if (!replay.ok()) return BrokenPromise(candidate, std::string(replay.status().message()));
  if (replay->peak_bytes > candidate.store_budget_bytes || replay->peak_bytes != candidate.plan.peak_bytes) {
    return BrokenPromise(candidate,
                         absl::StrCat("it promises a peak of ", candidate.plan.peak_bytes, " bytes of ",
                                      candidate.store_budget_bytes, ", replayed it has ", replay->peak_bytes));
  }
  if (replay->forward_count != candidate.plan.forward_count) {
    return BrokenPromise(candidate, absl::StrCat("it promises ", candidate.plan.forward_count,
                                                 " forwards, replayed it has ", replay->forward_count));
  }
  return replay;
}

absl::StatusOr<MemoryPlan> MakeMemoryPlan(Candidate candidate) {
  absl::StatusOr<ReplayResult> replay = Verify(candidate);
  if (!replay.ok()) return replay.status();
  // The planner's word is not needed: its forwards have been counted.
  candidate.plan.predicted_seconds = PredictSeconds(replay->forward_count, candidate.links(), *candidate.costs);
  return MemoryPlan{.options = candidate.options,
                    .fixed = candidate.fixed,
                    .link_bytes = candidate.link_bytes,
                    .store_budget_bytes = candidate.store_budget_bytes,
                    .store_all_bytes = candidate.store_all_bytes(),
                    .measured = candidate.measured,
                    .costs = *candidate.costs,
                    .plan = std::move(candidate.plan),
                    .replay = *replay};
}

}  // namespace

Ledger MemoryPlan::PlannedLedger() const {
  Ledger ledger = fixed;
  ledger[MemoryKind::kStates] += replay.states_at_peak * link_bytes.state;
  ledger[MemoryKind::kTapes] += replay.tapes_at_peak * link_bytes.tape;
  return ledger;
}

absl::StatusOr<MemoryPlan> PlanMemory(const JobSpec& spec, Backend& backend, Planner& planner,
                                      LinkCostCache& known_costs, const CancelCheck& cancelled) {
  if (absl::Status status = CheckCountable(spec); !status.ok()) return status;
  LinkCostKey costs_key;
  absl::StatusOr<std::vector<Candidate>> candidates =
      MeasureCandidates(spec, backend, known_costs, cancelled, costs_key);
  if (!candidates.ok()) return candidates.status();
  std::vector<Candidate> refused;
  std::optional<Candidate> best;
  LinkChooser chooser(/*measured=*/true);
  for (Candidate& candidate : *candidates) {
    if (candidate.fits() && !candidate.costs) continue;
    if (absl::Status status = PlanCandidate(spec, planner, cancelled, candidate); !status.ok()) return status;
    if (!candidate.plan.feasible) {
      refused.push_back(std::move(candidate));
    } else if (chooser.Offer(candidate.plan.forward_count, candidate.links(), *candidate.costs)) {
      best = std::move(candidate);
    }
  }
  if (!best) return TooLittleMemory(spec, refused);
  absl::StatusOr<MemoryPlan> plan = MakeMemoryPlan(*std::move(best));
  if (plan.ok()) plan->costs_key = std::move(costs_key);
  return plan;
}

absl::StatusOr<MemoryPlan> PlanShorter(const JobSpec& spec, const MemoryPlan& longest, int64_t links, Planner& planner,
                                       const CancelCheck& cancelled) {
  Candidate candidate{LinkSizing{.options = longest.options, .fixed = longest.fixed, .link_bytes = longest.link_bytes}};
  candidate.options.shape.length = links * longest.options.shape.link;
  candidate.store_all_store_bytes = TapeAllBytes(links, candidate.link_bytes.state, candidate.link_bytes.tape);
  candidate.store_budget_bytes = std::min(longest.store_budget_bytes, candidate.store_all_store_bytes);
  candidate.SetCosts(longest.measured);
  if (absl::Status status = PlanCandidate(spec, planner, cancelled, candidate); !status.ok()) return status;
  if (!candidate.plan.feasible) return MemoryPlan{.plan = std::move(candidate.plan)};
  return MakeMemoryPlan(std::move(candidate));
}

}  // namespace recurve
