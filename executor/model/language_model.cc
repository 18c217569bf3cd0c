// SPDX-License-Identifier: Apache-2.0
#include "executor/model/language_model.h"

namespace recurve {

LanguageModel::LanguageModel(const ModelConfig& config, const SequenceShape& shape, Use use, Backend& backend)
    : config_(config),
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
  parameters_ = regions.weights.Floats(layout_.block_floats());
  if (training()) gradients_ = regions.gradients.Floats(layout_.block_floats());
  const int64_t tokens = shape_.length * shape_.batch * static_cast<int64_t>(sizeof(int32_t));
  inputs_ = reinterpret_cast<int32_t*>(regions.batch.Bytes(tokens));
  targets_ = reinterpret_cast<int32_t*>(regions.batch.Bytes(tokens));
  if (shape_.ragged) {
    lengths_ = reinterpret_cast<int32_t*>(regions.batch.Bytes(shape_.batch * static_cast<int64_t>(sizeof(int32_t))));
  }
  loss_ = reinterpret_cast<double*>(regions.workspace.Bytes(sizeof(double)));
  stack_.Place(layout_, parameters_, gradients_, regions.weights, regions.workspace);

  const auto in = [&](auto* block, int index) {
    return block == nullptr ? nullptr : block + layout_.entries()[index].offset;
  };
  const ParameterLayout::LayerIndices& first = layout_.Layer(0);
  table_.Place({.embedding = in(parameters_, ParameterLayout::kEmbedding),
                .input_weight = in(parameters_, first.input_weight),
                .bias = in(parameters_, first.bias)},
               regions.weights);
  head_.Place({.weight = in(parameters_, layout_.output_weight()), .bias = in(parameters_, layout_.output_bias())},
              regions.weights, regions.workspace);
  if (!training()) return;
  table_.PlaceGradients({.embedding = in(gradients_, ParameterLayout::kEmbedding),
                         .input_weight = in(gradients_, first.input_weight),
                         .bias = in(gradients_, first.bias)},
                        regions.gradients);
  head_.PlaceGradients(
      {.weight = in(gradients_, layout_.output_weight()), .bias = in(gradients_, layout_.output_bias())},
      regions.weights);
}

void LanguageModel::PrepareWeights() {
  backend_.BeginPhase(Phase::kTable);
  table_.Fold();
  backend_.BeginPhase(Phase::kPrepare);
  stack_.Pack();
  head_.Pack();
}

void LanguageModel::BeginBatch(int64_t steps, int64_t predictions) {
  shape_.length = steps;
  stack_.SetLength(steps);
  gradient_scale_ = static_cast<float>(1.0 / static_cast<double>(predictions));
  backend_.Zero(loss_, sizeof(double));
  if (!training()) return;
  backend_.Zero(gradients_, layout_.block_bytes());
  table_.ZeroGradients();
}

void LanguageModel::EndBatch() {
  backend_.BeginPhase(Phase::kTable);
  table_.UnfoldGradients();
}

void LanguageModel::Forward(int64_t link, const std::byte* state_in, std::byte* state_out, std::byte* tape,
                            bool keep_tape) {
  backend_.BeginPhase(keep_tape ? Phase::kTapedForward : Phase::kPlainForward);
  stack_.Forward({.index = link, .state_in = state_in, .state_out = state_out, .tape = tape, .lengths = lengths_},
                 table_.Input(TokensOf(inputs_, link)), keep_tape);
}

void LanguageModel::Backward(int64_t link, const std::byte* state_in, const std::byte* state_out, std::byte* tape,
                             std::byte* state_gradient) {
  const RecurrentStack::Link there{
      .index = link, .state_in = state_in, .state_out = state_out, .tape = tape, .lengths = lengths_};
  const int64_t rows = shape_.steps(link) * shape_.batch;
  backend_.BeginPhase(Phase::kHead);
  head_.Backward(rows, stack_.Output(there), TokensOf(targets_, link), gradient_scale_, loss_);
  backend_.BeginPhase(Phase::kBackward);
  stack_.Backward(there, state_gradient);
  backend_.BeginPhase(Phase::kTable);
  table_.AddGradients(rows, TokensOf(inputs_, link), stack_.FirstInputGradient(there), stack_.input_stride());
}

void LanguageModel::AddLoss(int64_t link, const std::byte* state_out, std::byte* tape) {
  const RecurrentStack::Link there{.index = link, .state_in = nullptr, .state_out = state_out, .tape = tape};
  head_.AddLoss(shape_.steps(link) * shape_.batch, stack_.Output(there), TokensOf(targets_, link), loss_);
}

const float* LanguageModel::Logits(const std::byte* state) {
  return head_.Logits(shape_.batch, stack_.OutputOfState(state));
}

}  // namespace recurve
