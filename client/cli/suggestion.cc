// SPDX-License-Identifier: Apache-2.0
#include "client/cli/suggestion.h"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace recurve {
namespace {

// Names of our options in other tools and earlier versions; in order of preference.
constexpr std::pair<const char*, const char*> kOtherNames[] = {
    {"--epochs", "--steps"},
    {"--iterations", "--steps"},
    {"--iters", "--steps"},
    {"--max-steps", "--steps"},
    {"--max-iters", "--steps"},
    {"--num-steps", "--steps"},
    {"--timeout", "--max-time"},
    {"--lr", "--learning-rate"},
    {"--schedule", "--learning-rate-schedule"},
    {"--lr-schedule", "--learning-rate-schedule"},
    {"--lr-scheduler", "--learning-rate-schedule"},
    {"--warmup-steps", "--warmup"},
    {"--grad-clip", "--clip-norm"},
    {"--batch-size", "--batch"},
    {"--bptt", "--length"},
    {"--context", "--length"},
    {"--seq-len", "--length"},
    {"--seq-length", "--length"},
    {"--sequence-length", "--length"},
    {"--hidden-size", "--hidden"},
    {"--emsize", "--embedding"},
    {"--embedding-size", "--embedding"},
    {"--num-layers", "--layers"},
    {"--nlayers", "--layers"},
    {"--model", "--cell"},
    {"--validation-split", "--holdout"},
    {"--input", "--data"},
    {"--file", "--data"},
    {"--train", "--data"},
    {"--text", "--data"},
    {"--out", "--save"},
    {"--output", "--save"},
    {"-o", "--save"},
    {"--output", "--svg"},
    {"-o", "--svg"},
    {"--checkpoint", "--model"},
    {"--checkpoint-interval", "--checkpoint-every"},
    {"--save-every", "--checkpoint-every"},
    {"--gpu", "--device"},
    {"--dtype", "--precision"},
    {"--budget", "--memory"},
    {"--budget-bytes", "--memory"},
    {"--device-bytes", "--memory"},
    {"--memory-limit", "--memory"},
    {"--mem", "--memory"},
    {"--host-bytes", "--host-memory"},
    {"--corners", "--points"},
    {"--forward-seconds", "--forward-cost"},
    {"--taped-forward-seconds", "--taped-forward-cost"},
    {"--backward-seconds", "--backward-cost"},
    {"--carry-state", "--reset-state"},
    {"--num-samples", "--bytes"},
    {"--tokens", "--bytes"},
    {"--host", "--executor"},
    {"--server", "--executor"},
    {"--jobs", "--threads"},
    {"-j", "--threads"},
    {"-v", "--version"},
    {"-V", "--version"},
    {"help", "--help"},
    {"ls", "jobs"},
    {"list", "jobs"},
    {"status", "jobs"},
    {"ps", "jobs"},
    {"kill", "cancel"},
    {"stop", "cancel"},
    {"run", "train"},
    {"learn", "train"},
    {"generate", "sample"},
    {"evaluate", "eval"},
    {"test", "eval"},
    {"follow", "watch"},
    {"logs", "watch"},
};

// Damerau-Levenshtein distance (optimal string alignment).
size_t EditDistance(const std::string& from, const std::string& to) {
  std::vector<size_t> before, last(to.size() + 1), next(to.size() + 1);
  std::iota(last.begin(), last.end(), 0);
  for (size_t i = 0; i < from.size(); ++i) {
    next[0] = i + 1;
    for (size_t j = 0; j < to.size(); ++j) {
      next[j + 1] = std::min({last[j + 1] + 1, next[j] + 1, last[j] + (from[i] == to[j] ? 0 : 1)});
      const bool swapped = i > 0 && j > 0 && from[i] == to[j - 1] && from[i - 1] == to[j];
      if (swapped) next[j + 1] = std::min(next[j + 1], before[j - 1] + 1);
    }
    before = std::exchange(last, next);
  }
  return last.back();
}

struct Candidate {
  std::string name;
  std::string in_full;  // as suggested
};

// Adds all commands below `command`, whose full name is `in_full`.
void AddCommands(const CommandModel& command, const std::string& in_full, std::vector<Candidate>& candidates) {
  for (const CommandModel& inner : command.commands) {
    candidates.push_back({inner.name, absl::StrCat(in_full, " ", inner.name)});
  }
  for (const CommandModel& inner : command.commands) {
    AddCommands(inner, absl::StrCat(in_full, " ", inner.name), candidates);
  }
}

std::string BestOf(const std::vector<Candidate>& candidates, const std::string& name) {
  for (const auto& [other, ours] : kOtherNames) {
    if (name != other) continue;
    for (const Candidate& candidate : candidates) {
      if (candidate.name == ours) return candidate.in_full;
    }
  }
  constexpr size_t kShortestBeginning = 3;
  std::string best;
  size_t least = std::max<size_t>(1, name.size() / 3) + 1;  // more edits make another word
  for (const Candidate& candidate : candidates) {
    const bool beginning = name.size() >= kShortestBeginning && name != "--" && absl::StartsWith(candidate.name, name);
    const size_t distance = beginning ? 0 : EditDistance(name, candidate.name);
    if (distance >= least) continue;
    least = distance;
    best = candidate.in_full;
  }
  return best;
}

}  // namespace

std::string SuggestionFor(const CommandPath& path, const std::string& word) {
  const std::string name = word.substr(0, word.find('='));
  std::vector<Candidate> candidates;
  for (const OptionModel& option : path.last().options) candidates.push_back({option.name, option.name});
  AddCommands(path.last(), path.name(), candidates);
  std::string best = BestOf(candidates, name);
  if (!best.empty() || absl::StartsWith(name, "-")) return best;
  candidates.clear();
  AddCommands(*path.commands.front(), path.commands.front()->name, candidates);
  return BestOf(candidates, name);
}

}  // namespace recurve
