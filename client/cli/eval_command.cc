// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstdio>
#include <map>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "client/cli/command_backend.h"
#include "client/cli/commands.h"
#include "client/cli/interrupt.h"
#include "client/cli/json.h"
#include "client/cli/model_output.h"
#include "client/cli/option_values.h"
#include "client/cli/progress_line.h"
#include "executor/data/lines.h"
#include "executor/data/text_corpus.h"
#include "executor/engine/inference.h"
#include "executor/model/model_file.h"
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

Bits per byte is what the text would take if the model compressed it: 8 is a model that knows nothing.)";

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
        absl::StrCat("--last is ", 100 * options.last, "%, must be above 0% and at most 100%"));
  }
  return absl::OkStatus();
}

absl::StatusOr<double> Evaluate(const Model& model, const Text& text, Sequences sequences, Backend& backend,
                                const EvaluationProgress& progress) {
  if (sequences == Sequences::kWindows) return EvaluateBitsPerByte(model, text, backend, WhenInterrupted(), progress);
  ASSIGN_OR_RETURN(const Lines lines, Lines::Find(text, text.size() + 1, WhenInterrupted()));
  RETURN_IF_ERROR(lines.CheckLineEnds());
  return EvaluateLinesBitsPerByte(model, text, backend, WhenInterrupted(), progress);
}

ExitStatus RunEval(const EvalOptions& options) {
  CatchInterrupts();
  if (absl::Status status = CheckEvalOptions(options); !status.ok()) return Fail(status, ExitStatus::kUsage);
  const absl::StatusOr<Model> model = LoadModelArgument(options.model);
  if (!model.ok()) return Fail(model.status());
  const auto file = InputFile::OpenArgument(options.data, WhenInterrupted());
  if (!file.ok()) return Fail(file.status());
  if (absl::Status status = CheckText(**file); !status.ok()) return Fail(status);
  const auto backend = MakeCommandBackend(options.threads);
  if (!backend.ok()) return Fail(backend.status());

  const auto size = static_cast<double>((*file)->size());
  const Text text = Text(**file).Last(static_cast<int64_t>(std::ceil(options.last * size)));
  ProgressLine line(stderr);  // so that the answer can be redirected
  EvaluationProgressLine progress(line, "bytes");
  const absl::StatusOr<double> bits = Evaluate(*model, text, options.sequences, **backend, [&](int64_t done) {
    if (line.terminal()) progress.Show(done, text.size());
  });
  line.Clear();
  if (!bits.ok()) return Fail(bits.status());
  if (const std::string change = (*file)->Change(); !change.empty()) Note(change);
  if (options.json) {
    PrintJson({{"bits_per_byte", *bits}, {"bytes", text.size()}, {"model", options.model}, {"data", options.data}});
  } else {
    std::printf("%.3f bits a byte on %s bytes of %s\n", *bits, CountText(text.size()).c_str(),
                Printable((*file)->name()).c_str());
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
  AddShare(eval, "--last", options->last, "only this last part of it, such as 5%");
  AddChoice(eval, "--sequences", options->sequences,
            std::map<std::string, Sequences>{{"windows", Sequences::kWindows}, {"lines", Sequences::kLines}},
            "the text read on and on, or each line by itself");
  AddThreads(eval, options->threads);
  AddFlag(eval, "--json", options->json, "print one JSON object: bits_per_byte, bytes, model, data");
  return {&eval, [options] { return RunEval(*options); }};
}

}  // namespace recurve
