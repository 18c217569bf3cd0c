// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/daemon/figures.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

// `sorted` must not be empty.
double Quantile(const std::vector<double>& sorted, double share) {
  return sorted[std::min(sorted.size() - 1, static_cast<size_t>(share * static_cast<double>(sorted.size())))];
}

}  // namespace

absl::Status Time(int calls, absl::FunctionRef<absl::Status()> call, std::vector<double>& seconds) {
  for (int i = 0; i < calls; ++i) {
    const auto start = std::chrono::steady_clock::now();
    RETURN_IF_ERROR(call());
    seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return absl::OkStatus();
}

nlohmann::json Row(const std::string& what, std::vector<double> seconds, double target_seconds) {
  std::sort(seconds.begin(), seconds.end());
  nlohmann::json row = {{"what", what},
                        {"calls", seconds.size()},
                        {"p50_seconds", Quantile(seconds, 0.5)},
                        {"p99_seconds", Quantile(seconds, 0.99)},
                        {"max_seconds", seconds.back()}};
  if (target_seconds > 0) {
    row["target_seconds"] = target_seconds;
    row["met"] = Quantile(seconds, 0.5) < target_seconds;
  }
  return row;
}

void PrintRows(const nlohmann::json& rows) {
  std::printf("%-48s %6s %9s %9s %9s  %s\n", "", "calls", "p50 ms", "p99 ms", "max ms", "target of p50");
  for (const nlohmann::json& row : rows) {
    std::printf("%-48s %6d %9.2f %9.2f %9.2f", row["what"].get<std::string>().c_str(), row["calls"].get<int>(),
                row["p50_seconds"].get<double>() * 1e3, row["p99_seconds"].get<double>() * 1e3,
                row["max_seconds"].get<double>() * 1e3);
    if (row.contains("met")) {
      std::printf("  %.0f ms: %s", row["target_seconds"].get<double>() * 1e3,
                  row["met"].get<bool>() ? "met" : "MISSED");
    }
    std::printf("\n");
  }
}

}  // namespace recurve
