// SPDX-License-Identifier: Apache-2.0
#include "executor/checkpoint/checkpoint_directory.h"

#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_replace.h"
#include "executor/data/sha256.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/executor/checkpoint/tiny_checkpoint.h"
#include "tests/executor/data/scratch_directory.h"

namespace recurve {
namespace {

namespace fs = std::filesystem;

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class CheckpointDirectoryTest : public testing::Test {
 protected:
  void Write(const std::vector<int64_t>& steps, int64_t keep = 2) const {
    CheckpointDirectory directory(path_, keep);
    for (const int64_t step : steps) {
      const auto bytes = WriteTiny(directory, step);
      ASSERT_TRUE(bytes.ok()) << bytes.status();
    }
  }
  absl::StatusOr<LoadedCheckpoint> Load() const { return CheckpointDirectory(path_, 1).Load({}); }
  std::string FolderOf(int64_t step) const { return path_ + "/" + CheckpointDirectory::FolderOf(step); }
  std::string FileOf(int64_t step, const std::string& name) const { return FolderOf(step) + "/" + name; }
  static void WriteFile(const std::string& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  }
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(path_)) names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
  }
  // Expects that the newest checkpoint, of step 20, is reported as damaged, and that of step 10 is used.
  void ExpectStep10(const std::string& what) const {
    const absl::StatusOr<LoadedCheckpoint> loaded = Load();
    ASSERT_TRUE(loaded.ok()) << what << ": " << loaded.status();
    EXPECT_EQ(loaded->step, 10) << what;
    ExpectTiny(*loaded);
    EXPECT_THAT(loaded->damaged, ElementsAre(HasSubstr(FolderOf(20)))) << what;
  }

  const ScratchDirectory scratch_;
  const std::string path_ = scratch_.File("checkpoints");
  const std::vector<std::string> files_ = {"SHA256SUMS", "manifest.json", "tensors.safetensors"};
};

TEST_F(CheckpointDirectoryTest, RoundTripKeepsEveryBit) {
  CheckpointDirectory directory(path_, 2);
  EXPECT_FALSE(*directory.HasAny());
  const auto bytes = WriteTiny(directory, 7);
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  EXPECT_TRUE(*directory.HasAny());
  EXPECT_THAT(Names(), ElementsAre("step-0000000007"));
  int64_t on_disk = 0;
  for (const std::string& file : files_) on_disk += static_cast<int64_t>(fs::file_size(FileOf(7, file)));
  EXPECT_EQ(*bytes, on_disk);

  CheckpointDirectory again(path_, 2);
  const auto loaded = again.Load({});
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->step, 7);
  EXPECT_EQ(loaded->path, FolderOf(7));
  EXPECT_THAT(loaded->damaged, IsEmpty());
  ExpectTiny(*loaded);
  // The checkpoint of a step is not written twice.
  const auto time = fs::last_write_time(FolderOf(7));
  EXPECT_EQ(*WriteTiny(again, 7), on_disk);
  EXPECT_EQ(fs::last_write_time(FolderOf(7)), time);
}

TEST_F(CheckpointDirectoryTest, KeepsTheNewest) {
  Write({1, 2, 3, 12}, 1);
  EXPECT_THAT(Names(), ElementsAre("step-0000000012"));
  Write({13, 14, 15, 16}, 3);
  EXPECT_THAT(Names(), ElementsAre("step-0000000014", "step-0000000015", "step-0000000016"));
  Write({17}, 0);  // one is the least
  EXPECT_THAT(Names(), ElementsAre("step-0000000017"));
  EXPECT_EQ(Load()->step, 17);
}

TEST_F(CheckpointDirectoryTest, LeavesOtherFilesAloneButRemovesWhatAKilledProcessLeft) {
  Write({5}, 1);
  for (const char* other : {"notes.txt", "step-6", "step-00000000060", "step-000000000x", "step--000000001"}) {
    WriteFile(path_ + "/" + other, "mine");
  }
  fs::create_directory(path_ + "/.tmp-step-0000000006");
  WriteFile(path_ + "/.tmp-step-0000000006/tensors.safetensors", "half of");
  EXPECT_EQ(Load()->step, 5);
  Write({6}, 1);
  EXPECT_THAT(Names(), ElementsAre("notes.txt", "step--000000001", "step-0000000006", "step-00000000060",
                                   "step-000000000x", "step-6"));
}

TEST_F(CheckpointDirectoryTest, ATruncatedFileIsReportedAndTheCheckpointBeforeIsUsed) {
  Write({10, 20});
  for (const std::string& file : files_) {
    const std::string whole = ReadFile(FileOf(20, file));
    ASSERT_FALSE(whole.empty());
    for (size_t size = 0; size < whole.size(); ++size) {
      WriteFile(FileOf(20, file), whole.substr(0, size));
      ExpectStep10(file + " of " + std::to_string(size) + " bytes");
      if (HasFatalFailure()) return;
    }
    WriteFile(FileOf(20, file), whole);
  }
  EXPECT_EQ(Load()->step, 20);
}

TEST_F(CheckpointDirectoryTest, AChangedByteIsReportedAndTheCheckpointBeforeIsUsed) {
  Write({10, 20});
  for (const std::string& file : files_) {
    const std::string whole = ReadFile(FileOf(20, file));
    for (size_t at = 0; at <= whole.size(); ++at) {
      std::string changed = whole + (at == whole.size() ? "x" : "");
      if (at < whole.size()) changed[at] = static_cast<char>(changed[at] ^ (1 << (at % 8)));
      WriteFile(FileOf(20, file), changed);
      ExpectStep10(file + ", byte " + std::to_string(at));
      if (HasFatalFailure()) return;
    }
    WriteFile(FileOf(20, file), whole);
  }
  EXPECT_EQ(Load()->step, 20);
}

TEST_F(CheckpointDirectoryTest, AMissingFileIsReportedAndTheCheckpointBeforeIsUsed) {
  for (const std::string& file : files_) {
    Write({10, 20});
    fs::remove(FileOf(20, file));
    ExpectStep10("without " + file);
    fs::create_directory(FileOf(20, file));
    ExpectStep10("a directory as " + file);
    fs::remove_all(path_);
  }
}

TEST_F(CheckpointDirectoryTest, ACheckpointUnderTheNameOfAnotherStepIsDamaged) {
  Write({10});
  fs::copy(FolderOf(10), FolderOf(20));
  ExpectStep10("a copy");
}

TEST_F(CheckpointDirectoryTest, SaysWhatIsWrongWithEachIfNoneCanBeUsed) {
  Write({10, 20});
  fs::resize_file(FileOf(10, "tensors.safetensors"), 9);
  fs::remove(FileOf(20, "manifest.json"));
  const absl::Status status = Load().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("no checkpoint can be used: checkpoint " + FolderOf(20)), HasSubstr("manifest.json"),
                    HasSubstr(FolderOf(10) + ": tensors.safetensors has 9 bytes, but should have ")));
}

TEST_F(CheckpointDirectoryTest, GoesBackAndRemovesWhatWasDamaged) {
  Write({10, 20, 30}, 3);
  fs::resize_file(FileOf(20, "tensors.safetensors"), 9);
  fs::resize_file(FileOf(30, "tensors.safetensors"), 9);
  CheckpointDirectory directory(path_, 2);
  EXPECT_EQ(directory.Load({})->step, 10);
  ASSERT_TRUE(WriteTiny(directory, 25).ok());
  EXPECT_THAT(Names(), ElementsAre("step-0000000010", "step-0000000025"));
  fs::resize_file(FileOf(25, "tensors.safetensors"), 9);
  CheckpointDirectory same_step(path_, 2);
  EXPECT_EQ(same_step.Load({})->step, 10);
  ASSERT_TRUE(WriteTiny(same_step, 25).ok());
  EXPECT_THAT(Load()->damaged, IsEmpty());
  EXPECT_EQ(Load()->step, 25);
}

// Falling back to an older checkpoint would throw away what a newer Recurve trained.
TEST_F(CheckpointDirectoryTest, RefusesANewerFormat) {
  Write({10, 20});
  const std::string manifest = absl::StrReplaceAll(ReadFile(FileOf(20, "manifest.json")),
                                                   {{"\"version\": 1", "\"version\": 2"}, {"\"files\"", "\"parts\""}});
  WriteFile(FileOf(20, "manifest.json"), manifest);
  WriteFile(FileOf(20, "SHA256SUMS"), Sha256Of(manifest) + "  manifest.json\n");
  const absl::Status status = Load().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented);
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr(FolderOf(20)), HasSubstr("has format version 2, and this program reads up to 1")));
}

TEST_F(CheckpointDirectoryTest, ReportsAMissingOrUnusableDirectory) {
  EXPECT_FALSE(*CheckpointDirectory(path_, 2).HasAny());
  EXPECT_EQ(Load().status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(Load().status().message()), HasSubstr(path_ + " has no checkpoint"));

  WriteFile(path_, "a file");
  CheckpointDirectory file(path_, 2);
  EXPECT_EQ(file.HasAny().status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(file.Load({}).status().message()), HasSubstr("cannot read directory " + path_));
  EXPECT_FALSE(WriteTiny(file, 1).ok());
  EXPECT_EQ(ReadFile(path_), "a file");

  CheckpointDirectory orphan(scratch_.File("none/checkpoints"), 2);
  EXPECT_FALSE(*orphan.HasAny());
  EXPECT_EQ(WriteTiny(orphan, 1).status().code(), absl::StatusCode::kNotFound);

  fs::create_symlink("loop", scratch_.File("loop"));
  EXPECT_EQ(CheckpointDirectory(scratch_.File("loop"), 2).HasAny().status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(CheckpointDirectoryTest, StopsReadingWhenAsked) {
  Write({10});
  const auto loaded = CheckpointDirectory(path_, 1).Load([] { return true; });
  EXPECT_EQ(loaded.status().code(), absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace recurve
