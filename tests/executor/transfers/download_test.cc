// SPDX-License-Identifier: Apache-2.0
//
// Downloads over real sockets.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "executor/data/atomic_file.h"
#include "tests/executor/transfers/transfer_fixture.h"

namespace recurve {
namespace {

using testing::HasSubstr;

// Far more than gRPC and the sockets buffer, so that a stream whose client does not read waits.
constexpr size_t kManyBytes = 64 << 20;

class DownloadTest : public TransferTest {
 protected:
  DownloadTest() { Start(); }
  std::string Provide(const std::string& bytes) {
    model_path_ = scratch_.Write("the model", bytes);
    return *model_path_;
  }
  // Reads the rest of a stream and returns its status.
  grpc::Status Rest(grpc::ClientReader<executor::v1::DownloadModelResponse>& reader, std::string& bytes) {
    executor::v1::DownloadModelResponse response;
    while (reader.Read(&response)) bytes += response.data();
    return reader.Finish();
  }
};

TEST_F(DownloadTest, SendsTheFileInPieces) {
  const std::string bytes = SomeBytes(5'000'000);
  Provide(bytes);
  const Download download = DownloadAll(0);
  EXPECT_TRUE(download.status.ok()) << download.status.error_message();
  EXPECT_EQ(download.file.SerializeAsString(), Describe("the model", bytes).SerializeAsString());
  EXPECT_TRUE(download.bytes == bytes);
  EXPECT_EQ(download.responses, 5);
}

TEST_F(DownloadTest, ContinuesFromAnOffset) {
  const std::string bytes = SomeBytes(3'000'000);
  Provide(bytes);
  for (const size_t offset : {1, 2'000'000, 2'999'999, 3'000'000}) {
    const Download download = DownloadAll(static_cast<int64_t>(offset));
    EXPECT_TRUE(download.status.ok());
    EXPECT_EQ(download.file.SerializeAsString(), Describe("the model", bytes).SerializeAsString());
    EXPECT_TRUE(download.bytes == bytes.substr(offset));
  }
}

TEST_F(DownloadTest, SendsAFileWithoutBytes) {
  Provide("");
  const Download download = DownloadAll(0);
  EXPECT_TRUE(download.status.ok());
  EXPECT_EQ(download.file.SerializeAsString(), Describe("the model", "").SerializeAsString());
  EXPECT_EQ(download.responses, 1);
}

TEST_F(DownloadTest, RefusesOffsetsOutsideTheFile) {
  Provide("some bytes");
  const Download beyond = DownloadAll(11);
  EXPECT_EQ(beyond.status.error_code(), grpc::StatusCode::OUT_OF_RANGE);
  EXPECT_THAT(beyond.status.error_message(), HasSubstr("offset_bytes is 11; must be at most 10"));
  EXPECT_EQ(DownloadAll(-1).status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(DownloadTest, ReportsWhyThereIsNoFile) {
  EXPECT_EQ(DownloadAll(0).status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  model_path_ = scratch_.File("missing");
  EXPECT_EQ(DownloadAll(0).status.error_code(), grpc::StatusCode::NOT_FOUND);
  record_.WaitUntilNoneIsOpen();
  EXPECT_THAT(record_.ends(),
              testing::ElementsAre(testing::Pair("DownloadModel", absl::StatusCode::kFailedPrecondition),
                                   testing::Pair("DownloadModel", absl::StatusCode::kNotFound)));
}

TEST_F(DownloadTest, SendsTheNewFileAfterAChange) {
  for (const char* text : {"one text", "two text", "another"}) {
    ASSERT_TRUE(WriteFileAtomically(scratch_.File("the model"), text).ok());
    model_path_ = scratch_.File("the model");
    for (int time = 0; time < 2; ++time) {
      const Download download = DownloadAll(0);
      EXPECT_EQ(download.bytes, text);
      EXPECT_EQ(download.file.sha256(), Describe("", text).sha256());
    }
  }
}

TEST_F(DownloadTest, IsAbortedWhenTheFileIsModified) {
  const std::string path = Provide(SomeBytes(kManyBytes));
  grpc::ClientContext context;
  const auto reader = StartDownload(&context, 0);
  executor::v1::DownloadModelResponse response;
  ASSERT_TRUE(reader->Read(&response));
  std::ofstream(path, std::ios::in) << "changed";
  std::string bytes;
  const grpc::Status status = Rest(*reader, bytes);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::ABORTED);
  EXPECT_THAT(status.error_message(), HasSubstr("was modified while it was read"));
}

TEST_F(DownloadTest, IsAbortedWhenTheFileIsTruncated) {
  const std::string path = Provide(SomeBytes(kManyBytes));
  grpc::ClientContext context;
  const auto reader = StartDownload(&context, 0);
  executor::v1::DownloadModelResponse response;
  ASSERT_TRUE(reader->Read(&response));
  std::filesystem::resize_file(path, 1);
  std::string bytes;
  EXPECT_EQ(Rest(*reader, bytes).error_code(), grpc::StatusCode::ABORTED);
}

TEST_F(DownloadTest, SendsTheOldFileWhenANewOneTakesItsPlace) {
  const std::string bytes = SomeBytes(kManyBytes);
  const std::string path = Provide(bytes);
  grpc::ClientContext context;
  const auto reader = StartDownload(&context, 0);
  executor::v1::DownloadModelResponse response;
  ASSERT_TRUE(reader->Read(&response));
  ASSERT_TRUE(WriteFileAtomically(path, "the next model").ok());
  std::string received = response.data();
  EXPECT_TRUE(Rest(*reader, received).ok());
  EXPECT_TRUE(received == bytes);
  EXPECT_EQ(DownloadAll(0).bytes, "the next model");
}

TEST_F(DownloadTest, EndsWhenTheClientCancels) {
  Provide(SomeBytes(kManyBytes));
  for (int i = 0; i < 3; ++i) {
    grpc::ClientContext context;
    const auto reader = StartDownload(&context, 0);
    executor::v1::DownloadModelResponse response;
    ASSERT_TRUE(i == 0 || reader->Read(&response));
    context.TryCancel();
    std::string bytes;
    EXPECT_EQ(Rest(*reader, bytes).error_code(), grpc::StatusCode::CANCELLED);
  }
  record_.WaitUntilNoneIsOpen();
  for (const auto& [method, code] : record_.ends()) EXPECT_EQ(code, absl::StatusCode::kCancelled);
}

TEST_F(DownloadTest, AClientThatDoesNotReadHoldsNobodyUp) {
  TransferOptions options;
  options.threads = 1;
  Start(std::move(options));
  Provide(SomeBytes(kManyBytes));
  grpc::ClientContext context;
  const auto lazy = StartDownload(&context, 0);
  executor::v1::DownloadModelResponse response;
  ASSERT_TRUE(lazy->Read(&response));
  EXPECT_TRUE(DownloadAll(0).status.ok());
  EXPECT_TRUE(UploadData(Describe("text", "some text"), "some text").ok());
  Stop();  // ends the lazy one
  std::string bytes;
  EXPECT_FALSE(Rest(*lazy, bytes).ok());
}

}  // namespace
}  // namespace recurve
