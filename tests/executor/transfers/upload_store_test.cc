// SPDX-License-Identifier: Apache-2.0
//
// What the store keeps of unfinished uploads, and for how long.
#include "executor/transfers/upload_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/executor/transfers/transfer_fixture.h"

namespace recurve {
namespace {

using testing::HasSubstr;

class UploadStoreTest : public testing::Test {
 protected:
  void Open() {
    store_.reset();
    options_.directory = scratch_.File("uploads");
    options_.clock = [this] { return absl::Now() + later_; };
    store_ = UploadStore::Open(options_).value();
  }
  absl::StatusOr<std::unique_ptr<ActiveUpload>> Begin(const std::string& bytes, int64_t offset = 0) {
    return store_->Begin(Describe("text", bytes), UploadKind::kData, offset);
  }
  // Uploads the first byte and breaks off.
  void Abandon(const std::string& bytes) {
    const auto upload = Begin(bytes);
    ASSERT_TRUE(upload.ok()) << upload.status();
    EXPECT_TRUE((*upload)->Write(bytes.substr(0, 1)).ok());
  }
  int64_t Received(const std::string& bytes) { return store_->Received(Describe("text", bytes)).value(); }

  ScratchDirectory scratch_;
  UploadStoreOptions options_;
  absl::Duration later_;
  std::unique_ptr<UploadStore> store_;
};

TEST_F(UploadStoreTest, RemovesAbandonedUploadsWhenOpened) {
  Open();
  Abandon("some text");
  later_ = absl::Hours(23);
  Open();
  EXPECT_EQ(Received("some text"), 1);
  later_ = absl::Hours(25);
  Open();
  EXPECT_EQ(Received("some text"), 0);
}

TEST_F(UploadStoreTest, RemovesAbandonedUploadsOnDemand) {
  Open();
  Abandon("some text");
  EXPECT_TRUE(store_->RemoveAbandoned().ok());
  EXPECT_EQ(Received("some text"), 1);
  later_ = absl::Hours(25);
  EXPECT_TRUE(store_->RemoveAbandoned().ok());
  EXPECT_EQ(Received("some text"), 0);
}

TEST_F(UploadStoreTest, RemovesAbandonedUploadsForOthers) {
  options_.max_unfinished = 2;
  Open();
  Abandon("one");
  Abandon("two");
  const absl::Status full = Begin("three").status();
  EXPECT_EQ(full.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(full.message(), HasSubstr("the number of unfinished uploads is 2, the limit"));
  EXPECT_TRUE(Begin("two", 1).ok()) << "which is no further one";
  later_ = absl::Hours(25);
  EXPECT_TRUE(Begin("three").ok());
  EXPECT_EQ(Received("one"), 0);
}

TEST_F(UploadStoreTest, KeepsActiveAndResumedUploadsHoweverOld) {
  Open();
  Abandon("resumed");
  const auto active = Begin("active");
  later_ = absl::Hours(25);
  const auto resumed = Begin("resumed", 1);
  ASSERT_TRUE(resumed.ok()) << resumed.status();
  EXPECT_FALSE((*resumed)->CatchUp().value());
  EXPECT_TRUE((*resumed)->Write("esumed").ok());
  EXPECT_TRUE((*resumed)->Finish().ok());
  EXPECT_TRUE((*active)->Write("active").ok());
  EXPECT_TRUE((*active)->Finish().ok());
}

TEST_F(UploadStoreTest, BoundsTheBytesOfAllUploads) {
  options_.max_total_bytes = 4 * 4096;  // each file counts as two blocks
  Open();
  Abandon("0123456789");  // counts as a whole
  EXPECT_TRUE(Begin("9876543210").ok());
  const absl::Status full = Begin("a").status();
  EXPECT_EQ(full.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(full.message(), HasSubstr("file.size_bytes is 1, and 16384 of 16384 bytes are in use already"));
  const auto upload = Begin("0123456789", 1);
  ASSERT_TRUE(upload.ok()) << upload.status();
  EXPECT_FALSE((*upload)->CatchUp().value());
  EXPECT_TRUE((*upload)->Write("123456789").ok());
  EXPECT_TRUE((*upload)->Finish().ok());
  EXPECT_EQ(Begin("a").status().code(), absl::StatusCode::kResourceExhausted) << "finished files count, too";
}

TEST_F(UploadStoreTest, LeavesFilesThatAreNotItsOwn) {
  Open();
  scratch_.Write("uploads/partial/notes", "mine");
  later_ = absl::Hours(1000);
  Open();
  EXPECT_EQ(ReadFile(scratch_.File("uploads/partial/notes")), "mine");
}

TEST_F(UploadStoreTest, NeedsAParentDirectory) {
  options_.directory = scratch_.File("missing/uploads");
  EXPECT_EQ(UploadStore::Open(options_).status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace recurve
