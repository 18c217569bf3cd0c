// SPDX-License-Identifier: Apache-2.0
#include "planner_service/advice/cut.h"

#include <algorithm>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "executor/backend/cpu/cpu_backend.h"
#include "executor/job/job_spec.h"
#include "executor/job/link_sizing.h"
#include "planner_service/advice/check.h"
#include "planner_service/planning/saturating.h"
#include "planner_service/planning/strategies.h"

namespace recurve {
namespace {

constexpr LinkCosts kPaperCosts = {.forward_seconds = 1, .taped_forward_seconds = 1, .backward_seconds = 2};

absl::Status CheckChain(const ChainWorkload& chain) {
  for (const absl::Status& status : {CheckRange("length", chain.length, 1, kMaxChainLength),
                                     CheckRange("state_bytes", chain.state_bytes, 1, kMaxBytes),
                                     CheckRange("tape_bytes", chain.tape_bytes, 0, kMaxBytes),
                                     CheckRange("fixed_bytes", chain.fixed_bytes, 0, kMaxBytes),
                                     chain.costs ? CheckCosts(*chain.costs) : absl::OkStatus()}) {
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<JobSpec> SpecOf(const ModelWorkload& model) {
  if (model.data_type != ModelWorkload::DataType::kFloat32) {
    return absl::InvalidArgumentError(
        absl::StrCat("data_type is ", static_cast<int>(model.data_type), ", must be float32"));
  }
  JobSpec spec{.cell = model.cell,
               .layers = model.layers,
               .hidden = model.hidden,
               .embedding = model.embedding,
               .residual = model.residual,
               .layer_norm = model.layer_norm,
               .dropout = model.dropout,
               .recurrent_dropout = model.recurrent_dropout,
               .batch = model.batch,
               .length = model.length,
               .link = model.link,
               .carry_state = model.carry_state};
  switch (model.optimizer) {
    case ModelWorkload::Optimizer::kAdamW:
      spec.optimizer.kind = OptimizerKind::kAdamW;
      return spec;
    case ModelWorkload::Optimizer::kSgd:
      spec.optimizer.kind = OptimizerKind::kSgd;
      return spec;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("optimizer is ", static_cast<int>(model.optimizer), ", must be adamw or sgd"));
}

absl::Status CheckChoices(const ModelWorkload& model) {
  const auto choices = static_cast<int64_t>(model.choices.size());
  if (absl::Status status = CheckRange("choices", choices, 0, kMaxLinkChoices); !status.ok()) return status;
  if (choices > 0 && model.link != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("link is ", model.link, ", must be 0 where there are choices: it is chosen among them"));
  }
  for (const ModelWorkload::LinkChoice& choice : model.choices) {
    if (absl::Status status = CheckRange("choices.link", choice.link, 1, kMaxChainLength); !status.ok()) return status;
    if (absl::Status status = CheckCosts(choice.costs); !status.ok()) return status;
  }
  return absl::OkStatus();
}

Cut SizeCut(const JobSpec& spec, int64_t link, Backend& backend) {
  const LinkSizing sized = SizeLink(spec, link, backend);
  Cut cut{.sizing = {.link = link,
                     .state_bytes = sized.link_bytes.state,
                     .tape_bytes = sized.link_bytes.tape,
                     .fixed_bytes = sized.fixed.total()},
          .costs = kPaperCosts};
  for (int kind = 0; kind < kMemoryKinds; ++kind) {
    if (sized.fixed.bytes[kind] == 0 && IsOptional(static_cast<MemoryKind>(kind))) continue;
    cut.sizing.fixed_by_kind.emplace_back(ToString(static_cast<MemoryKind>(kind)), sized.fixed.bytes[kind]);
  }
  cut.SetLength(spec.length);
  return cut;
}

absl::StatusOr<Cuts> CutModel(const ModelWorkload& model) {
  const absl::StatusOr<JobSpec> spec = SpecOf(model);
  if (!spec.ok()) return spec.status();
  for (const absl::Status& status : {CheckSizes(*spec), CheckChoices(model)}) {
    if (!status.ok()) return status;
  }
  if (absl::Status status = CheckCountable(*spec); !status.ok()) return status;
  // Threads do not change what anything takes.
  const absl::StatusOr<std::unique_ptr<Backend>> backend = MakeCpuBackend({.threads = 1});
  if (!backend.ok()) return backend.status();
  Cuts cuts;
  for (const ModelWorkload::LinkChoice& choice : model.choices) {
    cuts.cuts.push_back(SizeCut(*spec, std::min(choice.link, spec->length), **backend));
    cuts.cuts.back().costs = choice.costs;
    cuts.cuts.back().measured = true;
  }
  if (!cuts.cuts.empty()) return cuts;
  for (const int64_t link : CandidateLinks(*spec)) cuts.cuts.push_back(SizeCut(*spec, link, **backend));
  cuts.by_rule = true;
  return cuts;
}

absl::StatusOr<Cuts> CutChain(const ChainWorkload& chain) {
  if (absl::Status status = CheckChain(chain); !status.ok()) return status;
  Cut cut{
      .sizing = {.state_bytes = chain.state_bytes, .tape_bytes = chain.tape_bytes, .fixed_bytes = chain.fixed_bytes},
      .costs = chain.costs.value_or(kPaperCosts),
      .measured = chain.costs.has_value()};
  cut.SetLength(chain.length);
  return Cuts{.cuts = {std::move(cut)}};
}

}  // namespace

void Cut::SetLength(int64_t length) {
  sizing.links = (length + sizing.link - 1) / sizing.link;
  sizing.store_all_bytes =
      SaturatingAdd(sizing.fixed_bytes, TapeAllBytes(sizing.links, sizing.state_bytes, sizing.tape_bytes));
}

double Cuts::ReferenceTime(const Cut& cut) const {
  if (by_rule) return cut.StoreAllTime();
  double least = cut.StoreAllTime();
  for (const Cut& other : cuts) least = std::min(least, other.StoreAllTime());
  return least;
}

absl::StatusOr<Cuts> CutWorkload(const Workload& workload) {
  if (const auto* chain = std::get_if<ChainWorkload>(&workload)) return CutChain(*chain);
  return CutModel(std::get<ModelWorkload>(workload));
}

}  // namespace recurve
