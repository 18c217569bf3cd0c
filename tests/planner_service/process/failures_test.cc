// SPDX-License-Identifier: Apache-2.0
#include "planner_service/process/failures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <new>
#include <string>
#include <vector>

#include "planner_service/process/granted.h"

namespace recurve {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

absl::Status AfterThrowing(auto exception) {
  return CatchFailures("the job", [&]() -> absl::Status { throw exception; });
}

TEST(CatchFailures, PassesOnWhatIsReturned) {
  EXPECT_TRUE(CatchFailures("the job", [] { return absl::OkStatus(); }).ok());
  EXPECT_EQ(CatchFailures("the job", [] { return absl::StatusOr<int>(7); }).value(), 7);
  EXPECT_EQ(CatchFailures("the job", [] { return absl::NotFoundError("no file"); }), absl::NotFoundError("no file"));
}

TEST(CatchFailures, NamesWhatRanOutAndNoTypes) {
  const std::system_error descriptors(std::error_code(EMFILE, std::system_category()));
  const std::system_error threads(std::make_error_code(std::errc::resource_unavailable_try_again));
  for (const absl::Status& status :
       {AfterThrowing(std::bad_alloc()), AfterThrowing(std::length_error("vector::_M_default_append")),
        AfterThrowing(descriptors), AfterThrowing(threads)}) {
    EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
    EXPECT_THAT(std::string(status.message()),
                AllOf(HasSubstr("the job"), Not(HasSubstr("std::")), Not(HasSubstr("_M_"))));
  }
  EXPECT_THAT(std::string(AfterThrowing(std::bad_alloc()).message()), HasSubstr("memory"));
}

TEST(CatchFailures, OtherExceptionsAreInternal) {
  EXPECT_EQ(AfterThrowing(std::runtime_error("odd")), absl::InternalError("the job failed: odd"));
  EXPECT_EQ(AfterThrowing(7).code(), absl::StatusCode::kInternal);
}

// A vector larger than the memory of any machine.
TEST(CatchFailures, WhereMemoryRunsOut) {
  const absl::Status status = CatchFailures("the plan", [] {
    std::vector<char> all(size_t{1} << 62);
    return all.empty() ? absl::OkStatus() : absl::UnknownError("there was memory for it");
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
}

TEST(StartThread, RunsIt) {
  bool ran = false;
  absl::StatusOr<std::thread> thread = StartThread("the test", [&ran] { ran = true; });
  ASSERT_TRUE(thread.ok()) << thread.status();
  thread->join();
  EXPECT_TRUE(ran);
}

TEST(CheckThreads, LeavesNoneBehind) {
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(CheckThreads("the server", 20).ok());
}

TEST(StartThread, SaysWhenThereIsNone) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers need address space without a limit";
#endif
  const pid_t child = fork();
  if (child == 0) {
    const rlimit limit{.rlim_cur = 1 << 20, .rlim_max = RLIM_INFINITY};
    setrlimit(RLIMIT_AS, &limit);  // no new stack fits, only cached stacks of ended threads
    absl::Status status;
    for (int i = 0; i < 100 && status.ok(); ++i) {
      absl::StatusOr<std::thread> thread = StartThread("the jobs", [] { pause(); });
      status = thread.status();
      if (thread.ok()) thread->detach();
    }
    if (!absl::IsResourceExhausted(CheckThreads("the server", 1))) _exit(2);
    const bool named = std::string(status.message()).find("for the jobs") != std::string::npos;
    _exit(absl::IsResourceExhausted(status) && named ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace recurve
