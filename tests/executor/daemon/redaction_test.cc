// SPDX-License-Identifier: Apache-2.0
#include "executor/daemon/redaction.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "recurve/executor/v1/executor.pb.h"

namespace recurve {
namespace {

using executor::v1::Job;
using executor::v1::JobEvent;
using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using testing::HasSubstr;
using testing::Not;

// What only the owner of a job sees. A new field must be here or in redaction.cc, whichever is right for it.
const std::set<std::string>& HiddenFields() {
  static const auto& hidden = *new std::set<std::string>{
      "Job.reason",
      "Job.display_name",
      "Job.labels",
      "Job.model_saved",
      "Job.traceparent",
      "JobSpec.language_model",
      "JobSpec.batch",
      "JobSpec.length",
      "JobSpec.link",
      "JobSpec.max_seconds",
      "JobSpec.carry_state",
      "JobSpec.optimizer",
      "JobSpec.seed",
      "JobSpec.strategy",
      "JobSpec.recalibrate",
      "JobSpec.precision",
      "JobSpec.save_path",
      "JobSpec.checkpoint_every",
      "JobSpec.evaluate_every",
      "JobSpec.checkpoint_seconds",
      "JobSpec.keep_checkpoints",
      "JobSpec.keep_best",
      "JobSpec.patience",
      "PlanSummary.model",
      "PlanSummary.data",
      "PlanSummary.notes",
      "Progress.predictions",
      "Progress.positions",
      "Progress.loss",
      "Progress.metric",
      "Progress.gradient_norm",
      "Progress.learning_rate",
      "Progress.batch_seconds",
      "Progress.predicted_seconds",
      "Progress.prediction_ratio",
      "Progress.plain_forwards",
      "Progress.taped_forwards",
      "JobResult.ended_by_time",
      "JobResult.loss",
      "JobResult.metric",
      "JobResult.evaluation",
      "JobResult.predictions_per_second",
      "JobResult.padding_share",
      "JobResult.weights_sha256",
      "JobResult.ended_by_patience",
      "JobResult.best_step",
      "JobResult.best_metric",
      "JobEvent.evaluation",
      "JobEvent.note",
      "StateChange.reason",
  };
  return hidden;
}

void ExpectEachFieldDecided(const Descriptor& message, std::set<std::string>& seen) {
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor& field = *message.field(i);
    const std::string name = std::string(message.name()) + "." + std::string(field.name());
    const bool hidden = HiddenFields().count(name) > 0;
    EXPECT_NE(IsPublic(field), hidden) << name << " must be either public or hidden";
    if (hidden) seen.insert(name);
    const Descriptor* part = field.message_type();
    if (IsPublic(field) && part != nullptr && part->file()->package() == message.file()->package()) {
      ExpectEachFieldDecided(*part, seen);
    }
  }
}

TEST(RedactionTest, EachFieldOfAJobAndOfAnEventIsEitherPublicOrHidden) {
  std::set<std::string> seen;
  ExpectEachFieldDecided(*Job::descriptor(), seen);
  ExpectEachFieldDecided(*JobEvent::descriptor(), seen);
  EXPECT_EQ(seen, HiddenFields()) << "of these, some fields no longer exist";
}

// Sets every field, texts to "secret".
void FillAll(google::protobuf::Message& message) {
  const auto& reflection = *message.GetReflection();
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor* field = message.GetDescriptor()->field(i);
    if (field->is_map()) continue;
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_MESSAGE:
        if (!field->is_repeated()) FillAll(*reflection.MutableMessage(&message, field));
        break;
      case FieldDescriptor::CPPTYPE_STRING:
        if (field->is_repeated()) {
          reflection.AddString(&message, field, "secret");
        } else {
          reflection.SetString(&message, field, "secret");
        }
        break;
      case FieldDescriptor::CPPTYPE_DOUBLE:
        reflection.SetDouble(&message, field, 0.5);
        break;
      case FieldDescriptor::CPPTYPE_INT64:
        reflection.SetInt64(&message, field, 7);
        break;
      default:
        break;
    }
  }
}

TEST(RedactionTest, NoTextButIdOwnerAndDevicesIsLeft) {
  Job job;
  FillAll(job);
  (*job.mutable_labels())["secret"] = "secret";
  job.mutable_spec()->mutable_language_model()->set_data_path("secret");
  job.set_id("id");
  job.set_owner("owner");
  job.mutable_spec()->set_device("cpu");
  job.mutable_plan()->set_device("cpu (avx512)");
  job.set_state(executor::v1::JOB_STATE_RUNNING);
  Redact(job);
  std::string text;
  ASSERT_TRUE(google::protobuf::TextFormat::PrintToString(job, &text));
  EXPECT_THAT(text, Not(HasSubstr("secret")));
  EXPECT_THAT(text, Not(HasSubstr("loss")));
  EXPECT_TRUE(job.redacted());
  EXPECT_EQ(job.id(), "id");
  EXPECT_EQ(job.owner(), "owner");
  EXPECT_EQ(job.state(), executor::v1::JOB_STATE_RUNNING);
  EXPECT_EQ(job.plan().planned_peak_bytes(), 7);
  EXPECT_EQ(job.plan().ledger().weights_bytes(), 7);
  EXPECT_EQ(job.create_time().seconds(), 7);
  EXPECT_EQ(job.progress().step(), 7);
}

TEST(RedactionTest, AFieldOfALaterVersionIsHidden) {
  Job job;
  job.GetReflection()->MutableUnknownFields(&job)->AddLengthDelimited(999, "secret");
  Redact(job);
  EXPECT_THAT(job.SerializeAsString(), Not(HasSubstr("secret")));
}

TEST(RedactionTest, EventsThatSayNothingAreLeftOut) {
  JobEvent note;
  note.set_sequence(3);
  note.set_note("secret");
  EXPECT_FALSE(Redacted(note).has_value());
  JobEvent evaluation;
  evaluation.mutable_evaluation()->set_step(3);
  EXPECT_FALSE(Redacted(evaluation).has_value());
  JobEvent change;
  change.set_sequence(4);
  change.mutable_state_change()->set_state(executor::v1::JOB_STATE_FAILED);
  change.mutable_state_change()->set_reason("cannot open /home/secret");
  const auto redacted = Redacted(change);
  ASSERT_TRUE(redacted.has_value());
  EXPECT_EQ(redacted->sequence(), 4);
  EXPECT_EQ(redacted->state_change().state(), executor::v1::JOB_STATE_FAILED);
  EXPECT_EQ(redacted->state_change().reason(), "");
}

}  // namespace
}  // namespace recurve
