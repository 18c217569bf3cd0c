// SPDX-License-Identifier: Apache-2.0
//
// lstm_benchmark --batch B --hidden H --input I --length T [--link K] [--threads N] [--rounds R] [--instruction-set S]
//
// Times forward and backward of one LSTM layer with its whole tape kept, and beside it the product with a packed matrix
// that the time is measured by. Prints one JSON object.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "benchmarks/cpu/lstm_training.h"
#include "executor/backend/cpu/cpu_backend.h"
#include "nlohmann/json.hpp"

namespace recurve {
namespace {

int Fail(const std::string& message) {
  std::fprintf(stderr, "lstm_benchmark: %s\n", message.c_str());
  return 1;
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return (values[(values.size() - 1) / 2] + values[values.size() / 2]) / 2;
}

nlohmann::json MedianParts(const std::vector<LstmSeconds>& rounds) {
  const auto median = [&](double LstmSeconds::*part) {
    std::vector<double> values(rounds.size());
    std::transform(rounds.begin(), rounds.end(), values.begin(), [&](const LstmSeconds& r) { return r.*part; });
    return Median(std::move(values));
  };
  return {{"pack", median(&LstmSeconds::pack)},
          {"input_projection", median(&LstmSeconds::input_projection)},
          {"forward", median(&LstmSeconds::forward)},
          {"backward", median(&LstmSeconds::backward)},
          {"recurrent_weight_gradient", median(&LstmSeconds::recurrent_weight_gradient)},
          {"input_weight_gradient", median(&LstmSeconds::input_weight_gradient)}};
}

int Main(int argc, char** argv) {
  std::map<std::string, int64_t> options = {{"--batch", 32}, {"--hidden", 512}, {"--input", 512}, {"--length", 1000},
                                            {"--link", 20},  {"--threads", 0},  {"--rounds", 5}};
  std::string instruction_set;
  for (int i = 1; i < argc; i += 2) {
    const std::string name = argv[i];
    if (i + 1 == argc) return Fail(name + " needs a value");
    if (name == "--instruction-set") {
      instruction_set = argv[i + 1];
      continue;
    }
    const auto option = options.find(name);
    if (option == options.end()) return Fail("unknown option " + name);
    option->second = std::atoll(argv[i + 1]);
    if (option->second < (name == "--threads" ? 0 : 1))
      return Fail(name + " is " + argv[i + 1] + ": give a positive number");
  }
  const LstmShape shape{options["--batch"], options["--hidden"], options["--input"], options["--length"],
                        std::min(options["--link"], options["--length"])};
  auto backend = MakeCpuBackend({.threads = static_cast<int>(std::min<int64_t>(options["--threads"], 1 << 20)),
                                 .instruction_set = instruction_set});
  if (!backend.ok()) return Fail(std::string(backend.status().message()));

  LstmTraining training(**backend, shape);
  training.Run();  // touches the memory
  std::vector<LstmSeconds> rounds;
  std::vector<double> totals;
  double peak = 0;
  for (int64_t i = 0; i < options["--rounds"]; ++i) {
    peak = std::max(peak, PackedProductPeak(**backend, 960, 512, 2048));
    rounds.push_back(training.Run());
    totals.push_back(rounds.back().total);
  }
  const double seconds = Median(totals);
  const nlohmann::json result = {{"backend", (*backend)->Describe()},
                                 {"shape", {{"B", shape.B}, {"H", shape.H}, {"I", shape.I}, {"T", shape.T}}},
                                 {"link", shape.k},
                                 {"seconds", seconds},
                                 {"seconds_of_rounds", totals},
                                 {"parts", MedianParts(rounds)},
                                 {"flops_per_second", LstmFlops(shape) / seconds},
                                 {"packed_product_peak", peak},
                                 {"of_peak", LstmFlops(shape) / seconds / peak}};
  std::printf("%s\n", result.dump().c_str());
  return 0;
}

}  // namespace
}  // namespace recurve

int main(int argc, char** argv) { return recurve::Main(argc, argv); }
