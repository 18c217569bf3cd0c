// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_JOB_LINK_COST_CACHE_H_
#define RECURVE_EXECUTOR_JOB_LINK_COST_CACHE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "executor/backend/backend.h"
#include "executor/engine/calibration.h"
#include "executor/job/prediction_drift.h"
#include "planner_service/process/mutex.h"

namespace recurve {

// Everything that measured link costs depend on. All candidate links are measured together, so that other load on the
// machine does not favor one of them.
struct LinkCostKey {
  std::string model;  // TaskOptions::Describe
  int64_t batch = 1;
  std::vector<int64_t> links;  // the candidates
  std::string device;          // Backend::Describe(): instruction set and threads, or GPU and precision
};

LinkCostKey KeyOf(const std::string& model, const CalibrationOptions& options, const Backend& backend);

// One line without tabs. Includes the processor model, since machines may share the home directory of the cache.
std::string ToString(const LinkCostKey& key);

// A cache of measured link costs, in memory and optionally in a file shared with later processes. Errors of the file
// are ignored: an unreadable or malformed file counts as empty. The file is replaced atomically; if two processes write
// at once, the entry of one may be lost and is measured again. Thread-safe.
class LinkCostCache {
 public:
  static constexpr int64_t kMaxEntries = 1000;  // the oldest are evicted first
  static constexpr absl::Duration kMaxAge = absl::Hours(24 * 30);
  // For costs measured under load from other processes.
  static constexpr absl::Duration kMaxAgeUnderLoad = absl::Minutes(1);
  static constexpr double kMostLoad = 1 + PredictionDrift::kTolerance;  // beyond this, kMaxAgeUnderLoad applies

  // An empty `path` means in memory only.
  explicit LinkCostCache(
      std::string path = "", std::function<absl::Time()> clock = [] { return absl::Now(); });

  const std::string& path() const { return path_; }

  // The costs of key.links, in order; only of the first ones if there was no time to measure the others. None if
  // unknown.
  std::optional<std::vector<MeasuredLink>> Find(const LinkCostKey& key);
  // `load`: see Calibration.
  void Put(const LinkCostKey& key, const std::vector<MeasuredLink>& links, double load = 1);
  // Removes outdated costs.
  void Forget(const LinkCostKey& key);

 private:
  struct Entry {
    absl::Time time;
    std::vector<MeasuredLink> links;
  };
  using Entries = std::map<std::string, Entry>;

  Entries ReadFile() const;
  void WriteFile(const Entries& entries) const;
  // Applies `change` to the entries in memory and in the file, and evicts old and excess entries.
  void Update(const std::function<void(Entries&)>& change) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Trim(Entries& entries) const;

  const std::string path_;
  const std::function<absl::Time()> clock_;
  Mutex mutex_;
  Entries entries_ ABSL_GUARDED_BY(mutex_);
};

// Returns the cached costs, unless `measure_again`; otherwise measures them with Calibrate and caches them.
absl::StatusOr<std::vector<MeasuredLink>> FindOrMeasure(const LinkCostKey& key, const CalibrationOptions& options,
                                                        bool measure_again, LinkCostCache& cache, Backend& backend,
                                                        const CancelCheck& cancelled);

// The path of the user's cache: link-costs in $RECURVE_CACHE, or in recurve/ in $XDG_CACHE_HOME or $HOME/.cache. Empty,
// for no file, if $RECURVE_CACHE is empty or there is no home directory.
std::string LinkCostCachePath();

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_JOB_LINK_COST_CACHE_H_
