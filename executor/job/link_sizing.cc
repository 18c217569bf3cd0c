// SPDX-License-Identifier: Apache-2.0
#include "executor/job/link_sizing.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "planner_service/planning/strategies.h"

namespace recurve {
namespace {

constexpr int64_t kRowsPerLink = 128;  // k B, from which on the matrix products run at about full speed

}  // namespace

TrainerOptions OptionsOf(const JobSpec& spec, int64_t process_bytes) {
  const bool ragged = spec.sequences == Sequences::kLines;
  return {.model = {.cell = spec.cell,
                    .layers = spec.layers,
                    .hidden = spec.hidden,
                    .embedding = spec.embedding == 0 ? spec.hidden : spec.embedding,
                    .residual = spec.residual,
                    .layer_norm = spec.layer_norm,
                    .dropout = spec.dropout,
                    .recurrent_dropout = spec.recurrent_dropout},
          .shape = {.length = spec.length, .link = 1, .batch = spec.batch, .ragged = ragged},
          .optimizer = spec.optimizer,
          .steps = spec.steps,
          .carry_state = CarriesState(spec),
          .host_states = spec.host_memory > 0,
          .dropout_seed = spec.seed,
          .process_bytes = process_bytes};
}

absl::Status CheckCountable(const JobSpec& spec) {
  const CellGeometry cell = GeometryOf(spec.cell);
  const double floats = static_cast<double>(cell.tape + cell.states) * static_cast<double>(spec.length) *
                        static_cast<double>(spec.batch) * static_cast<double>(spec.hidden) *
                        static_cast<double>(spec.layers);
  if (floats * sizeof(float) <= static_cast<double>(kMaxBytes)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("length ", spec.length, ", batch ", spec.batch, ", hidden ", spec.hidden, " and layers ",
                   spec.layers, " make activations of more than ", kMaxBytes, " bytes; lower one of them"));
}

LinkSizing SizeLink(const JobSpec& spec, int64_t link, Backend& backend, int64_t process_bytes) {
  LinkSizing sizing{.options = OptionsOf(spec, process_bytes)};
  sizing.options.shape.link = link;
  sizing.fixed = FixedLedger(sizing.options, backend);
  sizing.link_bytes = MeasureLink(sizing.options);
  sizing.store_all_store_bytes = TapeAllBytes(sizing.links(), sizing.link_bytes.state, sizing.link_bytes.tape);
  return sizing;
}

std::vector<int64_t> CandidateLinks(const JobSpec& spec) {
  if (spec.link > 0) return {std::min(spec.link, spec.length)};
  std::vector<int64_t> links;
  for (int64_t link = std::clamp<int64_t>((kRowsPerLink + spec.batch - 1) / spec.batch, 1, spec.length); link >= 1;
       link /= 2) {
    links.push_back(link);
  }
  return links;
}

MeasurableLinks LinksToMeasure(const JobSpec& spec, int64_t most_rows) {
  MeasurableLinks measurable{.links = CandidateLinks(spec)};
  std::reverse(measurable.links.begin(), measurable.links.end());
  measurable.required = static_cast<int64_t>(measurable.links.size());
  if (spec.link > 0) return measurable;
  for (int64_t link = 2 * measurable.links.back(); link <= spec.length && link * spec.batch <= most_rows; link *= 2) {
    measurable.links.push_back(link);
  }
  return measurable;
}

}  // namespace recurve
