// SPDX-License-Identifier: Apache-2.0
#include "client/cli/job_options.h"

#include <map>
#include <string>

#include "client/cli/option_fields.h"
#include "client/cli/option_values.h"

namespace recurve {
namespace {

// What most command lines have, first in the help as in the README.
void AddEverydayOptions(const Section& section, JobSpec& spec) {
  AddText(section, "--data", spec.data_path, "file of bytes to learn from; required", "FILE");
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
  OptionBinder binder(section);
  binder.Enum({"cell", "recurrent layer"}, kCellNames, spec.cell);
  binder.Count({"layers", "recurrent layers"}, {1, kMaxLayers}, spec.layers);
  binder.Count({"hidden", "hidden size of a layer"}, {1, kMaxWidth}, spec.hidden);
  binder.Count({"embedding", "size of the byte embedding; 0: as --hidden"}, {0, kMaxWidth}, spec.embedding);
  binder.Flag({"residual", "layers above the first add their input to their output"}, spec.residual);
  binder.Flag({"layer_norm", "layer norm before each layer above the first and before the output layer"},
              spec.layer_norm);
  binder.Real({.name = "dropout", .help = "between layers and before the output layer", .notation = Notation::kShare},
              kRate, spec.dropout);
  binder.Real({.name = "recurrent_dropout",
               .help = "of the state in the recurrent product, one mask for the whole sequence",
               .notation = Notation::kShare},
              kRate, spec.recurrent_dropout);
}

void AddDataOptions(const Section& section, JobSpec& spec) {
  AddChoice(section, "--sequences", spec.sequences,
            std::map<std::string, Sequences>{{"windows", Sequences::kWindows}, {"lines", Sequences::kLines}},
            "what a sequence is: a part of the text, which is read on and on, or each line by itself");
  AddCount(section, "--batch", spec.batch, "sequences in a batch, 1 to 65536");
  AddShare(section, "--holdout", spec.holdout, "last part of the data, kept for evaluation; 0: none");
  AddFlag(section, "--reset-state", spec.carry_state,
          "start each batch from a state of zeros, not from the last state of the one before", /*given=*/false);
  AddSeed(section, "--seed", spec.seed, "seed of all that is random");
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
  OptionBinder optimizer({app, "Optimizer"});
  VisitFields(spec.optimizer, optimizer);
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
