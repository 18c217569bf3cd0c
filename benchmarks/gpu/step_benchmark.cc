// SPDX-License-Identifier: Apache-2.0
//
// Measures the time per step of a single recurrent layer, without input products, planner and interpreter. Prints a
// line of JSON for each combination of its options. See kUsage.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "benchmarks/gpu/recurrent_layer.h"
#include "executor/backend/cpu/cpu_backend.h"
#include "executor/backend/cuda/cuda_backend.h"
#include "executor/backend/precision.h"
#include "executor/job/median.h"
#include "nlohmann/json.hpp"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

constexpr char kUsage[] =
    "usage: step_benchmark [OPTION VALUE]...\n"
    "  --cell lstm                     lstm, gru, gru-reset-before, tanh, relu or slstm; or several: lstm,gru\n"
    "  --batch-hidden 32x512           sequences and hidden size; or several: 32x512,64x1024\n"
    "  --precision fp32,tf32,bf16      one or several\n"
    "  --link 32,128                   steps in a link, one or several\n"
    "  --device 0                      number of the GPU; or cpu, to try the program without one\n"
    "  --persistent yes                or no: run each step as a cuBLAS product and a kernel\n"
    "  --seconds 1                     limit per measurement, after the warm-up\n"
    "Prints a line of JSON for each combination as soon as it is measured. `us_per_step` is the median over rounds of\n"
    "microseconds per step: `forward_tape` and `forward` with and without a tape, `backward`, `backward_weights` with\n"
    "the gradient of the recurrent weights, `training` for forward_tape and backward_weights together. A combination\n"
    "that fails prints a line with `error`, and the exit status is 1.\n";
constexpr int kWarmUps = 4;  // the second run captures a graph
constexpr int kRounds = 7;
constexpr int kLeastRounds = 3;  // even beyond the time limit
constexpr double kRoundSeconds = 0.02;

struct Options {
  std::vector<Cell> cells = {Cell::kLstm};
  std::vector<std::pair<int64_t, int64_t>> shapes = {{32, 512}};  // batch, hidden
  std::vector<Precision> precisions = {Precision::kFp32, Precision::kTf32, Precision::kBf16};
  std::vector<int64_t> links = {32, 128};
  int device = 0;
  bool cpu = false;
  bool persistent = true;
  double seconds = 1;
};

absl::Status Refusal(const std::string& name, const std::string& value, const std::string& advice) {
  return absl::InvalidArgumentError(absl::StrCat(name, " is ", value, ": ", advice));
}

bool ParseCount(const std::string& text, int64_t* value) {
  return absl::SimpleAtoi(text, value) && *value >= 1 && *value <= 1 << 20;
}

absl::Status SetOption(const std::string& name, const std::string& value, Options* options) {
  if (name == "--device") {
    options->cpu = value == "cpu";
    if (options->cpu || (absl::SimpleAtoi(value, &options->device) && options->device >= 0)) return absl::OkStatus();
    return Refusal(name, value, "give the number of a GPU, or cpu");
  }
  if (name == "--persistent") {
    options->persistent = value == "yes";
    return value == "yes" || value == "no" ? absl::OkStatus() : Refusal(name, value, "give yes or no");
  }
  if (name == "--seconds") {
    if (absl::SimpleAtod(value, &options->seconds) && options->seconds > 0 && options->seconds <= 3600) {
      return absl::OkStatus();
    }
    return Refusal(name, value, "give a number above 0 and at most 3600");
  }
  const std::vector<std::string> words = absl::StrSplit(value, ',');
  const auto each = [&](auto* list, const std::string& advice, const auto& parse) -> absl::Status {
    list->clear();
    for (const std::string& word : words) {
      const auto parsed = parse(word);
      if (!parsed) return Refusal(name, value, absl::StrCat("give ", advice));
      list->push_back(*parsed);
    }
    return absl::OkStatus();
  };
  if (name == "--cell") {
    return each(&options->cells, "lstm, gru, gru-reset-before, tanh, relu or slstm, separated by commas", ParseCell);
  }
  if (name == "--precision") {
    return each(&options->precisions, "fp32, tf32 or bf16, separated by commas", ParsePrecision);
  }
  if (name == "--link") {
    return each(&options->links, "numbers of steps from 1, separated by commas", [](const std::string& word) {
      int64_t link = 0;
      return ParseCount(word, &link) ? std::optional(link) : std::nullopt;
    });
  }
  if (name == "--batch-hidden") {
    return each(&options->shapes, "batch and hidden size as in 32x512, separated by commas",
                [](const std::string& word) {
                  const std::vector<std::string> sides = absl::StrSplit(word, 'x');
                  std::pair<int64_t, int64_t> shape;
                  const bool good =
                      sides.size() == 2 && ParseCount(sides[0], &shape.first) && ParseCount(sides[1], &shape.second);
                  return good ? std::optional(shape) : std::nullopt;
                });
  }
  return absl::InvalidArgumentError(absl::StrCat("unknown option ", name, "\n", kUsage));
}

absl::StatusOr<Options> ParseOptions(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; i += 2) {
    if (i + 1 == argc) return absl::InvalidArgumentError(absl::StrCat(argv[i], " needs a value\n", kUsage));
    RETURN_IF_ERROR(SetOption(argv[i], argv[i + 1], &options));
  }
  if (options.cpu) options.precisions = {Precision::kFp32};
  return options;
}

double Now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

// Seconds per call. Waits for the device only before and after the calls.
absl::StatusOr<double> SecondsOf(Backend& backend, int64_t calls, const std::function<void()>& call) {
  RETURN_IF_ERROR(backend.Synchronize());
  const double begin = Now();
  for (int64_t i = 0; i < calls; ++i) call();
  RETURN_IF_ERROR(backend.Synchronize());
  return (Now() - begin) / static_cast<double>(calls);
}

// Seconds per call in each round.
absl::StatusOr<std::vector<double>> Measure(Backend& backend, double limit, const std::function<void()>& call) {
  RETURN_IF_ERROR(SecondsOf(backend, kWarmUps, call).status());
  const double end = Now() + limit;
  ASSIGN_OR_RETURN(const double once, SecondsOf(backend, 1, call));
  const auto calls = static_cast<int64_t>(std::max(1.0, std::min(kRoundSeconds, limit / (2 * kRounds)) / once));
  std::vector<double> rounds;
  while (rounds.size() < kLeastRounds || (rounds.size() < kRounds && Now() < end)) {
    ASSIGN_OR_RETURN(const double round, SecondsOf(backend, calls, call));
    rounds.push_back(round);
  }
  return rounds;
}

absl::StatusOr<std::unique_ptr<Backend>> MakeBackend(const Options& options, Precision precision) {
  if (options.cpu) return MakeCpuBackend({});
  return MakeCudaBackend({.device = options.device, .precision = precision, .persistent = options.persistent});
}

absl::Status MeasureLayer(const Options& options, const LayerShape& shape, Precision precision,
                          nlohmann::json* report) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Backend> backend, MakeBackend(options, precision));
  (*report)["backend"] = backend->Describe();
  ASSIGN_OR_RETURN(const std::unique_ptr<RecurrentLayer> created, RecurrentLayer::Create(shape, *backend));
  RecurrentLayer& layer = *created;
  const auto backward_weights = [&] {
    layer.Backward();
    layer.WeightGradient();
  };
  const std::pair<const char*, std::function<void()>> parts[] = {
      {"forward_tape", [&] { layer.TapedForward(); }},
      {"forward", [&] { layer.Forward(); }},
      {"backward", [&] { layer.Backward(); }},
      {"backward_weights", backward_weights},
      {"training",
       [&] {
         layer.TapedForward();
         backward_weights();
       }},
  };
  for (const auto& [name, call] : parts) {
    ASSIGN_OR_RETURN(std::vector<double> rounds, Measure(*backend, options.seconds, call));
    for (double& seconds : rounds) seconds *= 1e6 / static_cast<double>(shape.link);
    (*report)["us_per_step"][name] = Median(rounds);
    (*report)["us_per_step_of_rounds"][name] = rounds;
  }
  return absl::OkStatus();
}

// Prints the line for one combination.
absl::Status Report(const Options& options, const LayerShape& shape, Precision precision) {
  nlohmann::json report = {
      {"cell", std::string(ToString(shape.cell))},     {"batch", shape.batch}, {"hidden", shape.hidden},
      {"precision", std::string(ToString(precision))}, {"link", shape.link},   {"persistent", options.persistent}};
  const absl::Status status = MeasureLayer(options, shape, precision, &report);
  if (!status.ok()) report["error"] = std::string(status.message());
  std::cout << report.dump() << std::endl;
  return status;
}

absl::Status Main(int argc, char** argv) {
  ASSIGN_OR_RETURN(const Options options, ParseOptions(argc, argv));
  absl::Status first_failure;
  for (const Cell cell : options.cells) {
    for (const auto& [batch, hidden] : options.shapes) {
      for (const Precision precision : options.precisions) {
        for (const int64_t link : options.links) {
          first_failure.Update(
              Report(options, {.cell = cell, .batch = batch, .hidden = hidden, .link = link}, precision));
        }
      }
    }
  }
  return first_failure;
}

}  // namespace
}  // namespace recurve

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "--help") {
    std::fputs(recurve::kUsage, stdout);
    return 0;
  }
  const absl::Status status = recurve::Main(argc, argv);
  if (status.ok()) return 0;
  std::fprintf(stderr, "step_benchmark: %s\n", std::string(status.message()).c_str());
  return 1;
}
