// SPDX-License-Identifier: Apache-2.0
#include "executor/task/language_model/language_model.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "executor/task/language_model/initial_parameters.h"

namespace recurve {

LanguageModel::LanguageModel(const ModelConfig& config, const SequenceShape& shape, Use use, Backend& backend)
    : config_(config),
      longest_(shape),
      shape_(shape),
      use_(use),
      backend_(backend),
      layout_(config),
      table_({.vocabulary = config.vocabulary,
              .embedding = config.embedding_size(),
              .width = GeometryOf(config.cell).gates * config.hidden},
             backend),
      stack_(config, shape, use == Use::kTraining, backend),
      head_({.hidden = config.hidden, .vocabulary = config.vocabulary, .max_rows = shape.link * shape.batch}, backend) {
  Place(needs_);
}

void LanguageModel::Place(Regions& regions) {
  parameters_ = regions.weights.Floats(layout_.tensors.block_floats());
  if (training()) gradients_ = regions.gradients.Floats(layout_.tensors.block_floats());
  batch_ = LayOutBatch(longest_, regions.batch);
  loss_ = reinterpret_cast<double*>(regions.workspace.Bytes(sizeof(double)));
  stack_.Place(layout_.tensors, layout_.layers, parameters_, gradients_, regions.weights, regions.workspace);

  const auto in = [&](auto* block, int index) {
    return block == nullptr ? nullptr : block + layout_.tensors.entries()[index].offset;
  };
  const ParameterLayout::LayerIndices& first = layout_.layers.front();
  table_.Place({.embedding = in(parameters_, layout_.embedding),
                .input_weight = in(parameters_, first.input_weight),
                .bias = in(parameters_, first.bias)},
               regions.weights);
  head_.Place({.weight = in(parameters_, layout_.output_weight), .bias = in(parameters_, layout_.output_bias)},
              regions.weights, regions.workspace);
  if (!training()) return;
  table_.PlaceGradients({.embedding = in(gradients_, layout_.embedding),
                         .input_weight = in(gradients_, first.input_weight),
                         .bias = in(gradients_, first.bias)},
                        regions.gradients);
  head_.PlaceGradients({.weight = in(gradients_, layout_.output_weight), .bias = in(gradients_, layout_.output_bias)},
                       regions.weights);
}

Parameters LanguageModel::InitialParameters(uint64_t seed) const { return recurve::InitialParameters(config_, seed); }

void LanguageModel::PrepareWeights() {
  backend_.BeginPhase(Phase::kTable);
  table_.Fold();
  backend_.BeginPhase(Phase::kPrepare);
  stack_.Pack();
  head_.Pack();
}

int64_t LanguageModel::StepsToRun(const TokenBatch& batch, int64_t links) const {
  if (!longest_.ragged) return longest_.length;
  const int64_t steps = *std::max_element(batch.lengths, batch.lengths + longest_.batch);
  return std::max(steps, (links - 1) * longest_.link + 1);
}

absl::StatusOr<BatchSize> LanguageModel::TakeBatch(const std::byte* host, int64_t links) {
  Region block(const_cast<std::byte*>(host));
  const TokenBatch from = LayOutBatch(longest_, block);
  const int64_t steps = StepsToRun(from, links);
  if (!longest_.ragged && links != longest_.links()) {
    return absl::InvalidArgumentError(absl::StrCat("the schedule has ", links, " links; must have ", longest_.links()));
  }
  if (steps > std::min(longest_.length, links * longest_.link)) {
    return absl::InvalidArgumentError(absl::StrCat("a sequence has ", steps, " steps, more than the schedule's ", links,
                                                   " links of ", longest_.link, " steps"));
  }
  const int64_t tokens = steps * longest_.batch;
  const auto upload = [&](const int32_t* values, int64_t n, int32_t* device) {
    if (values != device) backend_.Upload(values, n * static_cast<int64_t>(sizeof(int32_t)), device);
  };
  upload(from.inputs, tokens, batch_.inputs);
  upload(from.targets, tokens, batch_.targets);
  if (longest_.ragged) upload(from.lengths, longest_.batch, batch_.lengths);
  const int64_t predictions = std::count_if(from.targets, from.targets + tokens, [](int32_t t) { return t >= 0; });
  if (predictions == 0) return absl::InvalidArgumentError("the batch has no targets; must have at least one");
  return BatchSize{.steps = steps, .predictions = predictions};
}

void LanguageModel::MakeTrialBatch(std::byte* host) const {
  Region block(host);
  const TokenBatch batch = LayOutBatch(longest_, block);
  for (int64_t i = 0; i < longest_.length * longest_.batch; ++i) {
    batch.inputs[i] = batch.targets[i] = static_cast<int32_t>((i * 7919 + i / 13) % config_.vocabulary);
  }
  if (longest_.ragged) std::fill_n(batch.lengths, longest_.batch, static_cast<int32_t>(longest_.length));
}

void LanguageModel::BeginBatch(const BatchSize& size) {
  shape_.length = size.steps;
  stack_.SetLength(size.steps);
  gradient_scale_ = static_cast<float>(1.0 / static_cast<double>(size.predictions));
  backend_.Zero(loss_, sizeof(double));
  if (!training()) return;
  backend_.Zero(gradients_, layout_.tensors.block_bytes());
  table_.ZeroGradients();
}

void LanguageModel::EndBatch() {
  backend_.BeginPhase(Phase::kTable);
  table_.UnfoldGradients();
}

void LanguageModel::Forward(int64_t link, const std::byte* state_in, std::byte* state_out, std::byte* tape,
                            bool keep_tape) {
  backend_.BeginPhase(keep_tape ? Phase::kTapedForward : Phase::kPlainForward);
  stack_.Forward({.index = link, .state_in = state_in, .state_out = state_out, .tape = tape, .lengths = batch_.lengths},
                 table_.Input(TokensOf(batch_.inputs, link)), keep_tape);
}

void LanguageModel::Backward(int64_t link, const std::byte* state_in, const std::byte* state_out, std::byte* tape,
                             std::byte* state_gradient) {
  const RecurrentStack::Link there{
      .index = link, .state_in = state_in, .state_out = state_out, .tape = tape, .lengths = batch_.lengths};
  const int64_t rows = shape_.steps(link) * shape_.batch;
  backend_.BeginPhase(Phase::kHead);
  head_.Backward(rows, stack_.Output(there), TokensOf(batch_.targets, link), gradient_scale_, loss_);
  backend_.BeginPhase(Phase::kBackward);
  stack_.Backward(there, state_gradient);
  backend_.BeginPhase(Phase::kTable);
  table_.AddGradients(rows, TokensOf(batch_.inputs, link), stack_.FirstInputGradient(there), stack_.input_stride());
}

void LanguageModel::AddLoss(int64_t link, const std::byte* state_out, std::byte* tape) {
  const RecurrentStack::Link there{.index = link, .state_in = nullptr, .state_out = state_out, .tape = tape};
  head_.AddLoss(shape_.steps(link) * shape_.batch, stack_.Output(there), TokensOf(batch_.targets, link), loss_);
}

const float* LanguageModel::Logits(const std::byte* state) {
  return head_.Logits(shape_.batch, stack_.OutputOfState(state));
}

}  // namespace recurve
