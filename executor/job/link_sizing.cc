// SPDX-License-Identifier: Apache-2.0
#include "executor/job/link_sizing.h"

#include <algorithm>
#include <utility>

#include "executor/job/chain_plan.h"
#include "planner_service/planning/strategies.h"

namespace recurve {

TrainerOptions OptionsOf(const JobSpec& spec, int64_t process_bytes) {
  return {.model = spec.task->Model(),
          .shape = {.length = spec.length, .link = 1, .batch = spec.batch, .ragged = spec.task->ragged()},
          .optimizer = spec.optimizer,
          .steps = spec.steps,
          .carry_state = CarriesState(spec),
          .host_states = spec.host_memory > 0,
          .dropout_seed = spec.seed,
          .process_bytes = process_bytes};
}

LinkSizing SizeLink(const JobSpec& spec, int64_t link, Backend& backend, int64_t process_bytes) {
  LinkSizing sizing{.options = OptionsOf(spec, process_bytes)};
  sizing.options.shape.link = link;
  sizing.fixed = FixedLedger(sizing.options, backend);
  sizing.link_bytes = MeasureLink(sizing.options, backend);
  std::shared_ptr<const TrainableModel> model =
      sizing.options.model(sizing.options.shape, TrainableModel::Use::kTraining, backend);
  sizing.store_all_store_bytes = model->links_differ()
                                     ? StoreAllBytes(*model)
                                     : TapeAllBytes(sizing.links(), sizing.link_bytes.state, sizing.link_bytes.tape);
  if (model->links_differ()) sizing.differing = std::move(model);
  return sizing;
}

MeasurableLinks LinksToMeasure(const JobSpec& spec, int64_t most_rows) {
  MeasurableLinks measurable{.links = CandidateLinks(spec.link, spec.length, spec.batch)};
  std::reverse(measurable.links.begin(), measurable.links.end());
  measurable.required = static_cast<int64_t>(measurable.links.size());
  if (spec.link > 0) return measurable;
  for (int64_t link = 2 * measurable.links.back(); link <= spec.length && link * spec.batch <= most_rows; link *= 2) {
    measurable.links.push_back(link);
  }
  return measurable;
}

}  // namespace recurve
