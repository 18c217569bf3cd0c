// SPDX-License-Identifier: Apache-2.0
#include "client/cli/workload_json.h"

#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

template <typename Kind>
absl::StatusOr<Workload> ReadWorkload(JsonReader& reader) {
  Kind workload;
  VisitFields(workload, reader);
  RETURN_IF_ERROR(reader.End());
  return workload;
}

}  // namespace

Json WorkloadJson(const Workload& workload) {
  return std::visit([](const auto& kind) { return FieldsJson(kind); }, workload);
}

absl::StatusOr<Workload> ParseWorkload(const Json& json) {
  JsonReader reader(json, "workload");
  reader.Find("name");
  if (reader.Find("state_bytes") != nullptr) return ReadWorkload<ChainWorkload>(reader);
  if (reader.Find("model") == nullptr) reader.Fail("model", "is missing; so is \"state_bytes\" of a chain");
  return ReadWorkload<ModelWorkload>(reader);
}

}  // namespace recurve
