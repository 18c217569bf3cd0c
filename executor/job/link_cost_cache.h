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

// All that measured link costs depend on. Links are measured together or not at all, so that what else the machine did
// meanwhile cannot favour one of them.
struct LinkCostKey {
  std::string model;  // TaskOptions::Describe
  int64_t batch = 1;
  std::vector<int64_t> links;  // the candidates
  std::string device;          // Backend::Describe(), which names instruction set and threads, or GPU and precision
};

LinkCostKey KeyOf(const std::string& model, const CalibrationOptions& options, const Backend& backend);

// One line without tabs. Names the machine's processor besides, since a cache may lie in a home that machines share.
std::string ToString(const LinkCostKey& key);

// Remembers measured link costs: in memory, and, with a path, in a file for the processes that come after. The file is
// a convenience: one that cannot be read, or is not of this format, counts as empty, and one that cannot be written is
// left. It is replaced whole, so readers see an old or a new one; of two processes that write at once one may lose what
// it added, which is measured again. Thread-safe.
class LinkCostCache {
 public:
  static constexpr int64_t kMaxEntries = 1000;  // the oldest go first
  static constexpr absl::Duration kMaxAge = absl::Hours(24 * 30);
  // Of what was measured while others used the machine: for those who ask at once, not for those who come later.
  static constexpr absl::Duration kMaxAgeUnderLoad = absl::Minutes(1);
  static constexpr double kMostLoad = 1 + PredictionDrift::kTolerance;  // of what is kept for kMaxAge

  // Empty `path`: in memory only.
  explicit LinkCostCache(
      std::string path = "", std::function<absl::Time()> clock = [] { return absl::Now(); });

  const std::string& path() const { return path_; }

  // In the order of key.links; only the first of them when there was no time for the others. None: to be measured.
  std::optional<std::vector<MeasuredLink>> Find(const LinkCostKey& key);
  // `load` as in Calibration.
  void Put(const LinkCostKey& key, const std::vector<MeasuredLink>& links, double load = 1);
  // The costs turned out not to be those of this machine any more.
  void Forget(const LinkCostKey& key);

 private:
  struct Entry {
    absl::Time time;
    std::vector<MeasuredLink> links;
  };
  using Entries = std::map<std::string, Entry>;

  Entries ReadFile() const;
  void WriteFile(const Entries& entries) const;
  // Applies `change` to what is known here and in the file, and drops what is too old or too much.
  void Update(const std::function<void(Entries&)>& change) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Trim(Entries& entries) const;

  const std::string path_;
  const std::function<absl::Time()> clock_;
  Mutex mutex_;
  Entries entries_ ABSL_GUARDED_BY(mutex_);
};

// What the cache knows, unless it is to be measured again; otherwise what Calibrate measures, which is put into the
// cache.
absl::StatusOr<std::vector<MeasuredLink>> FindOrMeasure(const LinkCostKey& key, const CalibrationOptions& options,
                                                        bool measure_again, LinkCostCache& cache, Backend& backend,
                                                        const CancelCheck& cancelled);

// Where the cache of this user lies: link-costs in $RECURVE_CACHE, or in recurve/ in $XDG_CACHE_HOME or $HOME/.cache.
// Empty, for none, when $RECURVE_CACHE is set to nothing or there is no home.
std::string LinkCostCachePath();

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_JOB_LINK_COST_CACHE_H_
