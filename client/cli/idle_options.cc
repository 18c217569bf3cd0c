// SPDX-License-Identifier: Apache-2.0
#include "client/cli/idle_options.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace recurve {
namespace {

constexpr char kNone[] = "";

// `option` has no effect if `other` has `value`. --dry-run is not here: it can be added to any command line, and train
// reports what it ignores. Neither is --seed with --temperature 0: the output is reproducible, as a seed promises.
struct IdleRule {
  const char* option;
  const char* other;
  const char* value;
};

constexpr IdleRule kIdleRules[] = {
    {"--momentum", "--optimizer", "adamw"},
    {"--beta1", "--optimizer", "sgd"},
    {"--beta2", "--optimizer", "sgd"},
    {"--residual", "--layers", "1"},
    {"--reset-state", "--sequences", "lines"},
    {"--evaluate-every", "--holdout", "0"},
    {"--compare-time", "--compare", "0"},
    {"--threads", "--device", "cuda"},
    {"--host-write-cost", "--host-memory", kNone},
    {"--force-data", "--resume", kNone},
    {"--ca-file", "--planner", kNone},
    {"--cert-file", "--planner", kNone},
    {"--key-file", "--planner", kNone},
    {"--token-file", "--planner", kNone},
    {"--batch", "--dimension", "batch"},
    {"--length", "--dimension", "length"},
    {"--hidden", "--dimension", "hidden"},
};

bool HasValue(const OptionModel& option, const std::string& value) {
  if (value == kNone) return option.value.empty();
  double number = 0;
  double wanted = 0;
  if (absl::SimpleAtod(option.value, &number) && absl::SimpleAtod(value, &wanted)) return number == wanted;
  return option.value == value || absl::StartsWith(option.value, absl::StrCat(value, ":"));  // cuda:1 is cuda
}

}  // namespace

absl::Status CheckIdleOptions(const CommandModel& command) {
  for (const IdleRule& rule : kIdleRules) {
    const OptionModel* option = command.FindOption(rule.option);
    const OptionModel* other = command.FindOption(rule.other);
    // doctor, which also has --executor, takes the files of TLS for either daemon, and checks them without one.
    if (std::string(rule.other) == "--planner" && command.FindOption("--executor") != nullptr) continue;
    if (option == nullptr || !option->given || other == nullptr || !HasValue(*other, rule.value)) continue;
    const bool missing = std::string(rule.value) == kNone;
    return absl::InvalidArgumentError(
        missing ? absl::StrCat(rule.option, " has no effect without ", rule.other, "; give that too, or leave it out")
                : absl::StrCat(rule.option, " has no effect with ", rule.other, " ", other->value, "; leave it out"));
  }
  return absl::OkStatus();
}

}  // namespace recurve
