// SPDX-License-Identifier: Apache-2.0
#include "executor/job/link_cost_cache.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "executor/data/atomic_file.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

constexpr char kHeader[] = "recurve link costs 2";  // first line; then lines of key TAB seconds since 1970 {TAB link}
constexpr int64_t kMaxFileBytes = 4 << 20;
constexpr double kMaxSeconds = 1e9;

std::string ProcessorName() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (absl::StartsWith(line, "model name")) return line.substr(std::min(line.size(), line.find(':') + 1));
  }
  return "";
}

bool ReadSeconds(absl::string_view text, double& seconds) {
  return absl::SimpleAtod(text, &seconds) && seconds > 0 && seconds <= kMaxSeconds;
}

std::string LinkText(const MeasuredLink& link) {
  return absl::StrFormat("%d %.17g %.17g %.17g %.17g", link.link, link.forward_seconds, link.taped_forward_seconds,
                         link.backward_seconds, link.batch_seconds);
}

std::optional<MeasuredLink> ReadLink(absl::string_view text) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, ' ');
  MeasuredLink link;
  if (parts.size() == 5 && absl::SimpleAtoi(parts[0], &link.link) && link.link >= 1 &&
      ReadSeconds(parts[1], link.forward_seconds) && ReadSeconds(parts[2], link.taped_forward_seconds) &&
      ReadSeconds(parts[3], link.backward_seconds) && ReadSeconds(parts[4], link.batch_seconds)) {
    return link;
  }
  return std::nullopt;
}

}  // namespace

LinkCostKey KeyOf(const std::string& model, const CalibrationOptions& options, const Backend& backend) {
  return {.model = model, .batch = options.batch, .links = options.links, .device = backend.Describe()};
}

std::string ToString(const LinkCostKey& key) {
  // The binding names every field: adding a field breaks compilation until the key includes it.
  const auto& [model, batch, links, device] = key;
  std::string text = absl::StrCat(model, ", batch ", batch, ", links ", absl::StrJoin(links, " "), ", on ", device, ",",
                                  ProcessorName());
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return absl::ascii_iscntrl(c); }, ' ');
  return text;
}

LinkCostCache::LinkCostCache(std::string path, std::function<absl::Time()> clock)
    : path_(std::move(path)), clock_(std::move(clock)), entries_(ReadFile()) {
  Trim(entries_);
}

std::optional<std::vector<MeasuredLink>> LinkCostCache::Find(const LinkCostKey& key) {
  const MutexLock lock(mutex_);
  const auto found = entries_.find(ToString(key));
  if (found == entries_.end() || clock_() - found->second.time > kMaxAge) return std::nullopt;
  const std::vector<MeasuredLink>& links = found->second.links;
  const bool begins_alike = std::equal(links.begin(), links.end(), key.links.begin(),
                                       key.links.begin() + std::min(links.size(), key.links.size()),
                                       [](const MeasuredLink& a, int64_t b) { return a.link == b; });
  return begins_alike ? std::optional(links) : std::nullopt;
}

void LinkCostCache::Put(const LinkCostKey& key, const std::vector<MeasuredLink>& links, double load) {
  const MutexLock lock(mutex_);
  // Backdated under load, so that it expires soon and is evicted first.
  const absl::Time time = load <= kMostLoad ? clock_() : clock_() - (kMaxAge - kMaxAgeUnderLoad);
  Update([&](Entries& entries) { entries.insert_or_assign(ToString(key), Entry{time, links}); });
}

void LinkCostCache::Forget(const LinkCostKey& key) {
  const MutexLock lock(mutex_);
  Update([&](Entries& entries) { entries.erase(ToString(key)); });
}

void LinkCostCache::Update(const std::function<void(Entries&)>& change) {
  const auto apply = [&](Entries& entries) {
    change(entries);
    Trim(entries);
  };
  apply(entries_);
  if (path_.empty()) return;
  Entries in_file = ReadFile();  // other processes may have added entries
  apply(in_file);
  WriteFile(in_file);
}

void LinkCostCache::Trim(Entries& entries) const {
  const absl::Time now = clock_();
  std::erase_if(entries, [&](const auto& entry) { return now - entry.second.time > kMaxAge; });
  while (static_cast<int64_t>(entries.size()) > kMaxEntries) {
    entries.erase(std::min_element(entries.begin(), entries.end(),
                                   [](const auto& a, const auto& b) { return a.second.time < b.second.time; }));
  }
}

LinkCostCache::Entries LinkCostCache::ReadFile() const {
  std::error_code error;
  // A pipe might never end, and a large file is not a cache.
  if (path_.empty() || !std::filesystem::is_regular_file(path_, error) ||
      std::filesystem::file_size(path_, error) > static_cast<uintmax_t>(kMaxFileBytes)) {
    return {};
  }
  std::ifstream file(path_);
  std::string line;
  if (!std::getline(file, line) || line != kHeader) return {};
  Entries entries;
  const absl::Time now = clock_();
  while (std::getline(file, line) && !file.eof()) {  // an unterminated line may be truncated
    const std::vector<absl::string_view> parts = absl::StrSplit(line, '\t');
    int64_t seconds = 0;
    if (parts.size() < 3 || !absl::SimpleAtoi(parts[1], &seconds)) continue;
    Entry entry{.time = absl::FromUnixSeconds(seconds)};
    for (size_t i = 2; i < parts.size(); ++i) {
      if (const std::optional<MeasuredLink> link = ReadLink(parts[i])) entry.links.push_back(*link);
    }
    if (entry.links.size() + 2 == parts.size() && entry.time <= now) {
      entries.insert_or_assign(std::string(parts[0]), std::move(entry));
    }
  }
  return entries;
}

void LinkCostCache::WriteFile(const Entries& entries) const {
  std::string text = absl::StrCat(kHeader, "\n");
  for (const auto& [key, entry] : entries) {
    absl::StrAppend(&text, key, "\t", absl::ToUnixSeconds(entry.time));
    for (const MeasuredLink& link : entry.links) absl::StrAppend(&text, "\t", LinkText(link));
    text += '\n';
  }
  std::error_code ignored;
  std::filesystem::create_directories(std::filesystem::path(path_).parent_path(), ignored);
  WriteFileAtomically(path_, text).IgnoreError();
}

absl::StatusOr<std::vector<MeasuredLink>> FindOrMeasure(const LinkCostKey& key, const CalibrationOptions& options,
                                                        bool measure_again, LinkCostCache& cache, Backend& backend,
                                                        const CancelCheck& cancelled) {
  if (!measure_again) {
    if (std::optional<std::vector<MeasuredLink>> known = cache.Find(key)) return *std::move(known);
  }
  ASSIGN_OR_RETURN(Calibration measured, Calibrate(options, backend, cancelled));
  cache.Put(key, measured.links, measured.load);
  return std::move(measured.links);
}

std::string LinkCostCachePath() {
  const auto variable = [](const char* name) {
    return std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nothing here changes the environment
  };
  const auto in = [](const std::string& folder) { return (std::filesystem::path(folder) / "link-costs").string(); };
  if (const char* folder = variable("RECURVE_CACHE")) return *folder == '\0' ? "" : in(folder);
  // Relative paths in XDG_CACHE_HOME are to be ignored (XDG Base Directory Specification).
  if (const char* folder = variable("XDG_CACHE_HOME"); folder != nullptr && *folder == '/') {
    return in(absl::StrCat(folder, "/recurve"));
  }
  const char* home = variable("HOME");
  return home == nullptr || *home == '\0' ? "" : in(absl::StrCat(home, "/.cache/recurve"));
}

}  // namespace recurve
