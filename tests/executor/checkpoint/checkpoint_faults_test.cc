// SPDX-License-Identifier: Apache-2.0
//
// Checkpoints on a disk that fails, and on a machine that loses power, at every operation.
#include <filesystem>
#include <string>
#include <vector>

#include "executor/checkpoint/checkpoint_directory.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/executor/checkpoint/faulty_file_system.h"
#include "tests/executor/checkpoint/tiny_checkpoint.h"
#include "tests/executor/data/scratch_directory.h"

namespace recurve {
namespace {

constexpr int64_t kSteps[] = {5, 10, 15};

// Writes checkpoints in turn as a training does, which goes on after a failure.
struct Training {
  int64_t started = 0;    // the step of the last checkpoint that was begun
  int64_t completed = 0;  // of the last one that was reported as written
  bool failed = false;    // whether a failure was reported

  void Run(CheckpointDirectory& directory) {
    for (const int64_t step : kSteps) {
      started = step;
      if (WriteTiny(directory, step).ok()) {
        completed = step;
      } else {
        failed = true;
      }
    }
  }
};

// Expects that the newest of the checkpoints lies between these steps, bit for bit, and that another can be written.
void ExpectUsable(const std::string& path, int64_t from, int64_t to) {
  CheckpointDirectory directory(path, 1);
  const absl::StatusOr<LoadedCheckpoint> loaded = directory.Load({});
  if (from > 0 || loaded.ok()) {
    ASSERT_TRUE(loaded.ok()) << loaded.status();
    EXPECT_GE(loaded->step, from);
    EXPECT_LE(loaded->step, to);
    ExpectTiny(*loaded);
  } else {
    EXPECT_TRUE(absl::IsNotFound(loaded.status())) << loaded.status();
  }
  FaultyFileSystem sound;
  CheckpointDirectory next(path, 1, sound);
  const absl::StatusOr<int64_t> written = WriteTiny(next, to + 5);
  ASSERT_TRUE(written.ok()) << written.status();
  EXPECT_EQ(CheckpointDirectory(path, 1).Load({})->step, to + 5);
  int entries = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(path)) ++entries;
  EXPECT_EQ(entries, 1) << "old and abandoned ones are removed";
}

class CheckpointFaults : public testing::TestWithParam<int64_t> {};  // how many are kept

INSTANTIATE_TEST_SUITE_P(Keep, CheckpointFaults, testing::Values(1, 2));

TEST_P(CheckpointFaults, AFailedOperationCostsAtMostTheCheckpointBeingWritten) {
  int64_t reported = 0;
  for (const bool partly : {false, true}) {
    for (int64_t at = 1;; ++at) {
      SCOPED_TRACE(testing::Message() << "operation " << at << (partly ? ", partly" : ""));
      const ScratchDirectory scratch;
      const std::string path = scratch.File("checkpoints");
      FaultyFileSystem disk({.at = at, .until = at + 1, .partly = partly});
      CheckpointDirectory directory(path, GetParam(), disk);
      Training training;
      training.Run(directory);
      EXPECT_TRUE(training.completed == 15 || (training.failed && training.completed == 10));
      reported += training.failed ? 1 : 0;
      ExpectUsable(path, training.completed, 15);
      if (HasFatalFailure() || !disk.failed()) break;
    }
  }
  EXPECT_GT(reported, 20);
}

TEST_P(CheckpointFaults, PowerLossCostsAtMostTheCheckpointBeingWritten) {
  for (const bool partly : {false, true}) {
    for (const auto data : {PowerLoss::Data::kKept, PowerLoss::Data::kDropped, PowerLoss::Data::kTorn}) {
      for (const bool names : {false, true}) {
        for (int64_t at = 1;; ++at) {
          SCOPED_TRACE(testing::Message() << "operation " << at << (partly ? ", partly" : "") << ", data "
                                          << static_cast<int>(data) << (names ? ", names lost" : ""));
          const ScratchDirectory scratch;
          const std::string path = scratch.File("checkpoints");
          FaultyFileSystem machine({.at = at, .partly = partly});
          CheckpointDirectory directory(path, GetParam(), machine);
          Training training;
          training.Run(directory);
          machine.LosePower({.data = data, .names = names});
          ExpectUsable(path, training.completed, training.started);
          if (HasFatalFailure() || !machine.failed()) break;
        }
      }
    }
  }
}

// The training before had been resumed from the checkpoint before a damaged one, which it comes to write again.
TEST_P(CheckpointFaults, PowerLossWhileADamagedCheckpointIsReplaced) {
  for (const bool names : {false, true}) {
    for (int64_t at = 1;; ++at) {
      SCOPED_TRACE(testing::Message() << "operation " << at << (names ? ", names lost" : ""));
      const ScratchDirectory scratch;
      const std::string path = scratch.File("checkpoints");
      FaultyFileSystem sound;
      CheckpointDirectory before(path, 2, sound);
      ASSERT_TRUE(WriteTiny(before, 2).ok());
      ASSERT_TRUE(WriteTiny(before, 5).ok());
      std::filesystem::resize_file(path + "/" + CheckpointDirectory::FolderOf(5) + "/tensors.safetensors", 20);

      FaultyFileSystem machine({.at = at, .partly = true});
      CheckpointDirectory directory(path, GetParam(), machine);
      ASSERT_EQ(directory.Load({})->step, 2);
      Training training{.completed = 2};
      training.Run(directory);
      machine.LosePower({.data = PowerLoss::Data::kTorn, .names = names});
      ExpectUsable(path, training.completed, training.started);
      if (HasFatalFailure() || !machine.failed()) break;
    }
  }
}

}  // namespace
}  // namespace recurve
