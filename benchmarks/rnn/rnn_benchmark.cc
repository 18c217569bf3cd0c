// SPDX-License-Identifier: Apache-2.0
//
// Times forward and backward of stacked recurrent layers inside a memory budget, and beside it the product with a
// packed matrix that the time is measured by. Prints one JSON object. See kUsage.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "benchmarks/rnn/product_peak.h"
#include "benchmarks/rnn/training_run.h"
#include "executor/backend/cpu/cpu_backend.h"
#include "nlohmann/json.hpp"

namespace recurve {
namespace {

constexpr char kUsage[] =
    "usage: rnn_benchmark [OPTION VALUE]...\n"
    "  --cell lstm            lstm\n"
    "  --batch 32 --hidden 512 --input 512 --length 1000 --layers 1\n"
    "  --budget 100%          of the activations that keeping every tape needs; or bytes of all that is held,\n"
    "                         parameters, input and output gradient apart\n"
    "  --link 0               steps in a link; 0: the fastest of some\n"
    "  --device cpu           cpu\n"
    "  --threads 0            of the CPU; 0: all\n"
    "  --instruction-set S    of the CPU: avx512, avx2 or portable\n"
    "  --rounds 5             sweeps whose median counts; 0: after printing \"ready\", one for each line read, "
    "answered\n"
    "                         with its seconds, until the input ends\n"
    "The object's `seconds` are those of a sweep, `bare_seconds` those of the same kernels without the interpreter "
    "(by\n"
    "turns with it, when there are rounds), `parts` those of one sweep that waits after each kernel.\n";
constexpr int64_t kLinkRows[] = {1024, 512, 256, 128, 64};  // k B of the links that are tried
constexpr int kTries = 2;                                   // of each, after one that touches the memory
constexpr double kProbeSeconds = 0.1;

struct Options {
  std::string cell = "lstm";
  RecurrentShape shape{.sequence = {.length = 1000, .link = 0, .batch = 32}, .hidden = 512, .input = 512};
  MemoryBudget budget = StoreAllShare{};
  std::string device = "cpu";
  std::string instruction_set;
  int64_t threads = 0;
  int64_t rounds = 5;
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
  const absl::StatusOr<int64_t> bytes = ParseCount("--budget", text, 1);
  if (!bytes.ok()) return bytes.status();
  return HeldBytes{*bytes};
}

absl::Status CheckOneOf(const std::string& name, const std::string& value, const std::vector<std::string>& values) {
  if (std::find(values.begin(), values.end(), value) != values.end()) return absl::OkStatus();
  std::string list;
  for (const std::string& one : values) absl::StrAppend(&list, list.empty() ? "" : ", ", one);
  return absl::InvalidArgumentError(absl::StrCat(name, " is ", value, ": give one of ", list));
}

absl::Status SetOption(const std::string& name, const std::string& value, Options* options) {
  const std::map<std::string, std::pair<int64_t*, int64_t>> counts = {
      {"--batch", {&options->shape.sequence.batch, 1}},
      {"--hidden", {&options->shape.hidden, 1}},
      {"--input", {&options->shape.input, 1}},
      {"--length", {&options->shape.sequence.length, 1}},
      {"--layers", {&options->shape.layers, 1}},
      {"--link", {&options->shape.sequence.link, 0}},
      {"--threads", {&options->threads, 0}},
      {"--rounds", {&options->rounds, 0}}};
  const std::map<std::string, std::string*> words = {
      {"--cell", &options->cell}, {"--device", &options->device}, {"--instruction-set", &options->instruction_set}};
  if (const auto count = counts.find(name); count != counts.end()) {
    const absl::StatusOr<int64_t> parsed = ParseCount(name, value, count->second.second);
    if (!parsed.ok()) return parsed.status();
    *count->second.first = *parsed;
    return absl::OkStatus();
  }
  if (const auto word = words.find(name); word != words.end()) {
    *word->second = value;
    return absl::OkStatus();
  }
  if (name != "--budget") return absl::InvalidArgumentError(absl::StrCat("unknown option ", name, "\n", kUsage));
  const absl::StatusOr<MemoryBudget> budget = ParseBudget(value);
  if (!budget.ok()) return budget.status();
  options->budget = *budget;
  return absl::OkStatus();
}

absl::StatusOr<Options> ParseOptions(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; i += 2) {
    if (i + 1 == argc) return absl::InvalidArgumentError(absl::StrCat(argv[i], " needs a value\n", kUsage));
    if (absl::Status status = SetOption(argv[i], argv[i + 1], &options); !status.ok()) return status;
  }
  if (absl::Status status = CheckOneOf("--cell", options.cell, {"lstm"}); !status.ok()) return status;
  if (absl::Status status = CheckOneOf("--device", options.device, {"cpu"}); !status.ok()) return status;
  return options;
}

std::vector<int64_t> Links(const SequenceShape& sequence) {
  if (sequence.link > 0) return {std::min(sequence.link, sequence.length)};
  std::vector<int64_t> links;
  for (const int64_t rows : kLinkRows) {
    const int64_t link = std::clamp<int64_t>(rows / sequence.batch, 1, sequence.length);
    if (links.empty() || links.back() != link) links.push_back(link);
  }
  return links;
}

// The run, warmed up, with the link that is the fastest here and now: peers get the best of their settings, too.
absl::StatusOr<std::unique_ptr<TrainingRun>> FastestRun(RecurrentShape* shape, const MemoryBudget& budget,
                                                        Backend& backend) {
  const std::vector<int64_t> links = Links(shape->sequence);
  std::map<double, int64_t> link_by_seconds;
  absl::Status refusal;
  for (const int64_t link : links) {
    shape->sequence.link = link;
    absl::StatusOr<std::unique_ptr<TrainingRun>> run = TrainingRun::Create(*shape, budget, backend);
    if (!run.ok()) {
      refusal = run.status();
      continue;
    }
    std::vector<double> tries;
    for (int i = 0; i <= kTries; ++i) {
      const absl::StatusOr<double> seconds = (*run)->Sweep();
      if (!seconds.ok()) return seconds.status();
      if (i > 0) tries.push_back(*seconds);
    }
    if (links.size() == 1) return run;
    link_by_seconds[*std::min_element(tries.begin(), tries.end())] = link;
  }
  if (link_by_seconds.empty()) return refusal;
  shape->sequence.link = link_by_seconds.begin()->second;
  absl::StatusOr<std::unique_ptr<TrainingRun>> run = TrainingRun::Create(*shape, budget, backend);
  if (!run.ok()) return run.status();
  if (const absl::StatusOr<double> warm = (*run)->Sweep(); !warm.ok()) return warm.status();
  return run;
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return (values[(values.size() - 1) / 2] + values[values.size() / 2]) / 2;
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
    const absl::StatusOr<double> sweep = run.Sweep();
    if (!sweep.ok()) return sweep.status();
    const absl::StatusOr<double> probe = peak.Probe(kProbeSeconds);
    if (!probe.ok()) return probe.status();
    std::cout << nlohmann::json{{"seconds", *sweep}, {"peak_flops_per_second", *probe}}.dump() << std::endl;
  }
  return absl::OkStatus();
}

nlohmann::json Report(const Options& options, const TrainingRun& run, const Backend& backend) {
  const RecurrentShape& shape = options.shape;
  const SequenceShape& sequence = shape.sequence;
  return {
      {"cell", options.cell},
      {"shape",
       {{"B", sequence.batch}, {"H", shape.hidden}, {"I", shape.input}, {"T", sequence.length}, {"L", shape.layers}}},
      {"precision", "fp32"},
      {"backend", backend.Describe()},
      {"link", sequence.link},
      {"links", sequence.links()},
      {"link_forwards", run.plan().forward_count},
      {"flops", run.model().Flops()},
      {"store_all_activation_bytes", run.store_all_activation_bytes()},
      {"activation_bytes", run.activation_bytes()},
      {"peak_bytes", run.held_bytes()}};
}

absl::Status Main(int argc, char** argv) {
  absl::StatusOr<Options> options = ParseOptions(argc, argv);
  if (!options.ok()) return options.status();
  auto backend = MakeCpuBackend({.threads = static_cast<int>(std::min<int64_t>(options->threads, 1 << 20)),
                                 .instruction_set = options->instruction_set});
  if (!backend.ok()) return backend.status();
  absl::StatusOr<std::unique_ptr<TrainingRun>> run = FastestRun(&options->shape, options->budget, **backend);
  if (!run.ok()) return run.status();
  absl::StatusOr<std::unique_ptr<ProductPeak>> peak = ProductPeak::Create(**backend, {});
  if (!peak.ok()) return peak.status();
  nlohmann::json report = Report(*options, **run, **backend);
  const auto parts = (*run)->SweepParts();
  if (!parts.ok()) return parts.status();
  report["parts"] = *parts;
  if (options->rounds > 0) {
    if (absl::Status status = RunRounds(**run, **peak, options->rounds, &report); !status.ok()) return status;
  }
  std::cout << report.dump() << std::endl;
  return options->rounds > 0 ? absl::OkStatus() : Contend(**run, **peak);
}

}  // namespace
}  // namespace recurve

int main(int argc, char** argv) {
  const absl::Status status = recurve::Main(argc, argv);
  if (status.ok()) return 0;
  std::fprintf(stderr, "rnn_benchmark: %s\n", std::string(status.message()).c_str());
  return 1;
}
