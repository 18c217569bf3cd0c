// SPDX-License-Identifier: Apache-2.0
#include "client/cli/suggestion.h"

#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "planner_service/text/nearest_name.h"

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
  std::vector<std::string> names;
  for (const Candidate& candidate : candidates) names.push_back(candidate.name);
  const int nearest = NearestName(name, names);
  return nearest < 0 ? "" : candidates[static_cast<size_t>(nearest)].in_full;
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
