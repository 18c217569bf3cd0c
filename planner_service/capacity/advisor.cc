// SPDX-License-Identifier: Apache-2.0
#include "planner_service/capacity/advisor.h"

namespace recurve {

void VisitFields(ChainWorkload& chain, FieldVisitor& visitor) {
  visitor.Count({.name = "length", .help = "links of the chain", .required = true}, {1, kMaxChainLength}, chain.length);
  visitor.Count({.name = "state_bytes",
                 .help = "size of one state, such as 512KiB",
                 .notation = Notation::kBytes,
                 .required = true},
                {1, kMaxBytes}, chain.state_bytes);
  visitor.Count({.name = "tape_bytes",
                 .help = "size of one link's tape; 0 is allowed",
                 .notation = Notation::kBytes,
                 .required = true},
                {0, kMaxBytes}, chain.tape_bytes);
  visitor.Count({.name = "fixed_bytes", .help = "held besides stored states and tapes", .notation = Notation::kBytes},
                {0, kMaxBytes}, chain.fixed_bytes);
  visitor.Fields({"costs"}, chain.costs);
}

void VisitFields(ModelWorkload::LinkChoice& choice, FieldVisitor& visitor) {
  visitor.Count({.name = "link", .required = true}, {1, kMaxChainLength}, choice.link);
  visitor.Fields({.name = "costs", .required = true}, choice.costs);
}

void VisitFields(ModelWorkload& workload, FieldVisitor& visitor) {
  visitor.Fields({"model"}, workload.model);
  visitor.Enum({"optimizer", "whose state is held"}, kOptimizerNames, workload.optimizer);
  visitor.Count({"batch", "sequences in a batch"}, {1, kMaxBatch}, workload.batch);
  visitor.Count({"length", "steps of a sequence"}, {1, kMaxChainLength}, workload.length);
  visitor.Count({"link", "steps in a link, the unit of planning; 0: chosen"}, {0, kMaxChainLength}, workload.link);
  visitor.Flag({"carry_state", "start each batch from a state of zeros, not from the last state of the one before",
                "!--reset-state"},
               workload.carry_state);
  visitor.Fields({"link_costs"}, {0, kMaxLinkChoices}, workload.link_costs);
}

void VisitFields(Workload& workload, FieldVisitor& visitor) {
  if (auto* chain = visitor.Alternative<ChainWorkload>({"chain"}, workload)) visitor.Fields({"chain"}, *chain);
  if (auto* model = visitor.Alternative<ModelWorkload>({"model"}, workload)) visitor.Fields({"model"}, *model);
}

void VisitFields(KindBytes& part, FieldVisitor& visitor) {
  visitor.Text({"kind"}, part.kind);
  visitor.Count({"bytes"}, kNotNegative, part.bytes);
}

void VisitFields(Sizing& sizing, FieldVisitor& visitor) {
  constexpr int64_t kMaxKinds = 64;  // there are fewer, and later versions may have more
  visitor.Count({"link"}, {1, kMaxChainLength}, sizing.link);
  visitor.Count({"links"}, {1, kMaxChainLength}, sizing.links);
  visitor.Count({"state_bytes"}, kNotNegative, sizing.state_bytes);
  visitor.Count({"tape_bytes"}, kNotNegative, sizing.tape_bytes);
  visitor.Count({"fixed_bytes"}, kNotNegative, sizing.fixed_bytes);
  visitor.Count({"store_all_bytes"}, kNotNegative, sizing.store_all_bytes);
  visitor.Fields({"fixed_by_kind"}, {0, kMaxKinds}, sizing.fixed_by_kind);
}

void VisitFields(Advice& advice, FieldVisitor& visitor) {
  visitor.Flag({"feasible"}, advice.feasible);
  visitor.Enum({"strategy"}, kStrategyNames, advice.strategy);
  visitor.Fields({.name = "sizing", .required = true}, advice.sizing);
  visitor.Count({"least_bytes"}, kNotNegative, advice.least_bytes);
  visitor.Count({"budget_bytes"}, kNotNegative, advice.budget_bytes);
  visitor.Count({"peak_bytes"}, kNotNegative, advice.peak_bytes);
  visitor.Count({"forward_count"}, kNotNegative, advice.forward_count);
  visitor.Count({"forward_count_lower_bound"}, kNotNegative, advice.forward_count_lower_bound);
  visitor.Real({"slowdown"}, kNotBelowZero, advice.slowdown);
  visitor.Real({"predicted_seconds"}, kNotBelowZero, advice.predicted_seconds);
}

void VisitFields(CurvePoint& corner, FieldVisitor& visitor) {
  visitor.Count({"budget_bytes"}, kNotNegative, corner.budget_bytes);
  visitor.Count({"link"}, {1, kMaxChainLength}, corner.link);
  visitor.Count({"forward_count"}, {.least = 1}, corner.forward_count);
  visitor.Real({"slowdown"}, {.least = 1}, corner.slowdown);
}

void VisitFields(Curve& curve, FieldVisitor& visitor) {
  visitor.Enum({"strategy"}, kStrategyNames, curve.strategy);
  visitor.Fields({"corners"}, {0, kMaxCurvePoints}, curve.corners);
  visitor.Flag({"complete"}, curve.complete);
}

}  // namespace recurve
