// SPDX-License-Identifier: Apache-2.0
#include "executor/task/task.h"

namespace recurve {

void VisitFields(Metric& metric, FieldVisitor& visitor) {
  visitor.Text({"name"}, metric.name);
  visitor.Real({"value"}, {}, metric.value);
  visitor.Text({"unit"}, metric.unit);
}

void VisitFields(SequenceSummary& sequences, FieldVisitor& visitor) {
  visitor.Count({"count"}, {}, sequences.count);
  visitor.Count({"empty"}, {}, sequences.empty);
  visitor.Count({"cut"}, {}, sequences.cut);
  visitor.Count({"shortest"}, {}, sequences.shortest);
  visitor.Count({"median"}, {}, sequences.median);
  visitor.Count({"longest"}, {}, sequences.longest);
  visitor.Count({"held_out"}, {}, sequences.held_out);
}

void VisitFields(DataSummary& data, FieldVisitor& visitor) {
  visitor.Text({"unit"}, data.unit);
  visitor.Count({"train"}, {}, data.train);
  visitor.Count({"held_out"}, {}, data.held_out);
  visitor.Fields({"sequences"}, data.sequences);
}

}  // namespace recurve
