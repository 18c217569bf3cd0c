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
#include "executor/job/chain_plan.h"
#include "executor/job/host_plan.h"
#include "executor/job/link_sizing.h"
#include "planner_service/model/training_bytes.h"
#include "planner_service/planning/strategies.h"
#include "planner_service/schedule/schedule.h"
#include "planner_service/status/status_macros.h"
#include "planner_service/text/number_text.h"
#include "planner_service/text/units.h"

namespace recurve {
namespace {

// One way to split the sequence into links, and the store budget that the limit leaves.
struct Candidate : MemoryPlan {
  bool has_costs = false;            // false: there was no time to measure them
  bool plannable_with_host = false;  // the number of links allows it
  bool replayed = false;             // `replay` is that of the plan

  void SetCosts(const MeasuredLink& link) {
    measured = link;
    costs = CostsOf(link, options.shape);
    has_costs = true;
  }

  bool fits() const { return store_budget_bytes >= 0; }  // the limit holds the fixed memory
  double seconds() const {
    return differing != nullptr ? *plan.predicted_seconds : PredictSeconds(plan.forward_count, links(), costs);
  }

  int64_t store_all_activations() const { return fixed.activations() + store_all_store_bytes; }
};

// The share of `candidate`'s store-all activations, in bytes.
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
  return std::min({budget, candidate.store_all_store_bytes, kMaxBytes});  // more has no effect
}

// The candidates of a job. Those that fit have their costs, unless there was no time left to measure them. `key` names
// the measurement.
absl::StatusOr<std::vector<Candidate>> MeasureCandidates(const JobSpec& spec, int64_t process_bytes, Backend& backend,
                                                         LinkCostCache& known_costs, const CancelCheck& cancelled,
                                                         LinkCostKey& key) {
  const MeasurableLinks measurable = LinksToMeasure(spec, backend.MostLinkRows());
  CalibrationOptions fitting{.model = spec.task->Model(), .batch = spec.batch, .required = 0};
  std::vector<Candidate> candidates;
  for (const int64_t link : measurable.links) {
    Candidate& candidate = candidates.emplace_back(Candidate{{SizeLink(spec, link, backend, process_bytes)}});
    candidate.store_budget_bytes = StoreBudget(candidate, spec.memory);
    if (!candidate.fits()) continue;
    fitting.links.push_back(link);
    if (static_cast<int64_t>(candidates.size()) <= measurable.required) ++fitting.required;
    fitting.max_bytes = std::max(fitting.max_bytes, candidate.fixed.total() - candidate.fixed[MemoryKind::kProcess] +
                                                        candidate.store_budget_bytes);
  }
  if (fitting.links.empty()) return candidates;
  key = KeyOf(spec.task->Describe(), fitting, backend);
  ASSIGN_OR_RETURN(const std::vector<MeasuredLink> measured,
                   FindOrMeasure(key, fitting, spec.recalibrate, known_costs, backend, cancelled));
  for (Candidate& candidate : candidates) {
    for (const MeasuredLink& link : measured) {
      if (link.link == candidate.options.shape.link) candidate.SetCosts(link);
    }
  }
  return candidates;
}

absl::Status PlanDifferingLinks(const JobSpec& spec, ChainPlanner& planner, const CancelCheck& cancelled,
                                Candidate& candidate) {
  if (spec.strategy != Strategy::kAuto || spec.host_memory > 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("strategy is ", std::string(ToString(spec.strategy)), " and host_memory ", spec.host_memory,
                     "; must be auto and 0 for task ", std::string(spec.task->task()), ", whose links differ"));
  }
  candidate.plan = {.feasible = candidate.fits(), .strategy = Strategy::kAuto};
  if (!candidate.fits()) return absl::OkStatus();
  const std::vector<LinkCosts> costs = CostsOfLinks(*candidate.differing, candidate.costs);
  ASSIGN_OR_RETURN(
      CheckedChainPlan checked,
      PlanChainOf(AskForChain(*candidate.differing, costs, candidate.store_budget_bytes), planner, cancelled));
  candidate.plan = std::move(checked.plan);
  candidate.replay = checked.replay;
  candidate.replayed = true;
  return absl::OkStatus();
}

absl::Status PlanOnDevice(const JobSpec& spec, Planner& planner, const CancelCheck& cancelled, Candidate& candidate) {
  const PlanRequest request{.length = candidate.links(),
                            .strategy = spec.strategy,
                            .budget = ByteBudget{.state_bytes = candidate.link_bytes.state,
                                                 .tape_bytes = candidate.link_bytes.tape,
                                                 .budget_bytes = std::max<int64_t>(0, candidate.store_budget_bytes)},
                            .costs = candidate.has_costs ? std::optional(candidate.costs) : std::nullopt};
  ASSIGN_OR_RETURN(Plan plan, planner.MakePlan(request, cancelled));
  candidate.plan = std::move(plan);
  if (!candidate.fits()) candidate.plan.feasible = false;
  return absl::OkStatus();
}

// Replaces the plan of `candidate` by one with states on the host if that is faster.
absl::Status PlanOnHost(const JobSpec& spec, TwoLevelPlanner& planner, const TransferCosts& transfers,
                        const CancelCheck& cancelled, Candidate& candidate) {
  const HostQuestion question =
      AskWithHost(candidate, candidate.store_budget_bytes, spec.host_memory, candidate.costs, transfers);
  candidate.plannable_with_host = question.request.host.bytes > 0;
  if (!candidate.plannable_with_host) return absl::OkStatus();
  ASSIGN_OR_RETURN(TwoLevelPlan answer, planner.PlanTwoLevel(question.request, cancelled));
  Plan plan = PlanWithHost(std::move(answer), question.unit_seconds);
  const bool faster = !candidate.plan.feasible || *plan.predicted_seconds < candidate.seconds();
  if (faster) candidate.plan = std::move(plan);
  return absl::OkStatus();
}

absl::Status PlanCandidate(const JobSpec& spec, const JobPlanners& planners, const TransferCosts& transfers,
                           const CancelCheck& cancelled, Candidate& candidate) {
  if (candidate.differing != nullptr) return PlanDifferingLinks(spec, planners.chains, cancelled, candidate);
  RETURN_IF_ERROR(PlanOnDevice(spec, planners.planner, cancelled, candidate));
  if (spec.host_memory == 0 || !candidate.fits()) return absl::OkStatus();
  return PlanOnHost(spec, planners.chains, transfers, cancelled, candidate);
}

absl::Status TooLittleOnTheHost(const JobSpec& spec, int64_t state_bytes) {
  return absl::FailedPreconditionError(absl::StrCat(
      "host_memory is ", FormatBytes(spec.host_memory), ", too little for one state of ", FormatBytes(state_bytes),
      "; give at least ", AtLeastText(state_bytes), ", or 0 to store nothing on the host"));
}

absl::Status TooManyLinksForTheHost(const Candidate& candidate) {
  return absl::InvalidArgumentError(absl::StrCat(
      "host_memory is set and the sequence has ", candidate.links(), " links of ", candidate.options.shape.link,
      " steps, too many to plan with states on the host; give a larger link, or 0 for host_memory"));
}

// The minimum limit that holds `candidate`, in bytes or as a share.
int64_t NeededActivations(const Candidate& candidate) {
  return candidate.fixed.activations() + candidate.plan.smallest_feasible_budget;
}
double NeededShare(const Candidate& candidate) {
  return static_cast<double>(NeededActivations(candidate)) / static_cast<double>(candidate.store_all_activations());
}
int64_t NeededBytes(const Candidate& candidate) {
  return candidate.fixed.total() + candidate.plan.smallest_feasible_budget;
}

std::string Breakdown(const Candidate& candidate) {
  std::vector<std::string> parts;
  parts.reserve(kMemoryKinds + 1);
  for (int kind = 0; kind < kMemoryKinds; ++kind) {
    const auto memory = static_cast<MemoryKind>(kind);
    if (IsOptional(memory) && candidate.fixed[memory] == 0) continue;
    parts.push_back(absl::StrCat(std::string(ToString(memory)), " ", FormatBytesRounded(candidate.fixed[memory])));
  }
  parts.push_back(
      absl::StrCat("stored states and tapes ", FormatBytesRounded(candidate.plan.smallest_feasible_budget)));
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
    return absl::FailedPreconditionError(
        absl::StrCat("memory is ", FormatBytes(std::get<TotalBytes>(spec.memory).bytes), ", too little: ", need,
                     FormatBytesRounded(NeededBytes(least)), " (", Breakdown(least), "); give at least ",
                     AtLeastText(NeededBytes(least)), ", or lower batch, hidden or layers"));
  }
  const double share = std::get<ActivationShare>(spec.memory).share;
  return absl::FailedPreconditionError(
      absl::StrCat("memory share is ", 100 * share, "%, ", FormatBytesRounded(ShareBytes(least, share)),
                   " of activations, too little: ", need, FormatBytesRounded(NeededActivations(least)),
                   " of activations (", Breakdown(least), "); give at least ", ShareUpText(NeededShare(least)),
                   ", or a larger length or a smaller link"));
}

absl::Status PlanMismatch(const Candidate& candidate, const std::string& what) {
  return absl::InternalError(absl::StrCat("the plan of strategy ", std::string(ToString(candidate.plan.strategy)),
                                          " for ", candidate.links(), " links does not keep its promise: ", what));
}

absl::StatusOr<ReplayResult> Verify(const JobSpec& spec, const Candidate& candidate, const CancelCheck& cancelled) {
  const Schedule& schedule = candidate.plan.schedule;
  if (absl::Status status = CheckWellFormed(schedule); !status.ok()) {
    return PlanMismatch(candidate, std::string(status.message()));
  }
  if (schedule.length() != candidate.links()) {
    return PlanMismatch(candidate, absl::StrCat("its schedule has ", schedule.length(), " links"));
  }
  absl::StatusOr<ReplayResult> replay =
      Replay(schedule, {.state_bytes = candidate.link_bytes.state, .tape_bytes = candidate.link_bytes.tape},
             kMaxActionsPerLink * candidate.links(), cancelled);
  if (absl::IsCancelled(replay.status())) return replay.status();
  if (!replay.ok()) return PlanMismatch(candidate, std::string(replay.status().message()));
  if (replay->peak_bytes > candidate.store_budget_bytes || replay->peak_bytes != candidate.plan.peak_bytes) {
    return PlanMismatch(candidate,
                        absl::StrCat("it promises a peak of ", candidate.plan.peak_bytes, " bytes of ",
                                     candidate.store_budget_bytes, ", replayed it has ", replay->peak_bytes));
  }
  if (replay->host_peak_bytes > spec.host_memory) {
    return PlanMismatch(candidate, absl::StrCat("replayed it has ", replay->host_peak_bytes, " bytes on the host, of ",
                                                spec.host_memory));
  }
  if (replay->forward_count != candidate.plan.forward_count) {
    return PlanMismatch(candidate, absl::StrCat("it promises ", candidate.plan.forward_count,
                                                " forwards, replayed it has ", replay->forward_count));
  }
  return replay;
}

absl::StatusOr<MemoryPlan> MakeMemoryPlan(const JobSpec& spec, const TransferCosts& transfers,
                                          const CancelCheck& cancelled, Candidate candidate) {
  if (!candidate.replayed) {
    ASSIGN_OR_RETURN(candidate.replay, Verify(spec, candidate, cancelled));
  }
  candidate.transfers = transfers;
  // Forwards and transfers have been counted, so the planner's own prediction is not used.
  candidate.plan.predicted_seconds = candidate.seconds() + candidate.TransferSeconds();
  return MemoryPlan(std::move(candidate));
}

}  // namespace

Ledger MemoryPlan::PlannedLedger() const {
  Ledger ledger = fixed;
  ledger[MemoryKind::kStates] += replay.peak_bytes - replay.tape_bytes_at_peak;
  ledger[MemoryKind::kTapes] += replay.tape_bytes_at_peak;
  return ledger;
}

double MemoryPlan::TransferSeconds() const {
  return static_cast<double>(replay.device.writes) * transfers.copy_seconds +
         static_cast<double>(replay.host.writes) * transfers.store_seconds +
         static_cast<double>(replay.host.reads) * transfers.fetch_seconds;
}

absl::StatusOr<MemoryPlan> PlanMemory(const JobSpec& spec, Backend& backend, const JobPlanners& planners,
                                      LinkCostCache& known_costs, const CancelCheck& cancelled, int64_t process_bytes) {
  RETURN_IF_ERROR(spec.task->CheckCountable(spec.length, spec.batch));
  LinkCostKey costs_key;
  ASSIGN_OR_RETURN(std::vector<Candidate> candidates,
                   MeasureCandidates(spec, process_bytes, backend, known_costs, cancelled, costs_key));
  TransferCosts transfers;
  if (spec.host_memory > 0) {
    const int64_t state_bytes = candidates.front().link_bytes.state;  // equal for all candidates
    if (spec.host_memory < state_bytes) return TooLittleOnTheHost(spec, state_bytes);
    ASSIGN_OR_RETURN(transfers, MeasureTransfers(state_bytes, backend));
  }
  std::vector<Candidate> refused;
  std::optional<Candidate> best;
  bool planned_with_host = false;
  for (Candidate& candidate : candidates) {
    if (candidate.fits() && !candidate.has_costs) continue;
    RETURN_IF_ERROR(PlanCandidate(spec, planners, transfers, cancelled, candidate));
    planned_with_host |= candidate.plannable_with_host;
    if (!candidate.plan.feasible) {
      refused.push_back(std::move(candidate));
    } else if (!best || candidate.seconds() < best->seconds()) {
      best = std::move(candidate);
    }
  }
  if (!best) return TooLittleMemory(spec, refused);
  if (spec.host_memory > 0 && !planned_with_host) return TooManyLinksForTheHost(*best);
  absl::StatusOr<MemoryPlan> plan = MakeMemoryPlan(spec, transfers, cancelled, *std::move(best));
  if (plan.ok()) plan->costs_key = std::move(costs_key);
  return plan;
}

absl::StatusOr<MemoryPlan> PlanShorter(const JobSpec& spec, const MemoryPlan& longest, int64_t links,
                                       const JobPlanners& planners, const CancelCheck& cancelled) {
  Candidate candidate{{{.options = longest.options, .fixed = longest.fixed, .link_bytes = longest.link_bytes}}};
  candidate.options.shape.length = links * longest.options.shape.link;
  candidate.store_all_store_bytes = TapeAllBytes(links, candidate.link_bytes.state, candidate.link_bytes.tape);
  candidate.store_budget_bytes = std::min(longest.store_budget_bytes, candidate.store_all_store_bytes);
  candidate.SetCosts(longest.measured);
  RETURN_IF_ERROR(PlanCandidate(spec, planners, longest.transfers, cancelled, candidate));
  if (!candidate.plan.feasible) return MemoryPlan(std::move(candidate));
  return MakeMemoryPlan(spec, longest.transfers, cancelled, std::move(candidate));
}

}  // namespace recurve
