// SPDX-License-Identifier: Apache-2.0
#include "planner_service/capacity/link_split.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "planner_service/capacity/check.h"
#include "planner_service/model/link_choice.h"
#include "planner_service/model/training_bytes.h"
#include "planner_service/planning/saturating.h"
#include "planner_service/planning/strategies.h"
#include "planner_service/status/status_macros.h"

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

absl::Status CheckSizes(const ModelWorkload& workload) {
  const ModelConfig& model = workload.model;
  for (const absl::Status& status :
       {CheckRange("layers", model.layers, 1, kMaxLayers), CheckRange("hidden", model.hidden, 1, kMaxWidth),
        CheckRange("embedding", model.embedding, 0, kMaxWidth), CheckRate("dropout", model.dropout),
        CheckRate("recurrent_dropout", model.recurrent_dropout), CheckRange("batch", workload.batch, 1, kMaxBatch),
        CheckRange("length", workload.length, 1, kMaxChainLength),
        CheckRange("link", workload.link, 0, kMaxChainLength)}) {
    if (!status.ok()) return status;
  }
  return CheckCountable(model, workload.length, workload.batch);
}

absl::Status CheckChoices(const ModelWorkload& model) {
  const auto choices = static_cast<int64_t>(model.choices.size());
  RETURN_IF_ERROR(CheckRange("choices", choices, 0, kMaxLinkChoices));
  if (choices > 0 && model.link != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("link is ", model.link, ", must be 0 if there are choices: it is chosen among them"));
  }
  for (const ModelWorkload::LinkChoice& choice : model.choices) {
    RETURN_IF_ERROR(CheckRange("choices.link", choice.link, 1, kMaxChainLength));
    RETURN_IF_ERROR(CheckCosts(choice.costs));
  }
  return absl::OkStatus();
}

LinkSplit SizeSplit(const ModelWorkload& workload, int64_t link) {
  const SequenceShape shape{.length = workload.length, .link = link, .batch = workload.batch};
  const LinkBytes bytes = LinkBytesOf(workload.model, shape);
  const Ledger fixed = FixedCpuBytes(workload.model, shape, workload.optimizer, workload.carry_state, VectorFloats());
  LinkSplit split{
      .sizing = {.link = link, .state_bytes = bytes.state, .tape_bytes = bytes.tape, .fixed_bytes = fixed.total()},
      .costs = kPaperCosts};
  for (int kind = 0; kind < kMemoryKinds; ++kind) {
    if (fixed.bytes[kind] == 0 && IsOptional(static_cast<MemoryKind>(kind))) continue;
    split.sizing.fixed_by_kind.emplace_back(ToString(static_cast<MemoryKind>(kind)), fixed.bytes[kind]);
  }
  split.SetLength(workload.length);
  return split;
}

absl::StatusOr<LinkSplits> SplitModel(const ModelWorkload& workload) {
  for (const absl::Status& status : {CheckSizes(workload), CheckChoices(workload)}) {
    if (!status.ok()) return status;
  }
  LinkSplits splits;
  for (const ModelWorkload::LinkChoice& choice : workload.choices) {
    splits.splits.push_back(SizeSplit(workload, std::min(choice.link, workload.length)));
    splits.splits.back().costs = choice.costs;
    splits.splits.back().measured = true;
  }
  if (!splits.splits.empty()) return splits;
  for (const int64_t link : CandidateLinks(workload.link, workload.length, workload.batch)) {
    splits.splits.push_back(SizeSplit(workload, link));
  }
  splits.by_rule = true;
  return splits;
}

absl::StatusOr<LinkSplits> SplitChain(const ChainWorkload& chain) {
  RETURN_IF_ERROR(CheckChain(chain));
  LinkSplit split{
      .sizing = {.state_bytes = chain.state_bytes, .tape_bytes = chain.tape_bytes, .fixed_bytes = chain.fixed_bytes},
      .costs = chain.costs.value_or(kPaperCosts),
      .measured = chain.costs.has_value()};
  split.SetLength(chain.length);
  return LinkSplits{.splits = {std::move(split)}};
}

}  // namespace

void LinkSplit::SetLength(int64_t length) {
  sizing.links = (length + sizing.link - 1) / sizing.link;
  sizing.store_all_bytes =
      SaturatingAdd(sizing.fixed_bytes, TapeAllBytes(sizing.links, sizing.state_bytes, sizing.tape_bytes));
}

double LinkSplits::ReferenceTime(const LinkSplit& split) const {
  if (by_rule) return split.StoreAllTime();
  double least = split.StoreAllTime();
  for (const LinkSplit& other : splits) least = std::min(least, other.StoreAllTime());
  return least;
}

absl::StatusOr<LinkSplits> SplitWorkload(const Workload& workload) {
  if (const auto* chain = std::get_if<ChainWorkload>(&workload)) return SplitChain(*chain);
  return SplitModel(std::get<ModelWorkload>(workload));
}

}  // namespace recurve
