// SPDX-License-Identifier: Apache-2.0
//
// Uploads over real sockets: whole ones, interrupted ones, and those that are refused.
#include <gmock/gmock.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "tests/executor/transfers/transfer_fixture.h"

namespace recurve {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

class UploadTest : public TransferTest {
 protected:
  UploadTest() { Start(); }
};

void ExpectStatus(const grpc::Status& status, grpc::StatusCode code, const std::string& part) {
  EXPECT_EQ(status.error_code(), code) << status.error_message();
  EXPECT_THAT(status.error_message(), HasSubstr(part));
}

TEST_F(UploadTest, PutsTheFileInItsPlace) {
  const std::string bytes = SomeBytes(5'000'000);
  const FileDescription file = Describe("text", bytes);
  EXPECT_TRUE(UploadData(file, bytes).ok());
  EXPECT_TRUE(ReadFile(DataFile("text")) == bytes);
  EXPECT_THAT(Partials(), IsEmpty());
  EXPECT_EQ(Received(file), 0) << "there is no unfinished upload any more";
  record_.WaitUntilNoneIsOpen();
  EXPECT_THAT(record_.ends(), ElementsAre(Pair("UploadData", absl::StatusCode::kOk)));
}

TEST_F(UploadTest, ReplacesAnOlderFile) {
  EXPECT_TRUE(UploadData(Describe("text", "older"), "older").ok());
  EXPECT_TRUE(UploadData(Describe("text", "new"), "new").ok());
  EXPECT_EQ(ReadFile(DataFile("text")), "new");
}

TEST_F(UploadTest, AcceptsAFileWithoutBytes) {
  EXPECT_TRUE(UploadData(Describe("empty", ""), "").ok());
  EXPECT_EQ(std::filesystem::file_size(DataFile("empty")), 0);
}

TEST_F(UploadTest, AcceptsUpperCaseDigits) {
  FileDescription file = Describe("text", "some text");
  for (char& c : *file.mutable_sha256()) c = static_cast<char>(std::toupper(c));
  EXPECT_TRUE(UploadData(file, "some text").ok());
}

TEST_F(UploadTest, ResumesHalfWay) {
  const std::string bytes = SomeBytes(9'000'000);
  const FileDescription file = Describe("text", bytes);
  UploadPart(file, bytes.substr(0, 700'000));
  UploadPart(file, bytes.substr(0, 1'400'000));
  EXPECT_FALSE(std::filesystem::exists(DataFile("text")));
  EXPECT_TRUE(UploadData(file, bytes, Received(file), 500'000).ok());
  EXPECT_TRUE(ReadFile(DataFile("text")) == bytes);
}

TEST_F(UploadTest, ResumesAfterARestart) {
  const std::string bytes = SomeBytes(6'000'000);
  const FileDescription file = Describe("text", bytes);
  // More than is hashed at a time.
  for (const size_t part : {1'000'000, 2'000'000, 3'000'000, 4'000'000, 5'000'000}) {
    UploadPart(file, bytes.substr(0, part));
  }
  Start();
  EXPECT_EQ(Received(file), 5'000'000);
  EXPECT_TRUE(UploadData(file, bytes, 5'000'000).ok());
  EXPECT_TRUE(ReadFile(DataFile("text")) == bytes);
}

TEST_F(UploadTest, KnowsAnUploadByItsBytesAndNotItsName) {
  const std::string bytes = ModelBytes();
  UploadPart(Describe("one", bytes), bytes.substr(0, 50));
  EXPECT_EQ(Received(Describe("other", bytes)), 50);
  const std::unique_ptr<ModelCall> call = StartModel();
  call->Begin(Describe("other", bytes), 50, bytes.substr(50));
  EXPECT_TRUE(call->End().ok());
  EXPECT_EQ(call->path(), std::filesystem::canonical(Uploads() + "/models/other"));
}

TEST_F(UploadTest, AnEarlyEndKeepsWhatHasArrived) {
  const FileDescription file = Describe("text", "some text");
  const std::unique_ptr<DataCall> call = StartData();
  call->Begin(file, 0, "some");
  ExpectStatus(call->End(), grpc::StatusCode::INVALID_ARGUMENT, "ended after 4 bytes; continue from there");
  EXPECT_EQ(Received(file), 4);
}

TEST_F(UploadTest, RefusesAnotherOffsetThanHasArrived) {
  const FileDescription file = Describe("text", "some text");
  UploadPart(file, "some");
  for (const int64_t offset : {0, 3, 5, 9}) {
    ExpectStatus(UploadData(file, "some text", offset), grpc::StatusCode::OUT_OF_RANGE, "must be 4");
  }
  const std::unique_ptr<DataCall> call = StartData();
  call->Begin(file, -1, "");
  ExpectStatus(call->End(), grpc::StatusCode::OUT_OF_RANGE, "offset_bytes is -1");
  EXPECT_TRUE(UploadData(file, "some text", 4).ok());
}

TEST_F(UploadTest, RefusesBytesWithAnotherSha256AndForgetsThem) {
  const FileDescription file = Describe("text", "some text");
  ExpectStatus(UploadData(file, "some tale"), grpc::StatusCode::INVALID_ARGUMENT, "file.sha256 is");
  EXPECT_FALSE(std::filesystem::exists(DataFile("text")));
  EXPECT_EQ(Received(file), 0);
  EXPECT_TRUE(UploadData(file, "some text").ok());
}

TEST_F(UploadTest, RefusesDamageToWhatHadArrived) {
  const FileDescription file = Describe("text", "some text");
  UploadPart(file, "some");
  ASSERT_THAT(Partials(), SizeIs(1));
  std::ofstream(Uploads() + "/partial/" + Partials()[0], std::ios::in) << "same";
  ExpectStatus(UploadData(file, "some text", 4), grpc::StatusCode::INVALID_ARGUMENT, "file.sha256 is");
}

TEST_F(UploadTest, RefusesMoreBytesThanTheSize) {
  FileDescription file = Describe("text", "some text");
  file.set_size_bytes(8);
  ExpectStatus(UploadData(file, "some text"), grpc::StatusCode::INVALID_ARGUMENT, "file.size_bytes is 8");
}

TEST_F(UploadTest, RefusesFilesLargerThanAllowed) {
  TransferOptions options;
  options.uploads.store.max_upload_bytes = 8;
  Start(std::move(options));
  ExpectStatus(UploadData(Describe("text", "some text"), "some text"), grpc::StatusCode::RESOURCE_EXHAUSTED,
               "file.size_bytes is 9; at most 8 are allowed (--max-upload)");
  EXPECT_TRUE(UploadData(Describe("text", "some tex"), "some tex").ok());
}

TEST_F(UploadTest, RefusesFilesLargerThanTheDisk) {
  FileDescription file = Describe("text", "some text");
  file.set_size_bytes(int64_t{1} << 40);
  if (std::filesystem::space(Uploads()).available > (uintmax_t{1} << 40)) GTEST_SKIP() << "the disk is too large";
  ExpectStatus(UploadData(file, "some text"), grpc::StatusCode::RESOURCE_EXHAUSTED, "but the disk has only");
  EXPECT_THAT(Partials(), IsEmpty());
}

TEST_F(UploadTest, ResumesAfterAFullDisk) {
  const std::string bytes = SomeBytes(3000);
  const FileDescription file = Describe("text", bytes);
  disk_.room = 1300;
  ExpectStatus(UploadData(file, bytes, 0, 500), grpc::StatusCode::RESOURCE_EXHAUSTED, "No space left on device");
  EXPECT_EQ(Received(file), 1300);
  disk_.room = INT64_MAX;
  EXPECT_TRUE(UploadData(file, bytes, 1300, 500).ok());
  EXPECT_TRUE(ReadFile(DataFile("text")) == bytes);
}

TEST_F(UploadTest, AFailedSyncForgetsWhatHasArrived) {
  const FileDescription file = Describe("text", "some text");
  disk_.fail_sync = true;
  EXPECT_FALSE(UploadData(file, "some text").ok());
  EXPECT_EQ(Received(file), 0) << "nobody knows which bytes are on disk";
  EXPECT_FALSE(std::filesystem::exists(DataFile("text")));
}

TEST_F(UploadTest, AFailedRenameIsRepeatedWithoutFurtherBytes) {
  const FileDescription file = Describe("text", "some text");
  disk_.fail_rename = true;
  EXPECT_FALSE(UploadData(file, "some text").ok());
  disk_.fail_rename = false;
  EXPECT_TRUE(UploadData(file, "some text", 9).ok());
}

TEST_F(UploadTest, AnExceptionEndsTheStreamOnly) {
  const FileDescription file = Describe("text", "some text");
  disk_.throw_on_write = true;
  ExpectStatus(UploadData(file, "some text"), grpc::StatusCode::RESOURCE_EXHAUSTED, "the upload ran out of memory");
  disk_.throw_on_write = false;
  EXPECT_TRUE(UploadData(file, "some text").ok());
}

TEST_F(UploadTest, TwoOfTheSameBytesAtOnceAreRefused) {
  const FileDescription file = Describe("text", "some text");
  const std::unique_ptr<DataCall> first = StartData();
  ASSERT_TRUE(first->Begin(file, 0, "some"));
  while (Received(file) != 4) std::this_thread::yield();
  ExpectStatus(UploadData(file, "some text", 4), grpc::StatusCode::ABORTED, "another upload of the bytes of text");
  ASSERT_TRUE(first->Send(" text"));
  EXPECT_TRUE(first->End().ok());
}

TEST_F(UploadTest, ManyAtOnce) {
  constexpr int kUploads = 8;
  std::vector<std::thread> threads;
  threads.reserve(kUploads);
  for (int i = 0; i < kUploads; ++i) {
    threads.emplace_back([this, i] {
      const std::string bytes = SomeBytes(1'000'000 + i, i);
      EXPECT_TRUE(UploadData(Describe("text" + std::to_string(i), bytes), bytes, 0, 10'000).ok());
      EXPECT_TRUE(ReadFile(DataFile("text" + std::to_string(i))) == bytes);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(UploadTest, RefusesMoreStreamsThanAllowed) {
  TransferOptions options;
  options.max_transfers = 1;
  Start(std::move(options));
  const FileDescription file = Describe("text", "some text");
  const std::unique_ptr<DataCall> first = StartData();
  ASSERT_TRUE(first->Begin(file, 0, "some"));
  while (Received(file) != 4) std::this_thread::yield();
  ExpectStatus(UploadData(Describe("other", "a"), "a"), grpc::StatusCode::RESOURCE_EXHAUSTED, "--max-transfers");
  ExpectStatus(DownloadAll(0).status, grpc::StatusCode::RESOURCE_EXHAUSTED, "--max-transfers");
  ASSERT_TRUE(first->Send(" text"));
  EXPECT_TRUE(first->End().ok());
  EXPECT_TRUE(UploadData(Describe("other", "a"), "a").ok()) << "there is room again";
}

TEST_F(UploadTest, CanBeCancelledAtAnyTime) {
  const std::string bytes = SomeBytes(200'000);
  const FileDescription file = Describe("text", bytes);
  for (int i = 0; i < 100; ++i) {
    const std::unique_ptr<DataCall> call = StartData();
    call->Begin(file, Received(file), bytes.substr(static_cast<size_t>(Received(file)), 1000));
    std::this_thread::sleep_for(std::chrono::microseconds(i * 20));
    call->Cancel();
    EXPECT_EQ(call->End().error_code(), grpc::StatusCode::CANCELLED);
    record_.WaitUntilNoneIsOpen();
  }
  grpc::Status status;
  do {  // the last of them may begin only now
    status = UploadData(file, bytes, Received(file));
  } while (status.error_code() == grpc::StatusCode::ABORTED || status.error_code() == grpc::StatusCode::OUT_OF_RANGE);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_TRUE(ReadFile(DataFile("text")) == bytes);
}

TEST_F(UploadTest, AServerThatStopsKeepsWhatHasArrived) {
  const FileDescription file = Describe("text", "some text");
  const std::unique_ptr<DataCall> call = StartData();
  ASSERT_TRUE(call->Begin(file, 0, "some"));
  while (Received(file) != 4) std::this_thread::yield();
  Start();
  EXPECT_FALSE(call->End().ok());
  EXPECT_TRUE(UploadData(file, "some text", 4).ok());
}

TEST_F(UploadTest, RefusesNamesWithDirectories) {
  for (const std::string& name : {std::string("../text"), std::string("/tmp/text"), std::string("a/b"),
                                  std::string(".."), std::string("."), std::string("a\0b", 3), std::string()}) {
    ExpectStatus(UploadData(Describe(name, "some text"), "some text"), grpc::StatusCode::INVALID_ARGUMENT,
                 "file.name is");
    int64_t received = 0;
    EXPECT_EQ(GetUpload(Describe(name, ""), &received).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  }
  EXPECT_EQ(scratch_.Count(), 1) << "nothing but the directory of uploads";
  EXPECT_TRUE(UploadData(Describe(std::string(255, 'x'), "a"), "a").ok());
  ExpectStatus(UploadData(Describe(std::string(256, 'x'), "a"), "a"), grpc::StatusCode::INVALID_ARGUMENT,
               "file.name has 256 bytes");
}

TEST_F(UploadTest, RefusesTheNameOfADirectoryOrLink) {
  std::filesystem::create_directory(DataFile("folder"));
  std::filesystem::create_symlink(scratch_.File("elsewhere"), DataFile("link"));
  for (const char* name : {"folder", "link"}) {
    ExpectStatus(UploadData(Describe(name, "a"), "a"), grpc::StatusCode::INVALID_ARGUMENT, "not a regular file");
  }
}

TEST_F(UploadTest, RefusesInvalidDescriptions) {
  FileDescription file = Describe("text", "some text");
  file.set_size_bytes(-1);
  ExpectStatus(UploadData(file, "some text"), grpc::StatusCode::INVALID_ARGUMENT, "file.size_bytes is -1");
  for (const std::string& sha256 : {std::string(), std::string(63, 'a'), std::string(64, 'g')}) {
    file = Describe("text", "some text");
    file.set_sha256(sha256);
    ExpectStatus(UploadData(file, "some text"), grpc::StatusCode::INVALID_ARGUMENT, "file.sha256 is");
  }
}

TEST_F(UploadTest, RefusesMessagesOutOfOrder) {
  const FileDescription file = Describe("text", "some text");
  ExpectStatus(StartData()->End(), grpc::StatusCode::INVALID_ARGUMENT, "file is unset");
  const std::unique_ptr<DataCall> without = StartData();
  without->Send("some");
  ExpectStatus(without->End(), grpc::StatusCode::INVALID_ARGUMENT, "file is unset");
  const std::unique_ptr<DataCall> twice = StartData();
  twice->Begin(file, 0, "some");
  twice->Begin(file, 0, " text");
  ExpectStatus(twice->End(), grpc::StatusCode::INVALID_ARGUMENT, "only the first message");
  ExpectStatus(UploadData(Describe("big", SomeBytes(2'000'000)), SomeBytes(2'000'000), 0, 2'000'000),
               grpc::StatusCode::INVALID_ARGUMENT, "data has 2000000 bytes");
}

TEST_F(UploadTest, ModelsMustBeModels) {
  const std::string model = ModelBytes();
  EXPECT_TRUE(UploadModel(Describe("model", model), model).ok());
  EXPECT_TRUE(ReadFile(Uploads() + "/models/model") == model);
  const FileDescription text = Describe("text", "some text, long enough for a header");
  const grpc::Status status = UploadModel(text, "some text, long enough for a header");
  ExpectStatus(status, grpc::StatusCode::INVALID_ARGUMENT, "text is not a model saved by recurve");
  EXPECT_THAT(status.error_message(), testing::Not(HasSubstr(Uploads())));
  EXPECT_EQ(Received(text), 0);
  EXPECT_FALSE(std::filesystem::exists(Uploads() + "/models/text"));
  record_.WaitUntilNoneIsOpen();
  EXPECT_THAT(record_.ends(), ElementsAre(Pair("UploadModel", absl::StatusCode::kOk),
                                          Pair("UploadModel", absl::StatusCode::kInvalidArgument)));
}

}  // namespace
}  // namespace recurve
