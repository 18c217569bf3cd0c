// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstdio>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "client/cli/command_backend.h"
#include "client/cli/commands.h"
#include "client/cli/interrupt.h"
#include "client/cli/job_text.h"
#include "client/cli/json.h"
#include "client/cli/model_output.h"
#include "client/cli/option_values.h"
#include "client/cli/progress_line.h"
#include "executor/task/language_model/language_model_options.h"
#include "planner_service/status/status_macros.h"
#include "planner_service/text/number_text.h"
#include "planner_service/text/printable.h"

namespace recurve {
namespace {

constexpr char kEvalFooter[] = R"(
Examples:
  recurve eval --model book.safetensors --data other.txt
  recurve eval --model book.safetensors --data book.txt --last 5% --json
  recurve eval --model verses.safetensors --data verses.txt --sequences lines

Bits per byte is the size of the text if compressed with the model: 8 for a model that predicts nothing.)";

struct EvalOptions {
  std::string model;
  std::string data;
  double last = 1;
  Sequences sequences = Sequences::kWindows;
  int threads = 0;
  bool json = false;
};

absl::Status CheckEvalOptions(const EvalOptions& options) {
  if (options.model.empty()) return absl::InvalidArgumentError("--model is required: a file that train saved");
  if (options.data.empty()) return absl::InvalidArgumentError("--data is required: the file to evaluate on");
  if (!(options.last > 0 && options.last <= 1)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--last is ", 100 * options.last, "%; must be above 0% and at most 100%"));
  }
  return absl::OkStatus();
}

ExitStatus RunEval(const EvalOptions& options) {
  CatchInterrupts();
  if (absl::Status status = CheckEvalOptions(options); !status.ok()) return Fail(status, ExitStatus::kUsage);
  absl::StatusOr<TrainedModel> model = LoadModelArgument(options.model);
  if (!model.ok()) return Fail(model.status());
  const auto file = InputFile::OpenArgument(options.data, WhenInterrupted());
  if (!file.ok()) return Fail(file.status());
  const auto backend = MakeCommandBackend(options.threads);
  if (!backend.ok()) return Fail(backend.status());

  model->task.As<LanguageModelOptions>().sequences = options.sequences;
  ProgressLine line(stderr);  // so that the output can be redirected
  EvaluationProgressLine progress(line, "bytes");
  const auto size = static_cast<int64_t>(options.last * static_cast<double>((*file)->size()));
  const absl::StatusOr<Metric> metric = model->task->EvaluateFile(model->parameters, **file, options.last, **backend,
                                                                  WhenInterrupted(), [&](int64_t done) {
                                                                    if (line.terminal()) progress.Show(done, size);
                                                                  });
  line.Clear();
  if (!metric.ok()) return Fail(metric.status());
  if (const std::string change = (*file)->Change(); !change.empty()) Note(change);
  if (options.json) {
    PrintJson(
        {{"metric", FieldsJson(*metric)}, {"model", options.model}, {"data", options.data}, {"last", options.last}});
  } else {
    std::printf("%s on %s%s\n", MetricText(*metric).c_str(), Printable((*file)->name()).c_str(),
                options.last < 1 ? (", the last " + PercentText(options.last, 1)).c_str() : "");
  }
  return ExitStatus::kDone;
}

}  // namespace

Command AddEvalCommand(const Section& section) {
  CLI::App& eval =
      AddCommand(section, "eval", "how well a trained model predicts a text, in bits per byte", kEvalFooter);
  auto options = std::make_shared<EvalOptions>();
  AddText(eval, "--model", options->model, "model file, - for standard input; required", "FILE");
  AddText(eval, "--data", options->data, "file of bytes, - for standard input; required", "FILE");
  AddShare(eval, "--last", options->last, "evaluate only this last part of the file, such as 5%");
  AddChoice(eval, "--sequences", options->sequences, kSequences, "the text as one stream, or each line by itself");
  AddThreads(eval, options->threads);
  AddFlag(eval, "--json", options->json, "print one JSON object: metric, model, data, last");
  return {&eval, [options] { return RunEval(*options); }};
}

}  // namespace recurve
