// SPDX-License-Identifier: Apache-2.0
#include "client/cli/job_options.h"

#include <map>
#include <string>

#include "client/cli/model_options.h"
#include "client/cli/option_values.h"

namespace recurve {
namespace {

void AddModelOptions(CLI::App& app, JobSpec& spec) {
  const std::string group = "Model (byte embedding, stacked recurrent layers, output layer)";
  AddCell(app, spec.cell)->group(group);
  AddCount(app, "--layers", spec.layers, "recurrent layers, 1 to 64")->group(group);
  AddCount(app, "--hidden", spec.hidden, "hidden size of a layer, 1 to 16384")->group(group);
  AddCount(app, "--embedding", spec.embedding, "size of the byte embedding; 0: as --hidden")->group(group);
  AddResidual(app, spec.residual)->group(group);
  AddLayerNorm(app, spec.layer_norm)->group(group);
  AddShare(app, "--dropout", spec.dropout, "between layers and before the output layer, 0 to below 1")->group(group);
  AddRecurrentDropout(app, spec.recurrent_dropout)->group(group);
}

void AddTrainingOptions(CLI::App& app, JobSpec& spec) {
  const std::string group = "Training";
  AddCount(app, "--steps", spec.steps, "optimiser steps")->group(group);
  AddCount(app, "--batch", spec.batch, "sequences in a batch, 1 to 65536")->group(group);
  AddChoice(app, "--sequences", spec.sequences,
            std::map<std::string, Sequences>{{"windows", Sequences::kWindows}, {"lines", Sequences::kLines}},
            "what a sequence is: a part of the text, which is read on and on, or each line by itself")
      ->group(group);
  AddCount(app, "--length", spec.length,
           "steps of a sequence that gradients flow through; longer lines are cut to that many")
      ->group(group);
  app.add_flag_function(
         "--carry-state,!--reset-state", [&spec](int64_t count) { spec.carry_state = count > 0; },
         "start each window from the last state of the one before (default), or from zeros")
      ->group(group);
  AddSeed(app, spec.seed)->group(group);
  AddText(app, "--device", spec.device, "cpu, cuda, or cuda:N for the GPU of that number", "DEVICE")->group(group);
  AddChoice(app, "--precision", spec.precision,
            std::map<std::string, Precision>{
                {"fp32", Precision::kFp32}, {"tf32", Precision::kTf32}, {"bf16", Precision::kBf16}},
            "of matrix products; tf32 and bf16 on CUDA devices only")
      ->group(group);
  AddThreads(app, spec.threads)->group(group);
}

void AddOptimizerOptions(CLI::App& app, OptimizerSpec& spec) {
  const std::string group = "Optimiser";
  AddChoice(app, "--optimizer", spec.kind,
            std::map<std::string, OptimizerKind>{{"adamw", OptimizerKind::kAdamW}, {"sgd", OptimizerKind::kSgd}},
            "which one")
      ->group(group);
  AddReal(app, "--learning-rate", spec.learning_rate, "after warm-up")->group(group);
  AddChoice(app, "--schedule", spec.shape,
            std::map<std::string, LearningRateShape>{{"cosine", LearningRateShape::kCosine},
                                                     {"constant", LearningRateShape::kConstant}},
            "of the learning rate")
      ->group(group);
  AddCount(app, "--warmup", spec.warmup_steps, "steps of linear warm-up from 0")->group(group);
  AddReal(app, "--momentum", spec.momentum, "sgd")->group(group);
  AddReal(app, "--beta1", spec.beta1, "adamw")->group(group);
  AddReal(app, "--beta2", spec.beta2, "adamw")->group(group);
  AddReal(app, "--weight-decay", spec.weight_decay, "at least 0")->group(group);
  AddReal(app, "--clip-norm", spec.clip_norm, "largest norm of the gradient; 0: not clipped")->group(group);
}

void AddMemoryOptions(CLI::App& app, JobSpec& spec) {
  const std::string group = "Memory";
  AddMemory(app, "--memory", spec.memory,
            "bytes such as 64MiB for everything the job holds, or a share such as 5% of the activation memory (states, "
            "tapes, workspace) that keeping every tape needs")
      ->group(group);
  AddBytes(
      app, "--host-memory", spec.host_memory,
      "bytes such as 2GiB of host memory to store states in besides, with --strategy auto; 0: none. On the CPU both "
      "are the same memory, so that it works as on a GPU but saves nothing")
      ->group(group);
  AddStrategy(app, "--strategy", spec.strategy, "auto, store-all, chen or hsm")->group(group);
  AddCount(app, "--link", spec.link, "steps in a link, the unit of planning; 0: those of least predicted time")
      ->group(group);
  app.add_flag("--recalibrate", spec.recalibrate, "measure what links cost even though it is known from an earlier job")
      ->group(group);
}

}  // namespace

void AddJobOptions(CLI::App& app, JobSpec& spec) {
  AddText(app, "--data", spec.data_path, "file of bytes to learn from; required", "FILE");
  AddShare(app, "--holdout", spec.holdout, "last part of it, kept for evaluation; 0: none");
  AddText(app, "--save", spec.save_path, "model file to write (safetensors); not saved without", "FILE");
  AddCount(app, "--checkpoint-every", spec.checkpoint_every, "steps between saves; 0: at the end only");
  AddCount(app, "--evaluate-every", spec.evaluate_every,
           "steps between evaluations of the held-out part; 0: at the end only");
  AddModelOptions(app, spec);
  AddTrainingOptions(app, spec);
  AddMemoryOptions(app, spec);
  AddOptimizerOptions(app, spec.optimizer);
}

}  // namespace recurve
