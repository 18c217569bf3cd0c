// SPDX-License-Identifier: Apache-2.0
#include "executor/daemon/redaction.h"

#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "google/protobuf/message.h"

namespace recurve {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// By the name of the message.
const absl::flat_hash_map<std::string_view, absl::flat_hash_set<std::string_view>>& PublicFields() {
  static const auto& fields = *new absl::flat_hash_map<std::string_view, absl::flat_hash_set<std::string_view>>{
      {"Job",
       {"id", "spec", "state", "create_time", "start_time", "end_time", "plan", "progress", "result", "owner",
        "priority", "promised_bytes", "checkpoint_step", "starts", "redacted"}},
      {"JobSpec", {"steps", "memory_bytes", "activation_share", "all_free", "host_memory_bytes", "device", "threads"}},
      {"PlanSummary",
       {"source",
        "strategy",
        "planned_peak_bytes",
        "ledger",
        "activation_bytes",
        "store_all_bytes",
        "store_all_activation_bytes",
        "forward_count_per_batch",
        "recompute_ratio",
        "predicted_seconds_per_batch",
        "link",
        "links",
        "state_bytes",
        "tape_bytes",
        "store_budget_bytes",
        "store_peak_bytes",
        "host_bytes",
        "host_stores_per_batch",
        "host_fetches_per_batch",
        "host_store_seconds",
        "host_fetch_seconds",
        "parameters",
        "plans",
        "evaluation_bytes",
        "device"}},
      {"MemoryLedger",
       {"weights_bytes", "gradients_bytes", "optimizer_bytes", "batch_bytes", "states_bytes", "tapes_bytes",
        "workspace_bytes", "backend_bytes", "process_bytes"}},
      {"Progress", {"step", "seconds", "measured_peak_bytes", "measured_host_peak_bytes"}},
      {"JobResult",
       {"steps", "planned_peak_bytes", "measured_peak_bytes", "planned_host_peak_bytes", "measured_host_peak_bytes",
        "resident_peak_bytes", "forward_count_per_batch", "seconds_per_batch", "predicted_seconds_per_batch"}},
      {"JobEvent", {"sequence", "time", "state_change", "progress", "checkpoint"}},
      {"StateChange", {"state"}},
      {"Checkpoint", {"step", "duration", "resumable", "size_bytes"}},
  };
  return fields;
}

// Times and durations are values.
bool IsValue(const FieldDescriptor& field) {
  return field.message_type() == nullptr || field.message_type()->file()->package() == "google.protobuf";
}

void RedactMessage(Message& message) {
  const Reflection& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> set;
  reflection.ListFields(message, &set);
  reflection.MutableUnknownFields(&message)->Clear();
  for (const FieldDescriptor* field : set) {
    if (!IsPublic(*field)) {
      reflection.ClearField(&message, field);
    } else if (!IsValue(*field)) {
      RedactMessage(*reflection.MutableMessage(&message, field));
    }
  }
}

}  // namespace

bool IsPublic(const FieldDescriptor& field) {
  const auto fields = PublicFields().find(field.containing_type()->name());
  // A list of messages or a map would need a loop above.
  return fields != PublicFields().end() && fields->second.contains(field.name()) && !field.is_repeated();
}

void Redact(executor::v1::Job& job) {
  RedactMessage(job);
  job.set_redacted(true);
}

std::optional<executor::v1::JobEvent> Redacted(executor::v1::JobEvent event) {
  RedactMessage(event);
  if (event.event_case() == executor::v1::JobEvent::EVENT_NOT_SET) return std::nullopt;
  return event;
}

}  // namespace recurve
