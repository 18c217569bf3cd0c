// SPDX-License-Identifier: Apache-2.0
//
// How a job's sequence may be cut into links, what each cut holds in memory, and which is taken. Nothing is planned or
// allocated here.
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

// What the trainer needs to know of a job. The link is 1: it has not been chosen. `process_bytes`: see TrainerOptions.
TrainerOptions OptionsOf(const JobSpec& spec, int64_t process_bytes = 0);

// A job cut into links of options.shape.link steps.
struct LinkSizing {
  TrainerOptions options;
  Ledger fixed;                                     // all but the store
  LinkBytes link_bytes;                             // s and a
  int64_t store_all_store_bytes = 0;                // of the store, when every tape is kept
  std::shared_ptr<const TrainableModel> differing;  // the model, where its links differ; null: they are alike

  int64_t links() const { return options.shape.links(); }
  int64_t store_all_bytes() const { return fixed.total() + store_all_store_bytes; }
};

// The spec must be countable. O(layers) time, whatever the sizes.
LinkSizing SizeLink(const JobSpec& spec, int64_t link, Backend& backend, int64_t process_bytes = 0);

// CandidateLinks, and doubled up to `most_rows` (Backend::MostLinkRows), increasing: the links to measure. Of more rows
// the matrix products are hardly faster, and the working set grows.
struct MeasurableLinks {
  std::vector<int64_t> links;
  int64_t required = 1;  // as in CalibrationOptions: the candidates of at most 128 rows
};
MeasurableLinks LinksToMeasure(const JobSpec& spec, int64_t most_rows);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_JOB_LINK_SIZING_H_
