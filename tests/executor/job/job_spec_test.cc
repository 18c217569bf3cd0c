// SPDX-License-Identifier: Apache-2.0
#include "executor/job/job_spec.h"

#include <cmath>
#include <functional>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/executor/task/language_model/language_model_of.h"

namespace recurve {
namespace {

using testing::HasSubstr;

JobSpec Good() { return {.task = LanguageModelOptions({.data_path = "text"})}; }

TEST(CheckJobSpec, TakesDefaultsAndEdges) {
  EXPECT_TRUE(CheckJobSpec(Good()).ok());
  JobSpec spec = Good();
  LanguageModelOf(spec).LanguageModelSpec::holdout = 0;
  spec.length = kMaxChainLength;
  spec.link = kMaxChainLength;
  spec.memory = TotalBytes{1};
  spec.strategy = Strategy::kHsm;
  spec.optimizer.clip_norm = 0;
  EXPECT_TRUE(CheckJobSpec(spec).ok());
}

TEST(CheckJobSpec, NamesTheFieldItsValueAndItsRange) {
  const auto expect = [](const std::function<void(JobSpec&)>& spoil, const std::string& message) {
    JobSpec spec = Good();
    spoil(spec);
    const absl::Status status = CheckJobSpec(spec);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(status.message(), HasSubstr(message));
  };
  expect([](JobSpec& s) { LanguageModelOf(s).data_path = ""; }, "data_path is empty");
  expect([](JobSpec& s) { LanguageModelOf(s).LanguageModelSpec::holdout = 0.6; },
         "holdout is 60%; must be at least 0% and at most 50%");
  expect([](JobSpec& s) { s.max_seconds = -1; }, "max_seconds is -1; must be at least 0 and at most 1e+09");
  expect([](JobSpec& s) { LanguageModelOf(s).LanguageModelSpec::holdout = NAN; }, "holdout is nan");
  expect([](JobSpec& s) { LanguageModelOf(s).model.layers = 0; }, "layers is 0; must be 1 to 64");
  expect([](JobSpec& s) { LanguageModelOf(s).model.layers = 65; }, "layers is 65");
  expect([](JobSpec& s) { LanguageModelOf(s).model.hidden = 0; }, "hidden is 0");
  expect([](JobSpec& s) { LanguageModelOf(s).model.hidden = 16385; }, "hidden is 16385; must be 1 to 16384");
  expect([](JobSpec& s) { LanguageModelOf(s).model.embedding = -1; }, "embedding is -1");
  expect([](JobSpec& s) { LanguageModelOf(s).model.dropout = 1.0; },
         "dropout is 100%; must be at least 0% and below 100%");
  expect([](JobSpec& s) { LanguageModelOf(s).model.recurrent_dropout = 1.0; },
         "recurrent_dropout is 100%; must be at least 0% and below 100%");
  expect([](JobSpec& s) { s.device = "tpu"; }, "device is \"tpu\"; must be cpu, cuda, or cuda:N");
  expect([](JobSpec& s) { s.device = "cuda:-1"; }, "device is \"cuda:-1\"");
  expect([](JobSpec& s) { s.precision = Precision::kTf32; }, "precision is tf32; must be fp32 on the CPU");
  expect([](JobSpec& s) { s.batch = 0; }, "batch is 0");
  expect([](JobSpec& s) { s.length = 0; }, "length is 0");
  expect([](JobSpec& s) { s.length = kMaxChainLength + 1; }, "length is 10000001");
  expect([](JobSpec& s) { s.link = -1; }, "link is -1");
  expect([](JobSpec& s) { s.steps = 0; }, "steps is 0");
  expect([](JobSpec& s) { s.optimizer.learning_rate = 0; }, "learning_rate is 0; must be above 0 and at most 1000");
  expect([](JobSpec& s) { s.optimizer.learning_rate = 1e30; }, "learning_rate is 1e+30");
  expect([](JobSpec& s) { s.optimizer.warmup_steps = -1; }, "warmup_steps is -1");
  expect([](JobSpec& s) { s.optimizer.momentum = 1; }, "momentum is 1");
  expect([](JobSpec& s) { s.optimizer.beta1 = -0.1; }, "beta1 is -0.1");
  expect([](JobSpec& s) { s.optimizer.beta2 = 1; }, "beta2 is 1");
  expect([](JobSpec& s) { s.optimizer.weight_decay = -1; }, "weight_decay is -1");
  expect([](JobSpec& s) { s.optimizer.weight_decay = INFINITY; }, "weight_decay is inf");
  expect([](JobSpec& s) { s.optimizer.clip_norm = -1; }, "clip_norm is -1");
  expect([](JobSpec& s) { s.memory = TotalBytes{0}; }, "memory_bytes is 0; must be 1 to");
  expect([](JobSpec& s) { s.memory = TotalBytes{-5}; }, "memory_bytes is -5");
  expect([](JobSpec& s) { s.memory = TotalBytes{kMaxBytes + 1}; }, "memory_bytes is 1125899906842625");
  expect([](JobSpec& s) { s.memory = ActivationShare{0}; },
         "activation_share is 0%; must be above 0% and at most 100%");
  expect([](JobSpec& s) { s.memory = ActivationShare{1.01}; }, "activation_share is 101%");
  expect([](JobSpec& s) { s.strategy = Strategy::kMsm; }, "strategy is msm");
  expect([](JobSpec& s) { s.threads = -1; }, "threads is -1");
  expect([](JobSpec& s) { s.checkpoint_every.steps = -1; }, "checkpoint_every is -1");
  expect([](JobSpec& s) { s.evaluate_every = -1; }, "evaluate_every is -1");
  expect([](JobSpec& s) { s.evaluate_every = 1, LanguageModelOf(s).LanguageModelSpec::holdout = 0; },
         "evaluate_every is 1; must be 0 with a holdout of 0");
  expect([](JobSpec& s) { s.save_path = LanguageModelOf(s).data_path; }, "must not be the data_path");
}

}  // namespace
}  // namespace recurve
