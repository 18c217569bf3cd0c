// SPDX-License-Identifier: Apache-2.0
//
// What those who do not own a job may see of it: enough to know who uses the devices, how much of them, and since when,
// but nothing of what is trained.
#ifndef RECURVE_EXECUTOR_DAEMON_REDACTION_H_
#define RECURVE_EXECUTOR_DAEMON_REDACTION_H_

#include <optional>

#include "google/protobuf/descriptor.h"
#include "recurve/executor/v1/job.pb.h"

namespace recurve {

// Removes every field that is not public, and sets Job.redacted.
void Redact(executor::v1::Job& job);

// The public fields of an event; nothing if it says nothing then.
std::optional<executor::v1::JobEvent> Redacted(executor::v1::JobEvent event);

// Whether everybody may see a field; of a field with a message, those of its fields that are public, too. A field is
// not public until it is listed.
bool IsPublic(const google::protobuf::FieldDescriptor& field);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_DAEMON_REDACTION_H_
