// SPDX-License-Identifier: Apache-2.0
#include "planner_service/codec/workload_codec.h"

#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "planner_service/codec/field_checks.h"
#include "planner_service/codec/plan_codec.h"
#include "planner_service/planning/plan.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

absl::StatusOr<ChainWorkload> DecodeChain(absl::string_view field, const planner::v1::ChainWorkload& message) {
  absl::Status status = CheckRange(absl::StrCat(field, ".length"), message.length(), 1, kMaxChainLength);
  status.Update(CheckRange(absl::StrCat(field, ".state_bytes"), message.state_bytes(), 1, kMaxBytes));
  status.Update(CheckRange(absl::StrCat(field, ".tape_bytes"), message.tape_bytes(), 0, kMaxBytes));
  status.Update(CheckRange(absl::StrCat(field, ".fixed_bytes"), message.fixed_bytes(), 0, kMaxBytes));
  if (!status.ok()) return status;
  ChainWorkload chain{.length = message.length(),
                      .state_bytes = message.state_bytes(),
                      .tape_bytes = message.tape_bytes(),
                      .fixed_bytes = message.fixed_bytes()};
  if (message.has_costs()) {
    ASSIGN_OR_RETURN(chain.costs, DecodeCosts(absl::StrCat(field, ".costs"), message.costs()));
  }
  return chain;
}

absl::StatusOr<OptimizerKind> DecodeOptimizer(const std::string& field, planner::v1::ModelOptimizer optimizer) {
  switch (optimizer) {
    case planner::v1::MODEL_OPTIMIZER_UNSPECIFIED:
    case planner::v1::MODEL_OPTIMIZER_ADAMW:
      return OptimizerKind::kAdamW;
    case planner::v1::MODEL_OPTIMIZER_SGD:
      return OptimizerKind::kSgd;
    default:
      return absl::InvalidArgumentError(
          absl::StrCat(field, " is ", static_cast<int>(optimizer), "; must be 0 to 2, the numbers of ModelOptimizer"));
  }
}

absl::Status CheckSizes(absl::string_view field, const ModelWorkload& model) {
  absl::Status status = CheckRange(absl::StrCat(field, ".layers"), model.model.layers, 1, kMaxLayers);
  status.Update(CheckRange(absl::StrCat(field, ".hidden"), model.model.hidden, 1, kMaxWidth));
  status.Update(CheckRange(absl::StrCat(field, ".embedding"), model.model.embedding, 0, kMaxWidth));
  status.Update(CheckRange(absl::StrCat(field, ".batch"), model.batch, 1, kMaxBatch));
  status.Update(CheckRange(absl::StrCat(field, ".length"), model.length, 1, kMaxChainLength));
  status.Update(CheckRange(absl::StrCat(field, ".link"), model.link, 0, kMaxChainLength));
  const auto check_rate = [&](const char* name, double rate) {
    if (rate >= 0 && rate < 1) return;
    status.Update(
        absl::InvalidArgumentError(absl::StrCat(field, name, " is ", rate, "; must be at least 0 and below 1")));
  };
  check_rate(".dropout", model.model.dropout);
  check_rate(".recurrent_dropout", model.model.recurrent_dropout);
  return status;
}

absl::Status DecodeChoices(absl::string_view field, const planner::v1::ModelWorkload& message, ModelWorkload& model) {
  absl::Status status = CheckCount(absl::StrCat(field, ".choices"), message.choices_size(), 0, kMaxLinkChoices);
  if (!status.ok()) return status;
  for (int i = 0; i < message.choices_size(); ++i) {
    const planner::v1::LinkChoice& choice = message.choices(i);
    const std::string name = absl::StrCat(field, ".choices[", i, "]");
    status.Update(CheckRange(name + ".link", choice.link(), 1, kMaxChainLength));
    if (!choice.has_costs()) status.Update(absl::InvalidArgumentError(name + ".costs is unset; must be set"));
    absl::StatusOr<LinkCosts> costs = DecodeCosts(name + ".costs", choice.costs());
    status.Update(costs.status());
    if (!status.ok()) return status;
    model.choices.push_back({.link = choice.link(), .costs = *costs});
  }
  return absl::OkStatus();
}

absl::StatusOr<ModelWorkload> DecodeModel(absl::string_view field, const planner::v1::ModelWorkload& message) {
  const absl::StatusOr<Cell> cell = DecodeCell(absl::StrCat(field, ".cell"), message.cell());
  absl::Status status = cell.status();
  const absl::StatusOr<OptimizerKind> optimizer =
      DecodeOptimizer(absl::StrCat(field, ".optimizer"), message.optimizer());
  status.Update(optimizer.status());
  if (!status.ok()) return status;
  ModelWorkload model{.model = {.cell = *cell,
                                .layers = message.has_layers() ? message.layers() : 1,
                                .hidden = message.hidden(),
                                .embedding = message.embedding(),
                                .residual = message.residual(),
                                .layer_norm = message.layer_norm(),
                                .dropout = message.dropout(),
                                .recurrent_dropout = message.recurrent_dropout()},
                      .optimizer = *optimizer,
                      .batch = message.batch(),
                      .length = message.length(),
                      .link = message.link(),
                      .carry_state = message.has_carry_state() ? message.carry_state() : true};
  status.Update(CheckSizes(field, model));
  if (status.ok()) status = DecodeChoices(field, message, model);
  if (!status.ok()) return status;
  return model;
}

planner::v1::ChainWorkload EncodeChain(const ChainWorkload& chain) {
  planner::v1::ChainWorkload message;
  message.set_length(chain.length);
  message.set_state_bytes(chain.state_bytes);
  message.set_tape_bytes(chain.tape_bytes);
  message.set_fixed_bytes(chain.fixed_bytes);
  if (chain.costs) *message.mutable_costs() = EncodeCosts(*chain.costs);
  return message;
}

planner::v1::ModelWorkload EncodeModel(const ModelWorkload& model) {
  planner::v1::ModelWorkload message;
  message.set_cell(EncodeCell(model.model.cell));
  message.set_optimizer(model.optimizer == OptimizerKind::kSgd ? planner::v1::MODEL_OPTIMIZER_SGD
                                                               : planner::v1::MODEL_OPTIMIZER_ADAMW);
  message.set_layers(model.model.layers);
  message.set_hidden(model.model.hidden);
  message.set_embedding(model.model.embedding);
  message.set_residual(model.model.residual);
  message.set_layer_norm(model.model.layer_norm);
  message.set_dropout(model.model.dropout);
  message.set_recurrent_dropout(model.model.recurrent_dropout);
  message.set_batch(model.batch);
  message.set_length(model.length);
  message.set_link(model.link);
  message.set_carry_state(model.carry_state);
  for (const ModelWorkload::LinkChoice& choice : model.choices) {
    planner::v1::LinkChoice& encoded = *message.add_choices();
    encoded.set_link(choice.link);
    *encoded.mutable_costs() = EncodeCosts(choice.costs);
  }
  return message;
}

}  // namespace

planner::v1::Cell EncodeCell(Cell cell) {
  switch (cell) {
    case Cell::kLstm:
      return planner::v1::CELL_LSTM;
    case Cell::kGru:
      return planner::v1::CELL_GRU;
    case Cell::kGruResetBefore:
      return planner::v1::CELL_GRU_RESET_BEFORE;
    case Cell::kTanhRnn:
      return planner::v1::CELL_TANH;
    case Cell::kReluRnn:
      return planner::v1::CELL_RELU;
    case Cell::kSlstm:
      return planner::v1::CELL_SLSTM;
  }
  return planner::v1::CELL_UNSPECIFIED;
}

absl::StatusOr<Cell> DecodeCell(absl::string_view field, planner::v1::Cell cell) {
  if (cell == planner::v1::CELL_UNSPECIFIED) return Cell::kLstm;
  for (const Cell known : kCells) {
    if (EncodeCell(known) == cell) return known;
  }
  return absl::InvalidArgumentError(absl::StrCat(field, " is ", static_cast<int>(cell), "; must be 0 to ",
                                                 static_cast<int>(planner::v1::Cell_MAX), ", the numbers of Cell"));
}

planner::v1::Workload EncodeWorkload(const Workload& workload) {
  planner::v1::Workload message;
  if (const auto* chain = std::get_if<ChainWorkload>(&workload)) {
    *message.mutable_chain() = EncodeChain(*chain);
  } else {
    *message.mutable_model() = EncodeModel(std::get<ModelWorkload>(workload));
  }
  return message;
}

absl::StatusOr<Workload> DecodeWorkload(absl::string_view field, const planner::v1::Workload& message) {
  switch (message.kind_case()) {
    case planner::v1::Workload::kChain:
      return DecodeChain(absl::StrCat(field, ".chain"), message.chain());
    case planner::v1::Workload::kModel:
      return DecodeModel(absl::StrCat(field, ".model"), message.model());
    case planner::v1::Workload::KIND_NOT_SET:
      break;
  }
  return absl::InvalidArgumentError(absl::StrCat(field, " is unset; set ", field, ".chain or ", field, ".model"));
}

}  // namespace recurve
