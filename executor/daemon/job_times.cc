// SPDX-License-Identifier: Apache-2.0
#include "executor/daemon/job_times.h"

#include <cstdint>

namespace recurve {

google::protobuf::Timestamp EncodeTime(absl::Time time) {
  google::protobuf::Timestamp message;
  const int64_t seconds = absl::ToUnixSeconds(time);
  message.set_seconds(seconds);
  message.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(seconds))));
  return message;
}

absl::Time DecodeTime(const google::protobuf::Timestamp& message) {
  return absl::FromUnixSeconds(message.seconds()) + absl::Nanoseconds(message.nanos());
}

google::protobuf::Duration EncodeDuration(double seconds) {
  const absl::Duration duration = absl::Seconds(seconds);
  google::protobuf::Duration message;
  message.set_seconds(absl::ToInt64Seconds(duration));
  message.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(duration - absl::Seconds(message.seconds()))));
  return message;
}

}  // namespace recurve
