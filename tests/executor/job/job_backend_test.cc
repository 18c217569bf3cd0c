// SPDX-License-Identifier: Apache-2.0
#include "executor/job/job_backend.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>

#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "executor/task/language_model/language_model_options.h"
#include "planner_service/process/granted.h"

namespace recurve {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

JobSpec SpecOf(int64_t hidden, int64_t batch, int threads) {
  return {.task = LanguageModelOptions({.model = {.hidden = hidden}}), .batch = batch, .threads = threads};
}

std::string ThreadsText(int threads) { return absl::StrCat(threads, threads == 1 ? " thread)" : " threads)"); }

TEST(MakeJobBackend, TheCpuWithTheThreadsThatItWasGranted) {
  const int granted = GrantedProcessors();
  EXPECT_THAT((*MakeJobBackend({.device = "cpu", .threads = 1}))->Describe(), HasSubstr("1 thread)"));
  for (const int threads : {0, granted, granted + 1, 1024}) {
    const JobSpec spec = SpecOf(1024, 16, threads);
    EXPECT_THAT((*MakeJobBackend(spec))->Describe(), HasSubstr(ThreadsText(granted))) << threads;
    EXPECT_EQ(ThreadsOf(spec).note.empty(), threads <= granted) << ThreadsOf(spec).note;
  }
  EXPECT_THAT(ThreadsOf(SpecOf(1024, 16, 1024)).note,
              AllOf(HasSubstr("threads is 1024: using "), HasSubstr("processors available to this process")));
}

// Affinity stands for a container that grants one processor of many.
TEST(MakeJobBackend, OneThreadWhereOneProcessorIsGranted) {
  std::string device;
  std::thread([&device] {
    cpu_set_t set;
    sched_getaffinity(0, sizeof set, &set);
    int first = 0;
    while (!CPU_ISSET(first, &set)) ++first;
    CPU_ZERO(&set);
    CPU_SET(first, &set);
    ASSERT_EQ(sched_setaffinity(0, sizeof set, &set), 0);
    device = MakeJobBackend(SpecOf(1024, 16, 0)).value()->Describe();
  }).join();
  EXPECT_THAT(device, HasSubstr("1 thread)"));
}

TEST(MakeJobBackend, NoMoreThreadsThanThereIsWorkFor) {
  const JobSpec tiny = SpecOf(16, 2, 2);
  EXPECT_EQ(ThreadsOf(tiny).threads, 1);
  if (GrantedProcessors() > 1) {
    EXPECT_THAT(ThreadsOf(tiny).note, HasSubstr("operation of this size"));
  }
  EXPECT_EQ(ThreadsOf(SpecOf(16, 2, 0)).note, "");
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
