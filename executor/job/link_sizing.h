// SPDX-License-Identifier: Apache-2.0
//
// How a job's sequence may be cut into links, what each cut holds in memory, and which is taken. Nothing is planned or
// allocated here.
#ifndef RECURVE_EXECUTOR_JOB_LINK_SIZING_H_
#define RECURVE_EXECUTOR_JOB_LINK_SIZING_H_

#include <cstdint>
#include <limits>
#include <vector>

#include "absl/status/status.h"
#include "executor/backend/backend.h"
#include "executor/engine/ledger.h"
#include "executor/engine/trainer.h"
#include "executor/job/job_spec.h"
#include "planner_service/planning/plan.h"

namespace recurve {

// What the trainer needs to know of a job. The link is 1: it has not been chosen. `process_bytes`: see TrainerOptions.
TrainerOptions OptionsOf(const JobSpec& spec, int64_t process_bytes = 0);

// INVALID_ARGUMENT when the bytes of a job, whose sizes CheckSizes accepts, are beyond counting.
absl::Status CheckCountable(const JobSpec& spec);

// A job cut into links of options.shape.link steps.
struct LinkSizing {
  TrainerOptions options;
  Ledger fixed;                       // all but the store
  LinkBytes link_bytes;               // s and a
  int64_t store_all_store_bytes = 0;  // of the store, when every tape is kept

  int64_t links() const { return options.shape.links(); }
  int64_t store_all_bytes() const { return fixed.total() + store_all_store_bytes; }
};

// The spec must be countable. O(layers) time, whatever the sizes.
LinkSizing SizeLink(const JobSpec& spec, int64_t link, Backend& backend, int64_t process_bytes = 0);

// Where nothing was measured, the links to look at, in order: the spec's own (at most the length), or when it is 0
// about 128 rows (k B), halved down to 1.
std::vector<int64_t> CandidateLinks(const JobSpec& spec);

// Those, and doubled up to `most_rows` (Backend::MostLinkRows), increasing: the links to measure. Of more rows the
// matrix products are hardly faster, and the working set grows.
struct MeasurableLinks {
  std::vector<int64_t> links;
  int64_t required = 1;  // as in CalibrationOptions: the candidates of at most 128 rows
};
MeasurableLinks LinksToMeasure(const JobSpec& spec, int64_t most_rows);

// Chooses among the feasible candidates that are offered to it.
//
// With measured costs: the one of least predicted time, of equals the first. Without, of candidates in the order of
// CandidateLinks: the first that needs no more than one extra sweep (V <= 2 N); where there is none, the one that needs
// the fewest forwards per link. Fewer rows make the matrix products slower, longer links leave fewer bytes to the
// store.
class LinkChooser {
 public:
  explicit LinkChooser(bool measured) : measured_(measured) {}

  // Tells whether this candidate is the one to take of those offered so far.
  bool Offer(int64_t forward_count, int64_t links, const LinkCosts& costs) {
    const double time = measured_ ? PredictSeconds(forward_count, links, costs)
                                  : static_cast<double>(forward_count) / static_cast<double>(links);
    if (settled() || time >= best_) return false;
    best_ = time;
    return true;
  }
  bool settled() const { return !measured_ && best_ <= 2; }  // no later candidate will be taken

 private:
  const bool measured_;
  double best_ = std::numeric_limits<double>::infinity();
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_JOB_LINK_SIZING_H_
