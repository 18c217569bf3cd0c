// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "client/cli/commands.h"
#include "client/cli/interrupt.h"
#include "client/cli/json.h"
#include "client/cli/model_output.h"
#include "client/cli/option_values.h"
#include "executor/task/task.h"

namespace recurve {
namespace {

constexpr char kSampleFooter[] = R"(
Examples:
  recurve sample --model book.safetensors --prompt "In the beginning" --bytes 400
  recurve sample --model book.safetensors --temperature 0      always the most likely byte

The same model, prompt, temperature and seed give the same bytes.)";

constexpr int64_t kMostSampledBytes = 1'000'000'000;

struct SampleCommandOptions {
  std::string model;
  SampleOptions sample;
  int threads = 0;
  bool json = false;
};

absl::Status CheckSampleOptions(const SampleCommandOptions& options) {
  if (options.model.empty()) return absl::InvalidArgumentError("--model is required: a file that train saved");
  if (options.sample.bytes < 1 || options.sample.bytes > kMostSampledBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("--bytes is ", options.sample.bytes, "; must be 1 to ", kMostSampledBytes));
  }
  if (options.sample.temperature < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("--temperature is ", options.sample.temperature, "; must be at least 0"));
  }
  return absl::OkStatus();
}

ExitStatus RunSample(const SampleCommandOptions& options) {
  CatchInterrupts();
  if (absl::Status status = CheckSampleOptions(options); !status.ok()) return Fail(status, ExitStatus::kUsage);
  const absl::StatusOr<TrainedModel> model = LoadModelArgument(options.model);
  if (!model.ok()) return Fail(model.status());
  const absl::StatusOr<std::string> text =
      SampleModel(*model, options.sample, options.threads, /*print=*/!options.json);
  if (!text.ok()) return Fail(text.status());
  if (options.json) PrintJson({{"prompt", options.sample.prompt}, {"text", *text}, {"bytes", text->size()}});
  return ExitStatus::kDone;
}

}  // namespace

Command AddSampleCommand(const Section& section) {
  CLI::App& sample = AddCommand(section, "sample", "write text with a trained model", kSampleFooter);
  auto options = std::make_shared<SampleCommandOptions>();
  AddText(sample, "--model", options->model, "model file, - for standard input; required", "FILE");
  AddText(sample, "--prompt", options->sample.prompt, "text that the sample continues");
  AddCount(sample, "--bytes", options->sample.bytes, "to sample, after the prompt");
  AddReal(sample, "--temperature", options->sample.temperature,
          "below 1 less random, above 1 more; 0: always the most likely byte");
  AddSeed(sample, "--seed", options->sample.seed, "seed of the random numbers");
  AddThreads(sample, options->threads);
  AddFlag(sample, "--json", options->json, "print one JSON object: prompt, text, bytes");
  return {&sample, [options] { return RunSample(*options); }};
}

}  // namespace recurve
