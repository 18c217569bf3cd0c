// SPDX-License-Identifier: Apache-2.0
//
// The link lengths into which a job's sequence may be split, and the memory of each. Nothing is planned or allocated
// here.
#ifndef RECURVE_EXECUTOR_JOB_LINK_SIZING_H_
#define RECURVE_EXECUTOR_JOB_LINK_SIZING_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "executor/backend/backend.h"
#include "executor/engine/trainer.h"
#include "executor/job/job_spec.h"
#include "planner_service/model/link_choice.h"
#include "planner_service/model/memory_ledger.h"
#include "planner_service/model/training_bytes.h"
#include "planner_service/planning/plan.h"

namespace recurve {

// The options of a job's trainer, with a link of 1: it has not been chosen. `process_bytes`: see TrainerOptions.
TrainerOptions OptionsOf(const JobSpec& spec, int64_t process_bytes = 0);

// The sizes of a job split into links of options.shape.link steps.
struct LinkSizing {
  TrainerOptions options;
  Ledger fixed;                                     // everything except the store
  LinkBytes link_bytes;                             // s and a
  int64_t store_all_store_bytes = 0;                // of the store, for store-all
  std::shared_ptr<const TrainableModel> differing;  // the model if its links differ, otherwise null

  int64_t links() const { return options.shape.links(); }
  int64_t store_all_bytes() const { return fixed.total() + store_all_store_bytes; }
};

// The sizes of the spec must not overflow (CheckCountable). Takes O(layers) time.
LinkSizing SizeLink(const JobSpec& spec, int64_t link, Backend& backend, int64_t process_bytes = 0);

// The links to measure, increasing: CandidateLinks, and their doublings up to `most_rows` (Backend::MostLinkRows). More
// rows hardly make the matrix products faster, and the working set grows.
struct MeasurableLinks {
  std::vector<int64_t> links;
  int64_t required = 1;  // as in CalibrationOptions: the candidates of at most 128 rows
};
MeasurableLinks LinksToMeasure(const JobSpec& spec, int64_t most_rows);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_JOB_LINK_SIZING_H_
