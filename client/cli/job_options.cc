// SPDX-License-Identifier: Apache-2.0
#include "client/cli/job_options.h"

#include <map>
#include <string>

#include "client/cli/model_options.h"
#include "client/cli/option_values.h"
#include "executor/task/language_model/language_model_options.h"

namespace recurve {
namespace {

// What most command lines have, first in the help as in the README.
void AddEverydayOptions(const Section& section, JobSpec& spec) {
  auto& task = spec.task.As<LanguageModelOptions>();
  AddText(section, "--data", task.data_path, "file of bytes to learn from; required", "FILE");
  AddCount(section, "--length", spec.length,
           "steps of a sequence that gradients flow through; longer lines are cut to that many");
  AddMemory(section, "--memory", spec.memory,
            "bytes such as 64MiB for everything the job holds, or a share such as 5% of the activation memory (states, "
            "tapes, workspace) that keeping every tape needs");
}

void AddEndOptions(const Section& section, JobSpec& spec) {
  AddCount(section, "--steps", spec.steps, "optimiser steps");
  AddSeconds(section, "--max-time", spec.max_seconds,
             "end training after the step in which this time is over, such as 90s or 5m; 0s: no limit. The learning "
             "rate follows --steps all the same");
  AddText(section, "--save", spec.save_path, "model file to write (safetensors); not saved without", "FILE");
}

void AddJobModelOptions(const Section& section, JobSpec& spec) {
  auto& task = spec.task.As<LanguageModelOptions>();
  AddCell(section, task.model.cell);
  AddCount(section, "--layers", task.model.layers, "recurrent layers, 1 to 64");
  AddCount(section, "--hidden", task.model.hidden, "hidden size of a layer, 1 to 16384");
  AddCount(section, "--embedding", task.model.embedding, "size of the byte embedding; 0: as --hidden");
  AddResidual(section, task.model.residual);
  AddLayerNorm(section, task.model.layer_norm);
  AddShare(section, "--dropout", task.model.dropout, "between layers and before the output layer, 0 to below 1");
  AddRecurrentDropout(section, task.model.recurrent_dropout);
}

void AddDataOptions(const Section& section, JobSpec& spec) {
  auto& task = spec.task.As<LanguageModelOptions>();
  AddChoice(section, "--sequences", task.sequences,
            std::map<std::string, Sequences>{{"windows", Sequences::kWindows}, {"lines", Sequences::kLines}},
            "what a sequence is: a part of the text, which is read on and on, or each line by itself");
  AddCount(section, "--batch", spec.batch, "sequences in a batch, 1 to 65536");
  AddShare(section, "--holdout", task.LanguageModelSpec::holdout,
           "last part of the data, kept for evaluation; 0: none");
  AddResetState(section, spec.carry_state);
  AddSeed(section, spec.seed);
}

void AddOptimizerOptions(const Section& section, OptimizerSpec& spec) {
  AddChoice(section, "--optimizer", spec.kind,
            std::map<std::string, OptimizerKind>{{"adamw", OptimizerKind::kAdamW}, {"sgd", OptimizerKind::kSgd}},
            "what turns gradients into steps");
  AddReal(section, "--learning-rate", spec.learning_rate, "after warm-up");
  AddChoice(section, "--learning-rate-schedule", spec.shape,
            std::map<std::string, LearningRateShape>{{"cosine", LearningRateShape::kCosine},
                                                     {"constant", LearningRateShape::kConstant}},
            "what the rate does after warm-up");
  AddCount(section, "--warmup", spec.warmup_steps, "steps of linear warm-up from 0");
  AddReal(section, "--momentum", spec.momentum, "of sgd");
  AddReal(section, "--beta1", spec.beta1, "of adamw");
  AddReal(section, "--beta2", spec.beta2, "of adamw");
  AddReal(section, "--weight-decay", spec.weight_decay, "at least 0");
  AddReal(section, "--clip-norm", spec.clip_norm, "largest norm of the gradient; 0: not clipped");
}

void AddPlanOptions(const Section& section, JobSpec& spec) {
  AddBytes(
      section, "--host-memory", spec.host_memory,
      "bytes such as 2GiB of host memory to store states in besides, with --strategy auto; 0: none. On the CPU both "
      "are the same memory, so that it works as on a GPU but saves nothing");
  AddStrategy(section, "--strategy", spec.strategy, "auto, store-all, chen or hsm");
  AddCount(section, "--link", spec.link, "steps in a link, the unit of planning; 0: those of least predicted time");
  AddFlag(section, "--recalibrate", spec.recalibrate,
          "measure what links cost even though it is known from an earlier job");
}

void AddDeviceOptions(const Section& section, JobSpec& spec) {
  AddText(section, "--device", spec.device, "cpu, cuda, or cuda:N for the GPU of that number", "DEVICE");
  AddChoice(section, "--precision", spec.precision,
            std::map<std::string, Precision>{
                {"fp32", Precision::kFp32}, {"tf32", Precision::kTf32}, {"bf16", Precision::kBf16}},
            "of matrix products; tf32 and bf16 on CUDA devices only");
  AddThreads(section, spec.threads);
}

void AddDetailOptions(CLI::App& app, JobSpec& spec) {
  AddJobModelOptions({app, "Model (byte embedding, stacked recurrent layers, output layer)"}, spec);
  AddDataOptions({app, "Data"}, spec);
  AddPlanOptions({app, "Plan"}, spec);
  AddDeviceOptions({app, "Device"}, spec);
  AddOptimizerOptions({app, "Optimiser"}, spec.optimizer);
}

}  // namespace

void AddJobOptions(CLI::App& app, JobSpec& spec) {
  AddEverydayOptions(app, spec);
  AddEndOptions(app, spec);
  AddDetailOptions(app, spec);
  AddCount({app, "Saving"}, "--checkpoint-every", spec.checkpoint_every, "steps between saves; 0: at the end only");
  AddCount({app, "Saving"}, "--evaluate-every", spec.evaluate_every,
           "steps between evaluations of the held-out part; 0: at the end only");
}

void AddMeasuredJobOptions(CLI::App& app, JobSpec& spec) {
  AddEverydayOptions(app, spec);
  AddDetailOptions(app, spec);
}

}  // namespace recurve
