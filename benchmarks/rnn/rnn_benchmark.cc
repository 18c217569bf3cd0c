// SPDX-License-Identifier: Apache-2.0
//
// Measures forward and backward of stacked recurrent layers within a memory budget, and the peak rate of products as a
// reference. Prints one JSON object. See kUsage.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "benchmarks/rnn/own_bytes_backend.h"
#include "benchmarks/rnn/training_run.h"
#include "executor/backend/cpu/cpu_backend.h"
#include "executor/backend/precision.h"
#include "executor/job/job_backend.h"
#include "executor/job/job_spec.h"
#include "executor/job/median.h"
#include "executor/profile/product_peak.h"
#include "nlohmann/json.hpp"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

constexpr char kUsage[] =
    "usage: rnn_benchmark [OPTION VALUE]...\n"
    "  --cell lstm            lstm, gru, gru-reset-before, tanh, relu or slstm\n"
    "  --batch 32 --hidden 512 --input 512 --length 1000 --layers 1\n"
    "  --budget 100%          share of the activations that store-all (every tape kept) needs; or total bytes\n"
    "                         without parameters, input and output gradient\n"
    "  --link 0               steps in a link; 0: the fastest of several\n"
    "  --device cpu           cpu, cuda or cuda:N\n"
    "  --precision fp32       of products on CUDA devices: fp32, tf32 or bf16\n"
    "  --own-bytes 0          simulated memory of the CPU backend itself, as GPU backends have\n"
    "  --threads 0            of the CPU; 0: all\n"
    "  --instruction-set S    of the CPU: avx512, avx2 or portable\n"
    "  --rounds 5             sweeps for `seconds`, alternating with sweeps of the same kernels without the\n"
    "                         interpreter for `bare_seconds`; both are medians; 0: a contestant of comparison.py\n"
    "In the object, `peak_bytes` is the peak of the bytes that --budget counts; `parts` are seconds of one sweep that\n"
    "waits for the device after each link.\n";
// Rows (k B) of the candidate links. On a GPU each link needs a launch, and long links need not fit in a cache.
constexpr int64_t kLinkRows[] = {16384, 8192, 4096, 2048, 1024, 512, 256, 128, 64, 32, 16, 8};
constexpr int64_t kMaxCpuLinkRows = 1024;
constexpr int kTries = 2;          // per link, after one that faults in the memory
constexpr double kHopeless = 1.3;  // stop trying shorter links after one this much slower than the best
constexpr double kProbeSeconds = 0.1;

struct Options {
  ModelConfig model{.vocabulary = 1, .hidden = 512, .embedding = 512};
  SequenceShape shape{.length = 1000, .link = 0, .batch = 32};
  MemoryBudget budget = StoreAllShare{};
  std::string device = "cpu";
  Precision precision = Precision::kFp32;
  std::string instruction_set;
  int64_t threads = 0;
  int64_t rounds = 5;
  int64_t own_bytes = 0;
};

absl::StatusOr<int64_t> ParseCount(const std::string& name, const std::string& text, int64_t least) {
  int64_t value = 0;
  if (absl::SimpleAtoi(text, &value) && value >= least) return value;
  return absl::InvalidArgumentError(absl::StrCat(name, " is ", text, ": give a number of at least ", least));
}

absl::StatusOr<MemoryBudget> ParseBudget(const std::string& text) {
  double percent = 0;
  if (!text.empty() && text.back() == '%') {
    if (absl::SimpleAtod(text.substr(0, text.size() - 1), &percent) && percent > 0 && percent <= 100) {
      return StoreAllShare{percent / 100};
    }
    return absl::InvalidArgumentError(absl::StrCat("--budget is ", text, ": give more than 0% and at most 100%"));
  }
  ASSIGN_OR_RETURN(const int64_t bytes, ParseCount("--budget", text, 1));
  return HeldBytes{bytes};
}

absl::Status SetOption(const std::string& name, const std::string& value, Options* options) {
  const std::map<std::string, std::pair<int64_t*, int64_t>> counts = {
      {"--batch", {&options->shape.batch, 1}},     {"--hidden", {&options->model.hidden, 1}},
      {"--input", {&options->model.embedding, 1}}, {"--length", {&options->shape.length, 1}},
      {"--layers", {&options->model.layers, 1}},   {"--link", {&options->shape.link, 0}},
      {"--threads", {&options->threads, 0}},       {"--rounds", {&options->rounds, 0}},
      {"--own-bytes", {&options->own_bytes, 0}}};
  if (const auto count = counts.find(name); count != counts.end()) {
    ASSIGN_OR_RETURN(const int64_t parsed, ParseCount(name, value, count->second.second));
    *count->second.first = parsed;
    return absl::OkStatus();
  }
  if (name == "--cell") {
    const std::optional<Cell> cell = ParseCell(value);
    if (!cell) return absl::InvalidArgumentError(absl::StrCat("--cell is ", value, ", which is unknown\n", kUsage));
    options->model.cell = *cell;
  } else if (name == "--budget") {
    ASSIGN_OR_RETURN(options->budget, ParseBudget(value));
  } else if (name == "--device") {
    options->device = value;
  } else if (name == "--precision") {
    const std::optional<Precision> precision = ParsePrecision(value);
    if (!precision)
      return absl::InvalidArgumentError(absl::StrCat("--precision is ", value, ", which is unknown\n", kUsage));
    options->precision = *precision;
  } else if (name == "--instruction-set") {
    options->instruction_set = value;
  } else {
    return absl::InvalidArgumentError(absl::StrCat("unknown option ", name, "\n", kUsage));
  }
  return absl::OkStatus();
}

absl::StatusOr<Options> ParseOptions(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; i += 2) {
    if (i + 1 == argc) return absl::InvalidArgumentError(absl::StrCat(argv[i], " needs a value\n", kUsage));
    RETURN_IF_ERROR(SetOption(argv[i], argv[i + 1], &options));
  }
  return options;
}

std::vector<int64_t> Links(const Options& options) {
  const SequenceShape& sequence = options.shape;
  if (sequence.link > 0) return {std::min(sequence.link, sequence.length)};
  std::vector<int64_t> links;
  for (const int64_t rows : kLinkRows) {
    if (options.device == "cpu" && rows > kMaxCpuLinkRows) continue;
    const int64_t link = std::clamp<int64_t>(rows / sequence.batch, 1, sequence.length);
    if (links.empty() || links.back() != link) links.push_back(link);
  }
  return links;
}

// A warmed-up run with the fastest link on this machine: peers also get their best settings.
absl::StatusOr<std::unique_ptr<TrainingRun>> FastestRun(Options* options, Backend& backend) {
  const std::vector<int64_t> links = Links(*options);
  absl::Status refusal;
  double best_seconds = std::numeric_limits<double>::infinity();
  int64_t best_link = 0;
  for (const int64_t link : links) {
    options->shape.link = link;
    absl::StatusOr<std::unique_ptr<TrainingRun>> run =
        TrainingRun::Create(options->model, options->shape, options->budget, backend);
    if (!run.ok()) {
      refusal = run.status();
      continue;
    }
    double seconds = std::numeric_limits<double>::infinity();
    for (int i = 0; i <= kTries; ++i) {
      ASSIGN_OR_RETURN(const double sweep, (*run)->Sweep());
      if (i > 0) seconds = std::min(seconds, sweep);
    }
    if (links.size() == 1) return run;
    if (seconds > kHopeless * best_seconds) break;
    if (seconds < best_seconds) {
      best_seconds = seconds;
      best_link = link;
    }
  }
  if (best_link == 0) return refusal;
  options->shape.link = best_link;
  ASSIGN_OR_RETURN(std::unique_ptr<TrainingRun> run,
                   TrainingRun::Create(options->model, options->shape, options->budget, backend));
  if (const absl::StatusOr<double> warm = run->Sweep(); !warm.ok()) return warm.status();
  return run;
}

absl::Status RunRounds(TrainingRun& run, ProductPeak& peak, int64_t count, nlohmann::json* report) {
  std::vector<double> sweeps, bare, peaks;
  for (int64_t i = 0; i < count; ++i) {
    const absl::StatusOr<double> sweep = run.Sweep();
    const absl::StatusOr<double> bare_sweep = run.BareSweep();
    const absl::StatusOr<double> probe = peak.Probe(kProbeSeconds);
    for (const auto* result : {&sweep, &bare_sweep, &probe}) {
      if (!result->ok()) return result->status();
    }
    sweeps.push_back(*sweep);
    bare.push_back(*bare_sweep);
    peaks.push_back(*probe);
  }
  (*report)["seconds_of_rounds"] = sweeps;
  (*report)["seconds"] = Median(sweeps);
  (*report)["bare_seconds_of_rounds"] = bare;
  (*report)["bare_seconds"] = Median(bare);
  (*report)["peak_flops_per_second"] = Median(peaks);
  (*report)["of_peak"] = run.model().Flops() / Median(sweeps) / Median(peaks);
  return absl::OkStatus();
}

absl::Status Contend(TrainingRun& run, ProductPeak& peak) {
  for (std::string line; std::getline(std::cin, line);) {
    ASSIGN_OR_RETURN(const double sweep, run.Sweep());
    ASSIGN_OR_RETURN(const double probe, peak.Probe(kProbeSeconds));
    std::cout << nlohmann::json{{"seconds", sweep}, {"peak_flops_per_second", probe}}.dump() << std::endl;
  }
  return absl::OkStatus();
}

nlohmann::json Report(const Options& options, const TrainingRun& run, const Backend& backend) {
  const ModelConfig& model = options.model;
  const SequenceShape& shape = options.shape;
  return {{"cell", std::string(ToString(model.cell))},
          {"shape",
           {{"B", shape.batch}, {"H", model.hidden}, {"I", model.embedding}, {"T", shape.length}, {"L", model.layers}}},
          {"precision", std::string(ToString(options.precision))},
          {"backend", backend.Describe()},
          {"link", shape.link},
          {"links", shape.links()},
          {"link_forwards", run.plan().forward_count},
          {"flops", run.model().Flops()},
          {"store_all_activation_bytes", run.store_all_activation_bytes()},
          {"activation_bytes", run.activation_bytes()},
          {"peak_bytes", run.held_bytes()}};
}

absl::StatusOr<std::unique_ptr<Backend>> MakeBackend(const Options& options) {
  const int threads = static_cast<int>(std::min<int64_t>(options.threads, 1 << 20));
  JobSpec spec{.device = options.device, .precision = options.precision, .threads = threads};
  RETURN_IF_ERROR(CheckDevice(spec));
  if (spec.device != "cpu") return MakeJobBackend(spec);
  absl::StatusOr<std::unique_ptr<Backend>> backend =
      MakeCpuBackend({.threads = threads, .instruction_set = options.instruction_set});
  if (!backend.ok() || options.own_bytes == 0) return backend;
  return std::make_unique<OwnBytesBackend>(*std::move(backend), options.own_bytes);
}

// A shape large enough to fill a GPU.
ProductPeak::Shape PeakShape(const Options& options) {
  if (options.device == "cpu") return {};
  return {.rows = 8192, .depth = 4096, .width = 4096};
}

absl::Status Main(int argc, char** argv) {
  ASSIGN_OR_RETURN(Options options, ParseOptions(argc, argv));
  ASSIGN_OR_RETURN(auto backend, MakeBackend(options));
  ASSIGN_OR_RETURN(std::unique_ptr<TrainingRun> run, FastestRun(&options, *backend));
  ASSIGN_OR_RETURN(std::unique_ptr<ProductPeak> peak, ProductPeak::Create(*backend, PeakShape(options)));
  nlohmann::json report = Report(options, *run, *backend);
  ASSIGN_OR_RETURN(const auto parts, run->SweepParts());
  report["parts"] = parts;
  if (options.rounds > 0) {
    RETURN_IF_ERROR(RunRounds(*run, *peak, options.rounds, &report));
  }
  std::cout << report.dump() << std::endl;
  return options.rounds > 0 ? absl::OkStatus() : Contend(*run, *peak);
}

}  // namespace
}  // namespace recurve

int main(int argc, char** argv) {
  const absl::Status status = recurve::Main(argc, argv);
  if (status.ok()) return 0;
  std::fprintf(stderr, "rnn_benchmark: %s\n", std::string(status.message()).c_str());
  return 1;
}
