// SPDX-License-Identifier: Apache-2.0
#include "executor/transfers/list_checkpoints.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "executor/checkpoint/checkpoint_directory.h"
#include "tests/executor/data/scratch_directory.h"

namespace recurve {
namespace {

using executor::v1::ListCheckpointsResponse;
using testing::HasSubstr;
namespace fs = std::filesystem;

class ListCheckpointsTest : public testing::Test {
 protected:
  ListCheckpointsTest() {
    CheckpointDirectory directory(path_, 3);
    const TensorSource source{.tensors = {{.name = "weights", .shape = {2}}},
                              .read = [](size_t, float* to) { to[0] = to[1] = 1; }};
    for (const int64_t step : {100, 300}) bytes_ = directory.Write(step, Json::object(), source).value();
  }
  ListCheckpointsResponse List() { return ListCheckpoints(path_).value(); }
  std::string At(const std::string& name) { return path_ + "/step-0000000300/" + name; }

  ScratchDirectory scratch_;
  const std::string path_ = scratch_.File("checkpoints");
  int64_t bytes_ = 0;  // of a checkpoint
};

TEST_F(ListCheckpointsTest, HasAllOldestFirst) {
  const ListCheckpointsResponse list = List();
  ASSERT_EQ(list.checkpoints_size(), 2);
  EXPECT_EQ(list.checkpoints(0).step(), 100);
  EXPECT_EQ(list.checkpoints(1).step(), 300);
  EXPECT_EQ(list.checkpoints(1).path(), path_ + "/step-0000000300");
  EXPECT_EQ(list.checkpoints(1).size_bytes(), bytes_);
  EXPECT_EQ(list.checkpoints(1).problem(), "");
  EXPECT_NEAR(static_cast<double>(list.checkpoints(1).create_time().seconds()), static_cast<double>(time(nullptr)), 60);
}

TEST_F(ListCheckpointsTest, ReportsProblems) {
  fs::resize_file(At("tensors.safetensors"), 10);
  EXPECT_THAT(List().checkpoints(1).problem(), HasSubstr("tensors.safetensors has 10 bytes, but should have"));
  fs::remove(At("tensors.safetensors"));
  EXPECT_THAT(List().checkpoints(1).problem(), HasSubstr("No such file"));
  std::ofstream(At("manifest.json")) << "{}";
  EXPECT_THAT(List().checkpoints(1).problem(), HasSubstr("manifest.json does not have the SHA-256"));
  fs::remove(At("manifest.json"));
  fs::remove(At("SHA256SUMS"));
  EXPECT_THAT(List().checkpoints(1).problem(), HasSubstr("manifest.json"));
  EXPECT_EQ(List().checkpoints(1).size_bytes(), 0);
  EXPECT_EQ(List().checkpoints(0).problem(), "");
}

TEST_F(ListCheckpointsTest, AMissingDirectoryHasNone) {
  EXPECT_EQ(ListCheckpoints(scratch_.File("missing"))->checkpoints_size(), 0);
}

TEST_F(ListCheckpointsTest, AFileIsNoDirectory) { EXPECT_FALSE(ListCheckpoints(scratch_.Write("file", "")).ok()); }

}  // namespace
}  // namespace recurve
