// SPDX-License-Identifier: Apache-2.0
#include "executor/codec/job_codec.h"

#include <gmock/gmock.h>
#include <google/protobuf/message.h>
#include <gtest/gtest.h>

#include <functional>
#include <initializer_list>
#include <limits>
#include <string>
#include <variant>
#include <vector>

#include "tests/executor/task/language_model/language_model_of.h"
#include "tests/planner_service/codec/described_message.h"

namespace recurve {
namespace {

using testing::HasSubstr;

executor::v1::JobSpec Minimal() {
  executor::v1::JobSpec message;
  message.mutable_language_model()->set_data_path("/data/text");
  return message;
}

// A specification in which every field differs from its default, but for the strategy: host memory leaves it no choice.
JobSpec Unusual() {
  JobSpec spec;
  spec.task = LanguageModelOptions({.data_path = "/data/text",
                                    .holdout = 0.25,
                                    .sequences = Sequences::kLines,
                                    .model = {.cell = Cell::kSlstm,
                                              .layers = 3,
                                              .hidden = 48,
                                              .embedding = 24,
                                              .residual = true,
                                              .layer_norm = true,
                                              .dropout = 0.125,
                                              .recurrent_dropout = 0.375}});
  spec.batch = 5;
  spec.length = 77;
  spec.link = 7;
  spec.steps = 9;
  spec.max_seconds = 2.5;
  spec.carry_state = false;
  spec.optimizer = {.kind = OptimizerKind::kSgd,
                    .learning_rate = 0.5,
                    .shape = LearningRateShape::kConstant,
                    .warmup_steps = 3,
                    .momentum = 0.25,
                    .beta1 = 0.5,
                    .beta2 = 0.75,
                    .weight_decay = 0.0625,
                    .clip_norm = 2};
  spec.seed = std::numeric_limits<uint64_t>::max();
  spec.memory = TotalBytes{123456789};
  spec.host_memory = 5 << 20;
  spec.device = "cuda:3";
  spec.precision = Precision::kBf16;
  spec.threads = 2;
  spec.save_path = "/models/a.safetensors";
  spec.checkpoint_every = {.steps = 4, .seconds = 30};
  spec.keep_checkpoints = 3;
  spec.evaluate_every = 5;
  spec.keep_best = true;
  spec.patience = 6;
  spec.recalibrate = true;
  return spec;
}

TEST(JobCodecTest, CarriesStrategies) {
  JobSpec spec = Unusual();
  spec.host_memory = 0;
  for (const Strategy strategy : {Strategy::kAuto, Strategy::kStoreAll, Strategy::kChen, Strategy::kHsm}) {
    spec.strategy = strategy;
    const absl::StatusOr<JobSpec> decoded = DecodeJobSpec(EncodeJobSpec(spec));
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_EQ(decoded->strategy, strategy);
  }
}

TEST(JobCodecTest, TellsOfTheHost) {
  const StepRecord step{.measured_host_peak_bytes = 3};
  EXPECT_EQ(EncodeProgress(step).measured_host_peak_bytes(), 3);
  EXPECT_TRUE(EncodeReport({.ended_by_time = true}).ended_by_time());
  const JobReport report{.planned_host_peak_bytes = 4, .measured_host_peak_bytes = 5, .resident_peak_bytes = 6};
  EXPECT_EQ(EncodeReport(report).planned_host_peak_bytes(), 4);
  EXPECT_EQ(EncodeReport(report).measured_host_peak_bytes(), 5);
  EXPECT_EQ(EncodeReport(report).resident_peak_bytes(), 6);
  const JobPlan plan{.host_bytes = 6};
  EXPECT_EQ(EncodePlanSummary(plan, executor::v1::PLAN_SOURCE_REMOTE).host_bytes(), 6);
}

TEST(JobCodecTest, UnsetFieldsAreTheDefaultsOfTheProto) {
  const absl::StatusOr<JobSpec> spec = DecodeJobSpec(Minimal());
  ASSERT_TRUE(spec.ok()) << spec.status();
  const LanguageModelSpec& task = LanguageModelOf(*spec);
  EXPECT_EQ(task.holdout, 0.05);
  EXPECT_EQ(task.model.cell, Cell::kLstm);
  EXPECT_EQ(task.model.layers, 1);
  EXPECT_EQ(task.model.hidden, 256);
  EXPECT_EQ(task.model.embedding, 0);
  EXPECT_EQ(task.model.dropout, 0);
  EXPECT_EQ(spec->batch, 16);
  EXPECT_EQ(spec->length, 1000);
  EXPECT_EQ(spec->link, 0);
  EXPECT_EQ(spec->steps, 100);
  EXPECT_EQ(task.sequences, Sequences::kWindows);
  EXPECT_TRUE(CarriesState(*spec));
  EXPECT_EQ(spec->optimizer.kind, OptimizerKind::kAdamW);
  EXPECT_EQ(spec->optimizer.learning_rate, 0.004);
  EXPECT_EQ(spec->optimizer.shape, LearningRateShape::kCosine);
  EXPECT_EQ(spec->optimizer.warmup_steps, 20);
  EXPECT_EQ(spec->optimizer.momentum, 0.9);
  EXPECT_EQ(spec->optimizer.beta1, 0.9);
  EXPECT_EQ(spec->optimizer.beta2, 0.99);
  EXPECT_EQ(spec->optimizer.weight_decay, 0);
  EXPECT_EQ(spec->optimizer.clip_norm, 1);
  EXPECT_EQ(spec->seed, 1u);
  ASSERT_TRUE(std::holds_alternative<ActivationShare>(spec->memory));
  EXPECT_EQ(std::get<ActivationShare>(spec->memory).share, 1);
  EXPECT_EQ(spec->strategy, Strategy::kAuto);
  EXPECT_FALSE(task.model.residual);
  EXPECT_FALSE(task.model.layer_norm);
  EXPECT_EQ(task.model.recurrent_dropout, 0);
  EXPECT_EQ(spec->device, "cpu");
  EXPECT_EQ(spec->precision, Precision::kFp32);
  EXPECT_EQ(spec->threads, 0);
  EXPECT_EQ(spec->save_path, "");
  EXPECT_EQ(spec->checkpoint_every.steps, 0);
  EXPECT_EQ(spec->evaluate_every, 0);
}

// Fields whose default is not 0 are `optional`: a client that reads one of an answer must not find 0 for "unset".
void ExpectNothingUnset(const google::protobuf::Message& message) {
  const auto* descriptor = message.GetDescriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const auto* field = descriptor->field(i);
    if (field->has_optional_keyword()) {
      EXPECT_TRUE(message.GetReflection()->HasField(message, field)) << field->full_name();
    }
    if (field->enum_type() != nullptr) {
      EXPECT_NE(message.GetReflection()->GetEnumValue(message, field), 0) << field->full_name() << " is unspecified";
    }
  }
}

TEST(JobCodecTest, AnswersHaveEveryDefaultFilledIn) {
  const absl::StatusOr<JobSpec> spec = DecodeJobSpec(Minimal());
  ASSERT_TRUE(spec.ok()) << spec.status();
  const executor::v1::JobSpec answer = EncodeJobSpec(*spec);
  ExpectNothingUnset(answer);
  ASSERT_TRUE(answer.has_optimizer());
  ExpectNothingUnset(answer.optimizer());
  ASSERT_TRUE(answer.has_language_model());
  ExpectNothingUnset(answer.language_model());
  ExpectNothingUnset(answer.language_model().model());
  EXPECT_EQ(answer.memory_case(), executor::v1::JobSpec::kActivationShare);
  EXPECT_EQ(answer.steps(), 100);
  EXPECT_TRUE(answer.carry_state());
  EXPECT_EQ(answer.device(), "cpu");
  // And mean the same when they are sent back.
  EXPECT_EQ(EncodeJobSpec(*DecodeJobSpec(answer)).SerializeAsString(), answer.SerializeAsString());
  executor::v1::JobSpec lines = Minimal();
  lines.mutable_language_model()->set_sequences(executor::v1::SEQUENCES_LINES);
  EXPECT_FALSE(EncodeJobSpec(*DecodeJobSpec(lines)).carry_state());
}

TEST(JobCodecTest, EveryFieldSurvivesTheWire) {
  const executor::v1::JobSpec message = EncodeJobSpec(Unusual());
  executor::v1::JobSpec received;
  ASSERT_TRUE(received.ParseFromString(message.SerializeAsString()));
  const absl::StatusOr<JobSpec> spec = DecodeJobSpec(received);
  ASSERT_TRUE(spec.ok()) << spec.status();
  EXPECT_EQ(spec->carry_state, false);
  EXPECT_EQ(std::get<TotalBytes>(spec->memory).bytes, 123456789);
  EXPECT_EQ(spec->optimizer.kind, OptimizerKind::kSgd);
  EXPECT_EQ(spec->seed, std::numeric_limits<uint64_t>::max());
  // What was decoded encodes to what was sent, field by field.
  EXPECT_EQ(EncodeJobSpec(*spec).SerializeAsString(), message.SerializeAsString());
  // And no field of the message was left out.
  for (const google::protobuf::Message* each :
       std::initializer_list<const google::protobuf::Message*>{&message, &message.language_model()}) {
    const auto* descriptor = each->GetDescriptor();
    for (int i = 0; i < descriptor->field_count(); ++i) {
      if (descriptor->field(i)->name() == "activation_share" || descriptor->field(i)->name() == "all_free") {
        continue;  // the other arms of `memory`
      }
      EXPECT_TRUE(each->GetReflection()->HasField(*each, descriptor->field(i))) << descriptor->field(i)->name();
    }
  }
}

TEST(JobCodecTest, ZeroIsNotUnset) {
  executor::v1::JobSpec message = Minimal();
  message.mutable_language_model()->set_holdout(0);
  message.set_carry_state(false);
  message.set_seed(0);
  message.mutable_optimizer()->set_clip_norm(0);
  message.mutable_optimizer()->set_warmup_steps(0);
  message.mutable_optimizer()->set_beta1(0);
  message.set_activation_share(0.5);
  const absl::StatusOr<JobSpec> spec = DecodeJobSpec(message);
  ASSERT_TRUE(spec.ok()) << spec.status();
  EXPECT_EQ(LanguageModelOf(*spec).LanguageModelSpec::holdout, 0);
  EXPECT_FALSE(CarriesState(*spec));
  EXPECT_EQ(spec->seed, 0u);
  EXPECT_EQ(spec->optimizer.clip_norm, 0);
  EXPECT_EQ(spec->optimizer.warmup_steps, 0);
  EXPECT_EQ(spec->optimizer.beta1, 0);
  EXPECT_EQ(std::get<ActivationShare>(spec->memory).share, 0.5);
}

struct BadField {
  const char* field;
  std::function<void(executor::v1::JobSpec&)> spoil;
};

TEST(JobCodecTest, FieldsOutOfRangeAreNamed) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  using Spec = executor::v1::JobSpec;
  const std::vector<BadField> bad = {
      {"task", [](Spec& spec) { spec.clear_task(); }},
      {"data_path", [](Spec& spec) { spec.mutable_language_model()->clear_data_path(); }},
      {"data_path", [](Spec& spec) { spec.mutable_language_model()->set_data_path(std::string(4096, 'a')); }},
      {"data_path", [](Spec& spec) { spec.mutable_language_model()->set_data_path(std::string("a\0b", 3)); }},
      {"save_path", [](Spec& spec) { spec.set_save_path(std::string(4096, 'a')); }},
      {"holdout", [](Spec& spec) { spec.mutable_language_model()->set_holdout(0.51); }},
      {"holdout", [&](Spec& spec) { spec.mutable_language_model()->set_holdout(nan); }},
      {"layers", [](Spec& spec) { spec.mutable_language_model()->mutable_model()->set_layers(0); }},
      {"layers", [](Spec& spec) { spec.mutable_language_model()->mutable_model()->set_layers(65); }},
      {"hidden", [](Spec& spec) { spec.mutable_language_model()->mutable_model()->set_hidden(16385); }},
      {"embedding", [](Spec& spec) { spec.mutable_language_model()->mutable_model()->set_embedding(-1); }},
      {"dropout", [](Spec& spec) { spec.mutable_language_model()->mutable_model()->set_dropout(1); }},
      {"batch", [](Spec& spec) { spec.set_batch(0); }},
      {"length", [](Spec& spec) { spec.set_length(10'000'001); }},
      {"link", [](Spec& spec) { spec.set_link(-1); }},
      {"steps", [](Spec& spec) { spec.set_steps(1'000'000'001); }},
      {"optimizer.kind", [](Spec& spec) { spec.mutable_optimizer()->set_kind(model::v1::Optimizer(9)); }},
      {"optimizer.shape", [](Spec& spec) { spec.mutable_optimizer()->set_shape(model::v1::LearningRateShape(9)); }},
      {"learning_rate", [](Spec& spec) { spec.mutable_optimizer()->set_learning_rate(0); }},
      {"learning_rate", [&](Spec& spec) { spec.mutable_optimizer()->set_learning_rate(infinity); }},
      {"warmup_steps", [](Spec& spec) { spec.mutable_optimizer()->set_warmup_steps(-1); }},
      {"momentum", [](Spec& spec) { spec.mutable_optimizer()->set_momentum(1); }},
      {"beta1", [](Spec& spec) { spec.mutable_optimizer()->set_beta1(-0.1); }},
      {"beta2", [](Spec& spec) { spec.mutable_optimizer()->set_beta2(1); }},
      {"weight_decay", [&](Spec& spec) { spec.mutable_optimizer()->set_weight_decay(nan); }},
      {"clip_norm", [](Spec& spec) { spec.mutable_optimizer()->set_clip_norm(-1); }},
      {"memory", [](Spec& spec) { spec.set_memory_bytes(0); }},
      {"memory", [](Spec& spec) { spec.set_memory_bytes(-5); }},
      {"share", [](Spec& spec) { spec.set_activation_share(0); }},
      {"share", [](Spec& spec) { spec.set_activation_share(1.01); }},
      {"strategy", [](Spec& spec) { spec.set_strategy(planner::v1::STRATEGY_ISM); }},
      {"strategy", [](Spec& spec) { spec.set_strategy(planner::v1::Strategy(77)); }},
      {"threads", [](Spec& spec) { spec.set_threads(-1); }},
      {"checkpoint_every", [](Spec& spec) { spec.set_checkpoint_every(-1); }},
      {"host_memory", [](Spec& spec) { spec.set_host_memory_bytes(-1); }},
  };
  for (const BadField& field : bad) {
    executor::v1::JobSpec message = Minimal();
    field.spoil(message);
    const absl::StatusOr<JobSpec> spec = DecodeJobSpec(message);
    EXPECT_EQ(spec.status().code(), absl::StatusCode::kInvalidArgument) << field.field;
    EXPECT_THAT(std::string(spec.status().message()), HasSubstr(field.field));
  }
}

TEST(JobCodecTest, DescriptionsFitTheirMessages) {
  ExpectDescribes<JobSpec>(*executor::v1::JobSpec::descriptor());
  ExpectDescribes<StepRecord>(*executor::v1::Progress::descriptor(), {}, /*always_set=*/true);
  ExpectDescribes<JobReport>(*executor::v1::JobResult::descriptor(), {}, /*always_set=*/true);
  ExpectDescribes<JobPlan>(*executor::v1::PlanSummary::descriptor(), {"source"}, /*always_set=*/true);
}

TEST(JobCodecTest, LedgerKeepsEveryKindInItsPlace) {
  JobPlan plan;
  for (int kind = 0; kind < kMemoryKinds; ++kind) plan.ledger.bytes[kind] = int64_t{1} << (40 + kind);
  const executor::v1::PlanSummary summary = EncodePlanSummary(plan, executor::v1::PLAN_SOURCE_REMOTE);
  EXPECT_EQ(summary.ledger().weights_bytes(), plan.ledger[MemoryKind::kWeights]);
  EXPECT_EQ(summary.ledger().process_bytes(), plan.ledger[MemoryKind::kProcess]);
  EXPECT_EQ(summary.planned_peak_bytes(), plan.ledger.total());
  EXPECT_EQ(DecodePlanSummary(summary).ledger, plan.ledger);
}

TEST(JobCodecTest, ProgressAndReport) {
  const StepRecord step{.step = 3, .loss = 1.5, .metric = {"bits_per_byte", 2.25, "bits per byte"}, .seconds = 4.5};
  const executor::v1::Progress progress = EncodeProgress(step);
  EXPECT_EQ(progress.step(), 3);
  EXPECT_EQ(progress.metric().value(), 2.25);
  EXPECT_EQ(DecodeProgress(progress).loss, 1.5);
  EXPECT_EQ(DecodeProgress(progress).metric.unit, "bits per byte");

  JobReport report{.steps = 1, .measured_peak_bytes = 3, .weights_sha256 = "ab"};
  EXPECT_FALSE(EncodeReport(report).has_evaluation());
  EXPECT_FALSE(DecodeReport(EncodeReport(report)).evaluation.has_value());
  report.evaluation = Metric{.value = 2};
  EXPECT_EQ(DecodeReport(EncodeReport(report)).evaluation->value, 2);
  EXPECT_EQ(EncodeReport(report).measured_peak_bytes(), 3);
  EXPECT_EQ(EncodeReport(report).weights_sha256(), "ab");
}

// What is not finite can be told, too.
TEST(JobCodecTest, ReadsAnswersWithoutChecks) {
  executor::v1::Progress progress;
  progress.set_loss(std::numeric_limits<double>::infinity());
  progress.set_step(-1);
  EXPECT_EQ(DecodeProgress(progress).loss, std::numeric_limits<double>::infinity());
  EXPECT_EQ(DecodeProgress(progress).step, -1);
  executor::v1::PlanSummary plan;
  plan.set_strategy(planner::v1::Strategy(77));
  EXPECT_EQ(DecodePlanSummary(plan).plan.strategy, Strategy::kAuto);
}

TEST(JobCodecTest, PlanSummary) {
  JobPlan plan;
  plan.ledger[MemoryKind::kStates] = 5;
  plan.store_all_bytes = 6;
  plan.link = 7;
  plan.links = 8;
  plan.plan.strategy = Strategy::kHsm;
  plan.plan.forward_count = 12;
  plan.plan.predicted_seconds = 0.5;
  plan.data.sequences = SequenceSummary{.count = 4};
  const executor::v1::PlanSummary summary = EncodePlanSummary(plan, executor::v1::PLAN_SOURCE_REMOTE);
  EXPECT_EQ(summary.source(), executor::v1::PLAN_SOURCE_REMOTE);
  EXPECT_EQ(summary.strategy(), planner::v1::STRATEGY_HSM);
  EXPECT_EQ(summary.ledger().states_bytes(), 5);
  EXPECT_EQ(summary.store_all_activation_bytes(), 6);
  EXPECT_EQ(summary.forward_count_per_batch(), 12);
  EXPECT_EQ(summary.recompute_ratio(), 1.5);
  EXPECT_EQ(summary.predicted_seconds_per_batch(), 0.5);
  EXPECT_EQ(summary.data().sequences().count(), 4);
  EXPECT_EQ(DecodePlanSummary(summary).links, 8);
}

}  // namespace
}  // namespace recurve
