// SPDX-License-Identifier: Apache-2.0
#include "client/cli/option_values.h"

#include <cmath>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "planner_service/units/units.h"

namespace recurve {
namespace {

template <typename T>
using Parser = absl::StatusOr<T> (*)(const std::string& text);

absl::Status NotA(const std::string& text, const char* expected) {
  return absl::InvalidArgumentError(absl::StrCat("\"", text, "\" is not ", expected));
}

absl::StatusOr<int64_t> ParseCount(const std::string& text) {
  int64_t count = 0;
  if (!absl::SimpleAtoi(text, &count)) return NotA(text, "a whole number below 2^63");
  return count;
}

absl::StatusOr<int> ParseThreads(const std::string& text) {
  int threads = 0;
  if (!absl::SimpleAtoi(text, &threads) || threads < 0 || threads > 1024) {
    return NotA(text, "a number of threads; give 1 to 1024, or 0 for all");
  }
  return threads;
}

absl::StatusOr<uint64_t> ParseSeed(const std::string& text) {
  uint64_t seed = 0;
  if (!absl::SimpleAtoi(text, &seed)) return NotA(text, "a whole number from 0 to 2^64-1");
  return seed;
}

absl::StatusOr<double> ParseReal(const std::string& text) {
  double real = 0;
  if (!absl::SimpleAtod(text, &real) || !std::isfinite(real))
    return NotA(text, "a finite number such as 0.004 or 4e-3");
  return real;
}

absl::StatusOr<double> ParseShare(const std::string& text) {
  const bool percent = !text.empty() && text.back() == '%';
  absl::StatusOr<double> number = ParseReal(percent ? text.substr(0, text.size() - 1) : text);
  if (!number.ok()) return NotA(text, "a share such as 0.05 or 5%");
  return percent ? *number / 100 : *number;
}

absl::StatusOr<int64_t> ParseSize(const std::string& text) { return ParseBytes(text); }

absl::StatusOr<MemoryLimit> ParseMemory(const std::string& text) {
  if (!text.empty() && text.back() == '%') {
    absl::StatusOr<double> share = ParseShare(text);
    if (!share.ok() || !(*share > 0 && *share <= 1)) return NotA(text, "a share above 0% and at most 100%, such as 5%");
    return ActivationShare{*share};
  }
  absl::StatusOr<int64_t> bytes = ParseBytes(text);
  if (!bytes.ok()) return bytes.status();
  if (*bytes < 1) return NotA(text, "enough to train in; give bytes such as 64MiB, or a share such as 5%");
  return TotalBytes{*bytes};
}

absl::StatusOr<Strategy> ParseStrategyName(const std::string& text) { return ParseStrategy(text); }

// `Value` is T or std::optional<T>.
template <typename T, typename Value>
CLI::Option* Add(CLI::App& app, const std::string& names, Value& value, const std::string& help, const char* kind,
                 Parser<T> parse) {
  const auto assign = [&value, parse, names](const std::string& text) {
    absl::StatusOr<T> parsed = parse(text);
    if (!parsed.ok()) throw CLI::ValidationError(names, std::string(parsed.status().message()));
    value = *std::move(parsed);
  };
  return app.add_option_function<std::string>(names, assign, help)->type_name(kind);
}

std::string RealText(double value) { return absl::StrCat(value); }

}  // namespace

CLI::Option* AddCount(CLI::App& app, const std::string& names, int64_t& value, const std::string& help) {
  return Add(app, names, value, help, "N", &ParseCount)->default_str(absl::StrCat(value));
}

CLI::Option* AddCount(CLI::App& app, const std::string& names, std::optional<int64_t>& value, const std::string& help) {
  return Add(app, names, value, help, "N", &ParseCount);
}

CLI::Option* AddThreads(CLI::App& app, int& value) {
  return Add(app, "--threads", value, "CPU threads; 0: as many as are of use, no more than the processors granted", "N", &ParseThreads)->default_str(absl::StrCat(value));
}

CLI::Option* AddSeed(CLI::App& app, uint64_t& value) {
  return Add(app, "--seed", value, "seed of all that is random", "N", &ParseSeed)->default_str(absl::StrCat(value));
}

CLI::Option* AddReal(CLI::App& app, const std::string& names, double& value, const std::string& help) {
  return Add(app, names, value, help, "X", &ParseReal)->default_str(RealText(value));
}

CLI::Option* AddReal(CLI::App& app, const std::string& names, std::optional<double>& value, const std::string& help) {
  return Add(app, names, value, help, "X", &ParseReal);
}

CLI::Option* AddShare(CLI::App& app, const std::string& names, double& value, const std::string& help) {
  return Add(app, names, value, help, "SHARE", &ParseShare)->default_str(RealText(value));
}

CLI::Option* AddBytes(CLI::App& app, const std::string& names, std::optional<int64_t>& value, const std::string& help) {
  return Add(app, names, value, help, "BYTES", &ParseSize);
}

CLI::Option* AddBytes(CLI::App& app, const std::string& names, int64_t& value, const std::string& help) {
  return Add(app, names, value, help, "BYTES", &ParseSize)->default_str(std::to_string(value));
}

CLI::Option* AddMemory(CLI::App& app, const std::string& names, MemoryLimit& value, const std::string& help) {
  return Add(app, names, value, help, "BYTES|SHARE%", &ParseMemory)->default_str("100%");
}

CLI::Option* AddStrategy(CLI::App& app, const std::string& names, Strategy& value, const std::string& help) {
  return Add(app, names, value, help, "NAME", &ParseStrategyName)->default_str(std::string(ToString(value)));
}

CLI::Option* AddText(CLI::App& app, const std::string& names, std::string& value, const std::string& help,
                     const std::string& kind) {
  return app.add_option(names, value, help)->type_name(kind);
}

}  // namespace recurve
