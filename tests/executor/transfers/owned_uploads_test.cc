// SPDX-License-Identifier: Apache-2.0
#include "executor/transfers/owned_uploads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "tests/executor/transfers/transfer_fixture.h"

namespace recurve {
namespace {

using testing::HasSubstr;

class OwnedUploadsTest : public testing::Test {
 protected:
  void Open() {
    uploads_.reset();
    options_.store.directory = scratch_.File("uploads");
    options_.store.clock = [this] { return absl::Now() + later_; };
    uploads_ = OwnedUploads::Open(options_).value();
  }
  absl::StatusOr<std::unique_ptr<ActiveUpload>> Begin(const std::string& owner, const std::string& bytes,
                                                      int64_t offset = 0) {
    return (*uploads_->Of(owner))->Begin(Describe("text", bytes), UploadKind::kData, offset);
  }
  // Uploads the first byte and breaks off.
  void Abandon(const std::string& owner, const std::string& bytes) {
    const auto upload = Begin(owner, bytes);
    ASSERT_TRUE(upload.ok()) << upload.status();
    EXPECT_TRUE((*upload)->Write(bytes.substr(0, 1)).ok());
  }
  std::string Upload(const std::string& owner, const std::string& bytes) {
    const auto upload = Begin(owner, bytes);
    EXPECT_TRUE(upload.ok() && (*upload)->Write(bytes).ok());
    return (*upload)->Finish().value();
  }
  int64_t Received(const std::string& owner, const std::string& bytes) {
    return (*uploads_->Of(owner))->Received(Describe("text", bytes)).value();
  }

  ScratchDirectory scratch_;
  OwnedUploadsOptions options_;
  absl::Duration later_;
  std::unique_ptr<OwnedUploads> uploads_;
};

TEST_F(OwnedUploadsTest, OthersNeitherContinueNorSeeAnUpload) {
  Open();
  Abandon("alice", "some text");
  EXPECT_EQ(Received("alice", "some text"), 1);
  EXPECT_EQ(Received("bob", "some text"), 0);
  EXPECT_EQ(Received("", "some text"), 0);
  EXPECT_EQ(Begin("bob", "some text", 1).status().code(), absl::StatusCode::kOutOfRange);
  Open();
  EXPECT_EQ(Received("alice", "some text"), 1) << "also after a restart";
}

TEST_F(OwnedUploadsTest, FilesOfTheSameNameStayApart) {
  Open();
  const std::string of_alice = Upload("alice", "one");
  const std::string of_bob = Upload("bob", "two");
  const std::string of_nobody = Upload("", "three");
  EXPECT_EQ(ReadFile(of_alice), "one");
  EXPECT_EQ(ReadFile(of_bob), "two");
  EXPECT_EQ(ReadFile(of_nobody), "three");
  EXPECT_EQ(of_alice, std::filesystem::canonical(scratch_.File("uploads")).string() + "/owners/alice/data/text");
  EXPECT_EQ(of_nobody, std::filesystem::canonical(scratch_.File("uploads")).string() + "/data/text");
  EXPECT_EQ(of_bob, std::filesystem::canonical(OwnedUploads::DataOf(scratch_.File("uploads"), "bob") + "/text"));
}

TEST_F(OwnedUploadsTest, EachOwnerHasAQuotaForAllThatIsStored) {
  options_.max_bytes_per_owner = 20'000;
  options_.other_bytes = [](const std::string& owner) { return int64_t{owner == "alice" ? 10'000 : 0}; };
  options_.store.remedy = "; delete jobs";
  int refusals = 0;
  options_.store.on_quota_refusal = [&] { ++refusals; };
  Open();
  Upload("alice", "01234");
  const absl::Status full = Begin("alice", "012345").status();
  EXPECT_EQ(full.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(full.message()),
              HasSubstr("file.size_bytes is 6, and 18192 of 20000 bytes are in use already; delete jobs"));
  EXPECT_EQ(refusals, 1);
  EXPECT_FALSE(Begin("alice", "").ok()) << "nor is an empty file free";
  Upload("bob", "01234567890123456789");
  EXPECT_EQ((*uploads_->Of("bob"))->StoredBytes().value(), 8192);
}

TEST_F(OwnedUploadsTest, WhatAnOwnerAbandonedIsRemovedAtTheStart) {
  Open();
  Abandon("alice", "some text");
  later_ = absl::Hours(25);
  Open();
  EXPECT_TRUE(std::filesystem::is_empty(scratch_.File("uploads/owners/alice/partial")));
}

}  // namespace
}  // namespace recurve
