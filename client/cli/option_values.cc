// SPDX-License-Identifier: Apache-2.0
#include "client/cli/option_values.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "planner_service/client/target.h"
#include "planner_service/fields/check_fields.h"
#include "planner_service/status/status_macros.h"
#include "planner_service/text/units.h"

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

absl::StatusOr<int64_t> ParseSize(const std::string& text) {
  absl::StatusOr<int64_t> bytes = ParseBytes(text);
  if (bytes.ok() && *bytes > kMaxBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", text, "\" is more than ", FormatBytes(kMaxBytes), ", the largest size supported"));
  }
  return bytes;
}

// Nothing trains in so few bytes: a plain number up to this is meant as a percentage.
constexpr double kFewestBytes = 100;

absl::StatusOr<MemoryLimit> ParseMemory(const std::string& text) {
  if (text == "free") return AllFree{};
  double number = 0;
  if (absl::SimpleAtod(text, &number) && number > 0 && number <= kFewestBytes) {
    return absl::InvalidArgumentError(absl::StrCat("\"", text, "\" without a unit is a number of bytes; did you mean ",
                                                   number < 1 ? 100 * number : number, "%?"));
  }
  if (!text.empty() && text.back() == '%') {
    absl::StatusOr<double> share = ParseShare(text);
    if (!share.ok() || !(*share > 0 && *share <= 1)) return NotA(text, "a share above 0% and at most 100%, such as 5%");
    return ActivationShare{*share};
  }
  ASSIGN_OR_RETURN(int64_t bytes, ParseSize(text));
  if (bytes < 1) return NotA(text, "a positive size; give bytes such as 64MiB, or a share such as 5%");
  return TotalBytes{bytes};
}

absl::StatusOr<double> ParseSeconds(const std::string& text) {
  ASSIGN_OR_RETURN(const std::chrono::milliseconds duration, ParseDuration(text));
  return static_cast<double>(duration.count()) / 1000;
}

// "100" steps, "30s", "10m" or "10min", "2h".
absl::StatusOr<Interval> ParseInterval(const std::string& text) {
  constexpr int64_t kMost = 1'000'000'000;
  Interval interval;
  if (absl::SimpleAtoi(text, &interval.steps)) {
    if (interval.steps >= 0 && interval.steps <= kMost) return interval;
    return NotA(text, "a number of steps from 0 to 10^9");
  }
  const bool minutes = absl::EndsWith(text, "min");
  const absl::StatusOr<double> seconds = ParseSeconds(minutes ? text.substr(0, text.size() - 2) : text);
  if (!seconds.ok() || !(*seconds > 0 && *seconds <= kMost)) {
    return NotA(text, "an interval; give a number of steps such as 100, or a time such as 30s, 10min or 2h");
  }
  return Interval{.steps = 0, .seconds = *seconds};
}

absl::StatusOr<Strategy> ParseStrategyName(const std::string& text) { return ParseStrategy(text); }

// The values allowed for an option.
template <typename T>
struct Range {
  std::function<bool(T)> has;  // null: all
  std::string text;
};

Range<int64_t> InRange(const CountRange& range) {
  return {[range](int64_t value) { return CheckRange("", value, range).ok(); }, RangeText(range)};
}

Range<double> InRange(const RealRange& range, Notation notation = Notation::kPlain) {
  return {[range](double value) { return CheckReal("", value, range).ok(); }, RangeText(range, notation)};
}

// `Value` is T or std::optional<T>.
template <typename T, typename Value>
CLI::Option* Add(const Section& section, const std::string& name, Value& value, const std::string& help,
                 const char* kind, Parser<T> parse, const Range<T>& range = {}) {
  const auto assign = [&value, parse, range, name](const std::string& text) {
    absl::StatusOr<T> parsed = parse(text);
    if (!parsed.ok()) throw CLI::ValidationError(name, std::string(parsed.status().message()));
    if (range.has && !range.has(*parsed)) {
      throw CLI::ValidationError(name, absl::StrCat("\"", text, "\" is out of range; must be ", range.text));
    }
    value = *std::move(parsed);
  };
  return section.app.add_option_function<std::string>(name, assign, help)->type_name(kind)->group(section.heading);
}

}  // namespace

void AddFlag(const Section& section, const std::string& name, bool& value, const std::string& help, bool given) {
  section.app
      .add_flag_function(
          name, [&value, given](int64_t) { value = given; }, help)
      ->group(section.heading);
}

void AddFlag(const Section& section, const std::string& name, std::optional<bool>& value, const std::string& help,
             bool given) {
  section.app
      .add_flag_function(
          name, [&value, given](int64_t) { value = given; }, help)
      ->group(section.heading);
}

void AddCount(const Section& section, const std::string& name, int64_t& value, const std::string& help,
              const CountRange& range) {
  Add(section, name, value, help, "N", &ParseCount, InRange(range))->default_str(absl::StrCat(value));
}

void AddCount(const Section& section, const std::string& name, std::optional<int64_t>& value, const std::string& help) {
  Add(section, name, value, help, "N", &ParseCount);
}

void AddThreads(const Section& section, int& value) {
  Add(section, "--threads", value, "CPU threads; 0: as many as are useful, at most the processors granted", "N",
      &ParseThreads)
      ->default_str(absl::StrCat(value));
}

void AddSeed(const Section& section, const std::string& name, uint64_t& value, const std::string& help) {
  Add(section, name, value, help, "N", &ParseSeed)->default_str(absl::StrCat(value));
}

void AddReal(const Section& section, const std::string& name, double& value, const std::string& help,
             const RealRange& range) {
  Add(section, name, value, help, "X", &ParseReal, InRange(range))->default_str(absl::StrCat(value));
}

void AddReal(const Section& section, const std::string& name, std::optional<double>& value, const std::string& help) {
  Add(section, name, value, help, "X", &ParseReal);
}

void AddShare(const Section& section, const std::string& name, double& value, const std::string& help,
              const RealRange& range) {
  Add(section, name, value, help, "SHARE", &ParseShare, InRange(range, Notation::kShare))
      ->default_str(absl::StrCat(100 * value, "%"));
}

void AddBytes(const Section& section, const std::string& name, std::optional<int64_t>& value, const std::string& help) {
  Add(section, name, value, help, "BYTES", &ParseSize);
}

void AddBytes(const Section& section, const std::string& name, int64_t& value, const std::string& help,
              const CountRange& range) {
  Add(section, name, value, help, "BYTES", &ParseSize, InRange(range))->default_str(absl::StrCat(value));
}

void AddSeconds(const Section& section, const std::string& name, double& value, const std::string& help,
                const RealRange& range) {
  const std::chrono::milliseconds initial(std::llround(1000 * value));
  Add(section, name, value, help, "DURATION", &ParseSeconds, InRange(range))
      ->default_str(initial.count() == 0 ? "" : FormatDuration(initial));
}

void AddMemory(const Section& section, const std::string& name, MemoryLimit& value, const std::string& help) {
  Add(section, name, value, help, "BYTES|SHARE%", &ParseMemory)->default_str("100%");
}

void AddInterval(const Section& section, const std::string& name, Interval& value, const std::string& help) {
  Add(section, name, value, help, "N|TIME", &ParseInterval);
}

void AddStrategy(const Section& section, const std::string& name, Strategy& value, const std::string& help) {
  Add(section, name, value, help, "NAME", &ParseStrategyName)->default_str(std::string(ToString(value)));
}

void AddText(const Section& section, const std::string& name, std::string& value, const std::string& help,
             const std::string& kind) {
  section.app.add_option(name, value, help)->type_name(kind)->group(section.heading)->default_str(value);
}

void AddSource(const Section& section, const std::string& name, const std::function<void(const std::string&)>& read,
               const std::string& help, const std::string& kind, const std::string& without) {
  CLI::App& app = section.app;
  const auto read_first = [&app, read](const std::string& source) {
    read(source);
    for (CLI::Option* option : app.get_options([](const CLI::Option* each) { return each->get_required(); })) {
      option->required(false);
    }
  };
  app.add_option_function<std::string>(name, read_first, help)
      ->type_name(kind)
      ->group(section.heading)
      ->trigger_on_parse()
      ->excludes(app.get_option(without));
}

void AddTarget(const Section& section, const std::string& name, std::string& value, const std::string& help) {
  section.app.add_option(name, value, help)
      ->type_name("TARGET")
      ->group(section.heading)
      ->default_str(value)
      ->check([](const std::string& target) { return std::string(CheckTarget(target).message()); }, "");
}

void AddTexts(const Section& section, const std::string& name, std::vector<std::string>& values,
              const std::string& help, const std::string& kind) {
  section.app.add_option(name, values, help)
      ->type_name(kind)
      ->group(section.heading)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void AddPositional(const Section& section, const std::string& name, std::string& value, const std::string& help,
                   const std::string& kind) {
  section.app.add_option(name, value, help)->type_name(kind)->required();
}

void AddPositional(const Section& section, const std::string& name, int64_t& value, const std::string& help,
                   const CountRange& range) {
  Add(section, name, value, help, "N", &ParseCount, InRange(range))->required();
}

void AddPositional(const Section& section, const std::string& name, MemoryLimit& value, const std::string& help) {
  Add(section, name, value, help, "BYTES|SHARE%|free", &ParseMemory)->required();
}

void AddPositionals(const Section& section, const std::string& name, std::vector<std::string>& values,
                    const std::string& help, const std::string& kind) {
  section.app.add_option(name, values, help)->type_name(kind);
}

void AddOneOf(const Section& section, const std::string& name, const std::vector<std::string>& names,
              const std::string& initial, const std::function<void(size_t)>& assign, const std::string& help,
              const std::string& kind) {
  const auto choose = [assign, names, name](const std::string& text) {
    const auto found = std::find(names.begin(), names.end(), text);
    if (found == names.end()) {
      throw CLI::ValidationError(name, absl::StrCat("\"", text, "\" is not ", absl::StrJoin(names, " or ")));
    }
    assign(static_cast<size_t>(found - names.begin()));
  };
  section.app.add_option_function<std::string>(name, choose, help)
      ->type_name(kind.empty() ? absl::StrJoin(names, "|") : kind)
      ->default_str(initial)
      ->group(section.heading);
}

void WhenParsed(CLI::App& app, const std::function<absl::Status()>& finish) {
  app.final_callback([finish] {
    if (const absl::Status status = finish(); !status.ok()) throw CLI::ValidationError(std::string(status.message()));
  });
}

void HideDefault(const Section& section, const std::string& name) { section.app.get_option(name)->default_str(""); }

void AcceptAnyWords(CLI::App& app) { app.allow_extras(); }

bool IsGiven(const CLI::App& app, const std::string& name) { return app.get_option(name)->count() > 0; }

}  // namespace recurve
