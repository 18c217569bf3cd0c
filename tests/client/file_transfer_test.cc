// SPDX-License-Identifier: Apache-2.0
#include "client/file_transfer.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "client/partial_file.h"
#include "executor/data/sha256.h"
#include "tests/executor/data/scratch_directory.h"

namespace recurve {
namespace {

namespace v1 = executor::v1;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A daemon with one model and one upload, whose streams break after `break_after` bytes.
class FakeTransfers final : public v1::ExecutorService::Service {
 public:
  FakeTransfers() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  std::string target() const { return "127.0.0.1:" + std::to_string(port_); }

  grpc::Status DownloadModel(grpc::ServerContext*, const v1::DownloadModelRequest* request,
                             grpc::ServerWriter<v1::DownloadModelResponse>* writer) override {
    if (request->id() != "job") return {grpc::StatusCode::NOT_FOUND, "no job"};
    offsets.push_back(request->offset_bytes());
    const auto size = static_cast<int64_t>(model.size());
    if (offsets.size() <= aborts) {
      model += "more";
      return {grpc::StatusCode::ABORTED, "the file changed"};
    }
    if (request->offset_bytes() > size) return {grpc::StatusCode::OUT_OF_RANGE, "beyond the end"};
    v1::DownloadModelResponse response;
    response.mutable_file()->set_name("model");
    response.mutable_file()->set_size_bytes(size);
    response.mutable_file()->set_sha256(sha256.empty() ? Sha256Of(model) : sha256);
    int64_t sent = 0;
    for (int64_t at = request->offset_bytes(); at < size || response.has_file(); response.Clear()) {
      if (sent >= break_after) return {grpc::StatusCode::UNAVAILABLE, "the wire is cut"};
      const int64_t part = std::min<int64_t>(1000, size - at);
      response.set_data(model.substr(static_cast<size_t>(at), static_cast<size_t>(part)));
      writer->Write(response);
      at += part;
      sent += part;
    }
    return grpc::Status::OK;
  }

  grpc::Status GetUpload(grpc::ServerContext*, const v1::GetUploadRequest*, v1::GetUploadResponse* response) override {
    response->set_received_bytes(static_cast<int64_t>(uploaded.size()));
    return grpc::Status::OK;
  }

  grpc::Status UploadData(grpc::ServerContext*, grpc::ServerReader<v1::UploadDataRequest>* reader,
                          v1::UploadDataResponse* response) override {
    v1::UploadDataRequest request;
    if (!reader->Read(&request) || !request.has_file()) return {grpc::StatusCode::INVALID_ARGUMENT, "no description"};
    const v1::FileDescription file = request.file();
    offsets.push_back(request.offset_bytes());
    if (offsets.size() <= aborts) return {grpc::StatusCode::ABORTED, "the same upload is active"};
    if (request.offset_bytes() != static_cast<int64_t>(uploaded.size())) {
      return {grpc::StatusCode::OUT_OF_RANGE, "not what has arrived"};
    }
    int64_t received = 0;
    while (reader->Read(&request)) {
      if (request.data().size() > 1 << 20) return {grpc::StatusCode::INVALID_ARGUMENT, "a part is too long"};
      uploaded += request.data();
      received += static_cast<int64_t>(request.data().size());
      if (received >= break_after) return {grpc::StatusCode::UNAVAILABLE, "the wire is cut"};
    }
    if (Sha256Of(uploaded) != file.sha256()) return {grpc::StatusCode::INVALID_ARGUMENT, "the SHA-256 differs"};
    response->set_path("/data/" + file.name());
    return grpc::Status::OK;
  }

  std::string model, sha256, uploaded;
  int64_t break_after = int64_t{1} << 40;
  size_t aborts = 0;             // of the first streams
  std::vector<int64_t> offsets;  // of all streams

 private:
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

std::string Bytes(size_t size) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 131 + i / 251);
  return bytes;
}

class FileTransfer : public ::testing::Test {
 protected:
  absl::StatusOr<v1::FileDescription> Download() {
    return DownloadModelFile(client_, "job", path_, [this](int64_t done, int64_t) { progress_ = done; });
  }

  const ScratchDirectory scratch_;
  const std::string path_ = scratch_.File("model");
  const std::string partial_ = path_ + ".download";
  FakeTransfers service_;
  ExecutorClient client_{{.target = service_.target(), .reconnect = std::chrono::milliseconds(5000)}};
  int64_t progress_ = 0;
};

TEST_F(FileTransfer, DownloadsAModel) {
  service_.model = Bytes(12345);
  const auto file = Download();
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->name(), "model");
  EXPECT_EQ(ReadFile(path_), service_.model);
  EXPECT_EQ(progress_, 12345);
  EXPECT_FALSE(std::filesystem::exists(partial_));
}

TEST_F(FileTransfer, AnEmptyFileIsAFile) {
  ASSERT_TRUE(Download().ok());
  EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(FileTransfer, ABrokenDownloadContinuesWhereItEnded) {
  service_.model = Bytes(2500);
  service_.break_after = 1000;
  ASSERT_TRUE(Download().ok());
  EXPECT_THAT(service_.offsets, ElementsAre(0, 1000, 2000));
  EXPECT_EQ(ReadFile(path_), service_.model);
}

TEST_F(FileTransfer, AnotherCommandContinuesADownload) {
  service_.model = Bytes(5000);
  scratch_.Write("model.download", service_.model.substr(0, 3000));
  ASSERT_TRUE(Download().ok());
  EXPECT_THAT(service_.offsets, ElementsAre(3000));
  EXPECT_EQ(ReadFile(path_), service_.model);
  scratch_.Write("model.download", service_.model);  // complete, but not moved yet
  ASSERT_TRUE(Download().ok());
  EXPECT_EQ(ReadFile(path_), service_.model);
}

TEST_F(FileTransfer, PartsOfAnotherModelAreDropped) {
  service_.model = Bytes(5000);
  for (const size_t size : {3000, 5000, 9000}) {
    service_.offsets.clear();
    scratch_.Write("model.download", std::string(size, 'x'));
    const auto file = Download();
    ASSERT_TRUE(file.ok()) << file.status();
    EXPECT_THAT(service_.offsets, ElementsAre(size, 0));
    EXPECT_EQ(ReadFile(path_), service_.model);
  }
}

TEST_F(FileTransfer, AModelThatChangesOnTheWayIsSentAgain) {
  service_.model = Bytes(5000);
  service_.aborts = 2;
  scratch_.Write("model.download", service_.model.substr(0, 3000));
  ASSERT_TRUE(Download().ok());
  EXPECT_THAT(service_.offsets, ElementsAre(3000, 0, 0));
  EXPECT_EQ(ReadFile(path_), service_.model);
}

TEST_F(FileTransfer, AFalseSha256LeavesTheFileAsItWas) {
  scratch_.Write("model", "the model of before");
  service_.model = Bytes(5000);
  service_.sha256 = std::string(64, '0');
  const absl::Status status = Download().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), HasSubstr("SHA-256"));
  EXPECT_EQ(ReadFile(path_), "the model of before");
  EXPECT_FALSE(std::filesystem::exists(partial_));
}

TEST_F(FileTransfer, SaysWhatIsWrong) {
  EXPECT_EQ(DownloadModelFile(client_, "nobody", path_).status().code(), absl::StatusCode::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(partial_));
  EXPECT_EQ(DownloadModelFile(client_, "job", scratch_.path()).status().code(), absl::StatusCode::kInvalidArgument);
  const auto other = PartialFile::Open(path_);
  ASSERT_TRUE(other.ok());
  EXPECT_THAT(std::string(Download().status().message()), HasSubstr("another download"));
  ExecutorClient nowhere({.target = "127.0.0.1:1"});
  EXPECT_EQ(DownloadModelFile(nowhere, "job", scratch_.File("x")).status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(FileTransfer, UploadsInPartsAndContinues) {
  const std::string bytes = Bytes(2'500'000);
  const auto file = InputFile::Open(scratch_.Write("text", bytes));
  ASSERT_TRUE(file.ok());
  const auto description = DescribeFile(**file, nullptr);
  ASSERT_TRUE(description.ok());
  EXPECT_EQ(description->name(), "text");
  service_.break_after = 1 << 20;
  service_.aborts = 1;
  const auto path = UploadFile(client_, FilePurpose::kData, **file, *description);
  ASSERT_TRUE(path.ok()) << path.status();
  EXPECT_EQ(*path, "/data/text");
  EXPECT_EQ(service_.uploaded, bytes);
  EXPECT_THAT(service_.offsets, ElementsAre(0, 0, 1 << 20, 2 << 20));
}

TEST_F(FileTransfer, AFileThatChangesIsRefusedByItsSha256) {
  const auto file = InputFile::Open(scratch_.Write("text", "as it was"));
  ASSERT_TRUE(file.ok());
  auto description = DescribeFile(**file, nullptr);
  ASSERT_TRUE(description.ok());
  description->set_sha256(std::string(64, '0'));
  const absl::Status status = UploadFile(client_, FilePurpose::kData, **file, *description).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  description->set_size_bytes(20);
  EXPECT_EQ(UploadFile(client_, FilePurpose::kData, **file, *description).status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace recurve
