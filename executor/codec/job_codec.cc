// SPDX-License-Identifier: Apache-2.0
#include "executor/codec/job_codec.h"

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "executor/task/language_model/language_model_options.h"
#include "planner_service/codec/plan_codec.h"
#include "planner_service/codec/workload_codec.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

using executor::v1::LearningRateShape_Name;
using executor::v1::Optimizer_Name;

// The longest path that Linux takes, its closing zero left out.
constexpr size_t kMaxPathBytes = 4095;

absl::Status CheckPath(const char* field, const std::string& path) {
  if (path.size() > kMaxPathBytes) {
    return absl::InvalidArgumentError(absl::StrCat(field, " has ", path.size(), " bytes; a path has at most ",
                                                   kMaxPathBytes, ". Give a shorter path"));
  }
  if (path.find('\0') != std::string::npos) {
    return absl::InvalidArgumentError(absl::StrCat(field, " contains a zero byte, which no path may"));
  }
  return absl::OkStatus();
}

executor::v1::Optimizer EncodeOptimizerKind(OptimizerKind kind) {
  return kind == OptimizerKind::kSgd ? executor::v1::OPTIMIZER_SGD : executor::v1::OPTIMIZER_ADAMW;
}

executor::v1::LearningRateShape EncodeShape(LearningRateShape shape) {
  return shape == LearningRateShape::kConstant ? executor::v1::LEARNING_RATE_SHAPE_CONSTANT
                                               : executor::v1::LEARNING_RATE_SHAPE_COSINE;
}

executor::v1::Precision EncodePrecision(Precision precision) {
  switch (precision) {
    case Precision::kFp32:
      return executor::v1::PRECISION_FP32;
    case Precision::kTf32:
      return executor::v1::PRECISION_TF32;
    case Precision::kBf16:
      return executor::v1::PRECISION_BF16;
  }
  return executor::v1::PRECISION_UNSPECIFIED;
}

absl::StatusOr<Precision> DecodePrecision(executor::v1::Precision precision) {
  switch (precision) {
    case executor::v1::PRECISION_UNSPECIFIED:
    case executor::v1::PRECISION_FP32:
      return Precision::kFp32;
    case executor::v1::PRECISION_TF32:
      return Precision::kTf32;
    case executor::v1::PRECISION_BF16:
      return Precision::kBf16;
    default:
      return absl::InvalidArgumentError(absl::StrCat("precision is ", static_cast<int>(precision),
                                                     "; it is PRECISION_FP32, PRECISION_TF32 or PRECISION_BF16"));
  }
}

executor::v1::Sequences EncodeSequences(Sequences sequences) {
  return sequences == Sequences::kLines ? executor::v1::SEQUENCES_LINES : executor::v1::SEQUENCES_WINDOWS;
}

absl::StatusOr<Sequences> DecodeSequences(executor::v1::Sequences sequences) {
  switch (sequences) {
    case executor::v1::SEQUENCES_UNSPECIFIED:
    case executor::v1::SEQUENCES_WINDOWS:
      return Sequences::kWindows;
    case executor::v1::SEQUENCES_LINES:
      return Sequences::kLines;
    default:
      return absl::InvalidArgumentError(
          absl::StrCat("sequences is ", static_cast<int>(sequences), "; it is SEQUENCES_WINDOWS or SEQUENCES_LINES"));
  }
}

absl::StatusOr<OptimizerKind> DecodeOptimizerKind(executor::v1::Optimizer kind) {
  switch (kind) {
    case executor::v1::OPTIMIZER_UNSPECIFIED:
    case executor::v1::OPTIMIZER_ADAMW:
      return OptimizerKind::kAdamW;
    case executor::v1::OPTIMIZER_SGD:
      return OptimizerKind::kSgd;
    default:
      return absl::InvalidArgumentError(absl::StrCat("optimizer.kind is ", static_cast<int>(kind), "; it is ",
                                                     Optimizer_Name(executor::v1::OPTIMIZER_ADAMW), " or ",
                                                     Optimizer_Name(executor::v1::OPTIMIZER_SGD)));
  }
}

absl::StatusOr<LearningRateShape> DecodeShape(executor::v1::LearningRateShape shape) {
  switch (shape) {
    case executor::v1::LEARNING_RATE_SHAPE_UNSPECIFIED:
    case executor::v1::LEARNING_RATE_SHAPE_COSINE:
      return LearningRateShape::kCosine;
    case executor::v1::LEARNING_RATE_SHAPE_CONSTANT:
      return LearningRateShape::kConstant;
    default:
      return absl::InvalidArgumentError(
          absl::StrCat("optimizer.shape is ", static_cast<int>(shape), "; it is ",
                       LearningRateShape_Name(executor::v1::LEARNING_RATE_SHAPE_COSINE), " or ",
                       LearningRateShape_Name(executor::v1::LEARNING_RATE_SHAPE_CONSTANT)));
  }
}

absl::StatusOr<OptimizerSpec> DecodeOptimizer(const executor::v1::OptimizerSpec& message) {
  OptimizerSpec spec;
  ASSIGN_OR_RETURN(spec.kind, DecodeOptimizerKind(message.kind()));
  ASSIGN_OR_RETURN(spec.shape, DecodeShape(message.shape()));
  if (message.has_learning_rate()) spec.learning_rate = message.learning_rate();
  if (message.has_warmup_steps()) spec.warmup_steps = message.warmup_steps();
  if (message.has_momentum()) spec.momentum = message.momentum();
  if (message.has_beta1()) spec.beta1 = message.beta1();
  if (message.has_beta2()) spec.beta2 = message.beta2();
  if (message.has_weight_decay()) spec.weight_decay = message.weight_decay();
  if (message.has_clip_norm()) spec.clip_norm = message.clip_norm();
  return spec;
}

executor::v1::OptimizerSpec EncodeOptimizer(const OptimizerSpec& spec) {
  executor::v1::OptimizerSpec message;
  message.set_kind(EncodeOptimizerKind(spec.kind));
  message.set_learning_rate(spec.learning_rate);
  message.set_shape(EncodeShape(spec.shape));
  message.set_warmup_steps(spec.warmup_steps);
  message.set_momentum(spec.momentum);
  message.set_beta1(spec.beta1);
  message.set_beta2(spec.beta2);
  message.set_weight_decay(spec.weight_decay);
  message.set_clip_norm(spec.clip_norm);
  return message;
}

MemoryLimit DecodeMemory(const executor::v1::JobSpec& message) {
  switch (message.memory_case()) {
    case executor::v1::JobSpec::kMemoryBytes:
      return TotalBytes{message.memory_bytes()};
    case executor::v1::JobSpec::kActivationShare:
      return ActivationShare{message.activation_share()};
    case executor::v1::JobSpec::MEMORY_NOT_SET:
      break;
  }
  return ActivationShare{};
}

executor::v1::LanguageModelTask EncodeLanguageModel(const LanguageModelOptions& task) {
  executor::v1::LanguageModelTask message;
  message.set_data_path(task.data_path);
  message.set_holdout(task.LanguageModelSpec::holdout);
  message.set_sequences(EncodeSequences(task.sequences));
  message.set_cell(EncodeCell(task.model.cell));
  message.set_layers(task.model.layers);
  message.set_hidden(task.model.hidden);
  message.set_embedding(task.model.embedding);
  message.set_residual(task.model.residual);
  message.set_layer_norm(task.model.layer_norm);
  message.set_dropout(task.model.dropout);
  message.set_recurrent_dropout(task.model.recurrent_dropout);
  return message;
}

absl::StatusOr<LanguageModelOptions> DecodeLanguageModel(const executor::v1::LanguageModelTask& message) {
  if (message.data_path().empty()) return absl::InvalidArgumentError("data_path is empty; name the file to train on");
  RETURN_IF_ERROR(CheckPath("data_path", message.data_path()));
  LanguageModelOptions task;
  task.data_path = message.data_path();
  if (message.has_holdout()) task.LanguageModelSpec::holdout = message.holdout();
  ASSIGN_OR_RETURN(task.sequences, DecodeSequences(message.sequences()));
  ASSIGN_OR_RETURN(task.model.cell, DecodeCell("cell", message.cell()));
  if (message.has_layers()) task.model.layers = message.layers();
  if (message.has_hidden()) task.model.hidden = message.hidden();
  if (message.has_embedding()) task.model.embedding = message.embedding();
  task.model.residual = message.residual();
  task.model.layer_norm = message.layer_norm();
  if (message.has_dropout()) task.model.dropout = message.dropout();
  task.model.recurrent_dropout = message.recurrent_dropout();
  return task;
}

executor::v1::SequenceSummary EncodeSequenceSummary(const SequenceSummary& lines) {
  executor::v1::SequenceSummary message;
  message.set_count(lines.count);
  message.set_empty(lines.empty);
  message.set_cut(lines.cut);
  message.set_shortest(lines.shortest);
  message.set_median(lines.median);
  message.set_longest(lines.longest);
  message.set_held_out(lines.held_out);
  return message;
}

}  // namespace

executor::v1::JobSpec EncodeJobSpec(const JobSpec& spec) {
  executor::v1::JobSpec message;
  const auto& task = spec.task.As<LanguageModelOptions>();
  *message.mutable_language_model() = EncodeLanguageModel(task);
  message.set_batch(spec.batch);
  message.set_length(spec.length);
  message.set_link(spec.link);
  message.set_steps(spec.steps);
  message.set_max_seconds(spec.max_seconds);
  message.set_carry_state(CarriesState(spec));
  *message.mutable_optimizer() = EncodeOptimizer(spec.optimizer);
  message.set_seed(spec.seed);
  if (const auto* total = std::get_if<TotalBytes>(&spec.memory)) {
    message.set_memory_bytes(total->bytes);
  } else {
    message.set_activation_share(std::get<ActivationShare>(spec.memory).share);
  }
  message.set_host_memory_bytes(spec.host_memory);
  message.set_strategy(EncodeStrategy(spec.strategy));
  message.set_device(spec.device);
  message.set_precision(EncodePrecision(spec.precision));
  message.set_threads(spec.threads);
  message.set_save_path(spec.save_path);
  message.set_checkpoint_every(spec.checkpoint_every);
  message.set_evaluate_every(spec.evaluate_every);
  message.set_recalibrate(spec.recalibrate);
  return message;
}

absl::StatusOr<JobSpec> DecodeJobSpec(const executor::v1::JobSpec& message) {
  if (message.task_case() != executor::v1::JobSpec::kLanguageModel) {
    return absl::InvalidArgumentError("task is unset; set language_model");
  }
  RETURN_IF_ERROR(CheckPath("save_path", message.save_path()));
  ASSIGN_OR_RETURN(LanguageModelOptions task, DecodeLanguageModel(message.language_model()));
  JobSpec spec{.task = std::move(task)};
  if (message.has_batch()) spec.batch = message.batch();
  if (message.has_length()) spec.length = message.length();
  if (message.has_link()) spec.link = message.link();
  if (message.has_steps()) spec.steps = message.steps();
  if (message.has_max_seconds()) spec.max_seconds = message.max_seconds();
  if (message.has_carry_state()) spec.carry_state = message.carry_state();
  ASSIGN_OR_RETURN(spec.optimizer, DecodeOptimizer(message.optimizer()));
  if (message.has_seed()) spec.seed = message.seed();
  spec.memory = DecodeMemory(message);
  spec.host_memory = message.host_memory_bytes();
  ASSIGN_OR_RETURN(spec.strategy, DecodeStrategy(message.strategy()));
  if (!message.device().empty()) spec.device = message.device();
  ASSIGN_OR_RETURN(spec.precision, DecodePrecision(message.precision()));
  if (message.has_threads()) spec.threads = message.threads();
  spec.save_path = message.save_path();
  if (message.has_checkpoint_every()) spec.checkpoint_every = message.checkpoint_every();
  spec.evaluate_every = message.evaluate_every();
  spec.recalibrate = message.recalibrate();
  RETURN_IF_ERROR(CheckJobSpec(spec));
  return spec;
}

executor::v1::MemoryLedger EncodeLedger(const Ledger& ledger) {
  executor::v1::MemoryLedger message;
  message.set_weights_bytes(ledger[MemoryKind::kWeights]);
  message.set_gradients_bytes(ledger[MemoryKind::kGradients]);
  message.set_optimizer_bytes(ledger[MemoryKind::kOptimizer]);
  message.set_batch_bytes(ledger[MemoryKind::kBatch]);
  message.set_states_bytes(ledger[MemoryKind::kStates]);
  message.set_tapes_bytes(ledger[MemoryKind::kTapes]);
  message.set_workspace_bytes(ledger[MemoryKind::kWorkspace]);
  message.set_backend_bytes(ledger[MemoryKind::kBackend]);
  message.set_process_bytes(ledger[MemoryKind::kProcess]);
  return message;
}

executor::v1::Metric EncodeMetric(const Metric& metric) {
  executor::v1::Metric message;
  message.set_name(metric.name);
  message.set_value(metric.value);
  message.set_unit(metric.unit);
  return message;
}

executor::v1::Progress EncodeProgress(const StepRecord& record) {
  executor::v1::Progress message;
  message.set_step(record.step);
  message.set_predictions(record.predictions);
  message.set_positions(record.positions);
  message.set_loss(record.loss);
  *message.mutable_metric() = EncodeMetric(record.metric);
  message.set_gradient_norm(record.gradient_norm);
  message.set_learning_rate(record.learning_rate);
  message.set_seconds(record.seconds);
  message.set_measured_peak_bytes(record.measured_peak_bytes);
  message.set_measured_host_peak_bytes(record.measured_host_peak_bytes);
  return message;
}

executor::v1::JobResult EncodeReport(const JobReport& report) {
  executor::v1::JobResult message;
  message.set_steps(report.steps);
  message.set_ended_by_time(report.ended_by_time);
  message.set_planned_peak_bytes(report.planned_peak_bytes);
  message.set_measured_peak_bytes(report.measured_peak_bytes);
  message.set_planned_host_peak_bytes(report.planned_host_peak_bytes);
  message.set_measured_host_peak_bytes(report.measured_host_peak_bytes);
  message.set_resident_peak_bytes(report.resident_peak_bytes);
  message.set_forward_count_per_batch(report.forward_count_per_batch);
  message.set_seconds_per_batch(report.seconds_per_batch);
  message.set_predicted_seconds_per_batch(report.predicted_seconds_per_batch);
  message.set_loss(report.loss);
  if (report.evaluation) *message.mutable_evaluation() = EncodeMetric(*report.evaluation);
  message.set_weights_sha256(report.weights_sha256);
  message.set_predictions_per_second(report.predictions_per_second);
  message.set_padding_share(report.padding_share);
  return message;
}

executor::v1::PlanSummary EncodePlanSummary(const JobPlan& plan, executor::v1::PlanSource source) {
  executor::v1::PlanSummary message;
  message.set_source(source);
  message.set_strategy(EncodeStrategy(plan.plan.strategy));
  *message.mutable_planned() = EncodeLedger(plan.ledger);
  message.set_store_all_bytes(plan.store_all_bytes);
  message.set_link(plan.link);
  message.set_links(plan.links);
  message.set_forward_count(plan.plan.forward_count);
  message.set_predicted_seconds_per_batch(plan.plan.predicted_seconds.value_or(0));
  if (plan.data.sequences) *message.mutable_sequences() = EncodeSequenceSummary(*plan.data.sequences);
  message.set_plans(plan.plans);
  message.set_host_bytes(plan.host_bytes);
  return message;
}

}  // namespace recurve
