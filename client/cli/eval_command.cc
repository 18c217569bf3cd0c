// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstdio>
#include <map>
#include <memory>
#include <span>
#include <string>

#include "absl/strings/str_cat.h"
#include "client/cli/command_backend.h"
#include "client/cli/commands.h"
#include "client/cli/interrupt.h"
#include "client/cli/json.h"
#include "client/cli/option_values.h"
#include "executor/data/line_batches.h"
#include "executor/data/text_corpus.h"
#include "executor/engine/inference.h"
#include "executor/model/model_file.h"
#include "planner_service/units/number_text.h"

namespace recurve {
namespace {

constexpr char kFooter[] = R"(
Examples:
  recurve eval --model book.safetensors --data other.txt
  recurve eval --model book.safetensors --data book.txt --last 5% --json
  recurve eval --model verses.safetensors --data verses.txt --sequences lines

Bits per byte is what the text would take if the model compressed it: 8 is a model that knows nothing.)";

struct Options {
  std::string model;
  std::string data;
  double last = 1;
  Sequences sequences = Sequences::kWindows;
  int threads = 0;
  bool json = false;
};

absl::Status CheckOptions(const Options& options) {
  if (options.model.empty()) return absl::InvalidArgumentError("--model is required: a file that train saved");
  if (options.data.empty()) return absl::InvalidArgumentError("--data is required: the file to evaluate on");
  if (!(options.last > 0 && options.last <= 1)) {
    return absl::InvalidArgumentError(absl::StrCat("--last is ", options.last, ", must be above 0 and at most 1"));
  }
  return absl::OkStatus();
}

absl::StatusOr<double> Evaluate(const Model& model, std::span<const uint8_t> text, Sequences sequences,
                                Backend& backend) {
  if (sequences == Sequences::kWindows) return EvaluateBitsPerByte(model, text, backend, WhenInterrupted());
  const Lines lines(text);
  const auto line = [&](int64_t i) { return lines.Line(i, static_cast<int64_t>(text.size())); };
  return EvaluateLinesBitsPerByte(model, lines.count(), line, backend, WhenInterrupted());
}

ExitStatus RunEval(const Options& options) {
  CatchInterrupts();
  if (absl::Status status = CheckOptions(options); !status.ok()) return Fail(status, ExitStatus::kUsage);
  const absl::StatusOr<Model> model = LoadModel(options.model);
  if (!model.ok()) return Fail(model.status());
  const auto corpus = TextCorpus::Open(options.data);
  if (!corpus.ok()) return Fail(corpus.status());
  const auto backend = MakeCommandBackend(options.threads);
  if (!backend.ok()) return Fail(backend.status());

  const std::span<const uint8_t> whole = (*corpus)->bytes();
  const auto text = whole.last(static_cast<size_t>(std::ceil(options.last * static_cast<double>(whole.size()))));
  const absl::StatusOr<double> bits = Evaluate(*model, text, options.sequences, **backend);
  if (!bits.ok()) return Fail(bits.status());
  if (options.json) {
    PrintJson({{"bits_per_byte", *bits}, {"bytes", text.size()}, {"model", options.model}, {"data", options.data}});
  } else {
    std::printf("%.3f bits a byte on %s bytes of %s\n", *bits, CountText(static_cast<int64_t>(text.size())).c_str(),
                options.data.c_str());
  }
  return ExitStatus::kDone;
}

}  // namespace

Command AddEvalCommand(CLI::App& app) {
  CLI::App* eval = app.add_subcommand("eval", "how well a trained model predicts a text, in bits per byte");
  eval->footer(kFooter);
  auto options = std::make_shared<Options>();
  AddText(*eval, "--model", options->model, "model file; required", "FILE");
  AddText(*eval, "--data", options->data, "file of bytes; required", "FILE");
  AddShare(*eval, "--last", options->last, "only this last part of it, such as 5%");
  AddChoice(*eval, "--sequences", options->sequences,
            std::map<std::string, Sequences>{{"windows", Sequences::kWindows}, {"lines", Sequences::kLines}},
            "the text read on and on, or each line by itself");
  AddThreads(*eval, options->threads);
  eval->add_flag("--json", options->json, "print one JSON object: bits_per_byte, bytes, model, data");
  return {eval, [options] { return RunEval(*options); }};
}

}  // namespace recurve
