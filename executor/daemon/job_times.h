// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_DAEMON_JOB_TIMES_H_
#define RECURVE_EXECUTOR_DAEMON_JOB_TIMES_H_

#include "absl/time/time.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"

namespace recurve {

google::protobuf::Timestamp EncodeTime(absl::Time time);
absl::Time DecodeTime(const google::protobuf::Timestamp& message);
google::protobuf::Duration EncodeDuration(double seconds);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_DAEMON_JOB_TIMES_H_
