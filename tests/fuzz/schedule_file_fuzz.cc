// SPDX-License-Identifier: Apache-2.0
//
// Schedule files: whatever bytes come, they are read, imported and verified, or refused with a reason.
#include <sstream>
#include <string>

#include "planner_service/checkpoint_schedules/action_importer.h"
#include "planner_service/checkpoint_schedules/schedule_file.h"
#include "planner_service/fields/check_fields.h"
#include "planner_service/verification/schedule_verifier.h"
#include "tests/fuzz/fuzz_target.h"

namespace recurve {
namespace {

void VerifyFile(const std::string& text) {
  std::istringstream in(text);
  ScheduleFileReader reader(in);
  const absl::StatusOr<ScheduleHeader> header = reader.ReadHeader();
  if (!header.ok()) return;
  const VerificationTask task{.length = header->length.value_or(1),
                              .state_bytes = header->state_bytes.value_or(1),
                              .tape_bytes = header->tape_bytes.value_or(0),
                              .budget_bytes = header->budget_bytes,
                              .claimed_peak_bytes = header->claimed_peak_bytes,
                              .claimed_forward_count = header->claimed_forward_count};
  if (!CheckFields(task).ok()) return;
  ++fuzz_accepted;
  ScheduleVerifier verifier(task);
  ActionImporter importer;
  std::vector<ActionImporter::Imported> imported;
  absl::StatusOr<std::optional<CheckpointAction>> action;
  while ((action = reader.ReadAction()).ok() && action->has_value()) {
    const absl::StatusOr<CheckpointAction> again = ParseCheckpointAction(ToJson(**action));
    FuzzCheck(again.ok() && ToJson(*again) == ToJson(**action), "an action comes back as it was");
    imported.clear();
    const absl::Status status = importer.Add(**action, reader.line(), imported);
    FuzzCheck(status.ok() || !status.message().empty(), "a refusal has a reason");
    if (!status.ok()) break;
    for (const auto& [imported_action, line] : imported) {
      FuzzCheck(line >= 1 && line <= reader.line(), "an action comes from a line that was read");
      if (!verifier.Add(imported_action).ok()) return;
    }
  }
  const Verdict verdict = verifier.Finish();
  FuzzCheck(!verdict.violation || !verdict.violation->reason.empty(), "a violation has a reason");
  if (verdict.valid()) FuzzCheck(verdict.forward_count >= task.length, "a valid schedule runs every link");
}

}  // namespace
}  // namespace recurve

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  recurve::VerifyFile(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}
