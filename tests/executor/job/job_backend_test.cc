// SPDX-License-Identifier: Apache-2.0
#include "executor/job/job_backend.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace recurve {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(MakeJobBackend, TheCpuWithItsThreads) {
  EXPECT_THAT((*MakeJobBackend({.device = "cpu", .threads = 2}))->Describe(), HasSubstr("2 threads"));
}

// On a machine or in a program that has the device, and where it cannot be had.
TEST(MakeJobBackend, AGpuOrWhatToDo) {
  for (const std::string device : {"cuda", "cuda:0", "cuda:999"}) {
    const JobSpec spec{.device = device};
    ASSERT_TRUE(CheckDevice(spec).ok());
    const auto backend = MakeJobBackend(spec);
    if (backend.ok()) {
      EXPECT_NE(device, "cuda:999");
      EXPECT_THAT((*backend)->Describe(), StartsWith("cuda (device 0"));
      continue;
    }
    EXPECT_THAT(backend.status().code(), AnyOf(absl::StatusCode::kInvalidArgument, absl::StatusCode::kUnavailable,
                                               absl::StatusCode::kResourceExhausted));
    EXPECT_THAT(std::string(backend.status().message()),
                AnyOf(HasSubstr("use device cpu"), HasSubstr("use the CPU"), HasSubstr("device is 999")));
  }
}

TEST(CheckDevice, RefusesWhatIsNone) {
  for (const std::string device : {"", "gpu", "cuda:", "cuda:-1", "cuda:x", "cuda:99999999999", "cpu:0"}) {
    EXPECT_EQ(CheckDevice({.device = device}).code(), absl::StatusCode::kInvalidArgument) << device;
  }
  EXPECT_EQ(CheckDevice({.device = "cpu", .precision = Precision::kBf16}).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(CheckDevice({.device = "cuda:1", .precision = Precision::kBf16}).ok());
}

}  // namespace
}  // namespace recurve
