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

namespace recurve {

// What the trainer needs to know of a job. The link is 1: it has not been chosen.
TrainerOptions OptionsOf(const JobSpec& spec);

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
LinkSizing SizeLink(const JobSpec& spec, int64_t link, Backend& backend);

// The links to look at, in order: the spec's own (at most the length), or when it is 0 about 128 rows (k B), halved
// down to 1.
std::vector<int64_t> CandidateLinks(const JobSpec& spec);

// Chooses among candidates in that order: the first that needs no more than one extra sweep (V <= 2 N); where there is
// none, the one that needs the fewest forwards per link. Fewer rows make the matrix products slower, longer links leave
// fewer bytes to the store.
class LinkRule {
 public:
  // Tells whether a feasible candidate is the one to take of those offered so far.
  bool Offer(int64_t forward_count, int64_t links) {
    const double forwards_per_link = static_cast<double>(forward_count) / static_cast<double>(links);
    if (settled() || forwards_per_link >= best_) return false;
    best_ = forwards_per_link;
    return true;
  }
  bool settled() const { return best_ <= 2; }  // no later candidate will be taken

 private:
  double best_ = std::numeric_limits<double>::infinity();
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_JOB_LINK_SIZING_H_
