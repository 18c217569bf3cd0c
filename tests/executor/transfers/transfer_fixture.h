// SPDX-License-Identifier: Apache-2.0
//
// A gRPC server in this process that does nothing but transfers, and the client's side of them over loopback sockets.
#ifndef RECURVE_TESTS_EXECUTOR_TRANSFERS_TRANSFER_FIXTURE_H_
#define RECURVE_TESTS_EXECUTOR_TRANSFERS_TRANSFER_FIXTURE_H_

#include <grpcpp/server.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "executor/transfers/transfer_service.h"
#include "planner_service/process/mutex.h"
#include "recurve/executor/v1/executor.grpc.pb.h"
#include "tests/executor/data/scratch_directory.h"
#include "tests/executor/transfers/limited_disk.h"

namespace recurve {

using executor::v1::FileDescription;

// `size` bytes that repeat in no short pattern.
std::string SomeBytes(size_t size, uint32_t seed = 1);

// The description of a file with these bytes.
FileDescription Describe(const std::string& name, const std::string& bytes);

// A model file of ours.
std::string ModelBytes();

// What the observer of the transfers was told.
class TransferRecord {
 public:
  TransferObserver Observer();
  int open() const;
  void WaitUntilNoneIsOpen() const;
  std::vector<std::pair<std::string, absl::StatusCode>> ends() const;

 private:
  mutable Mutex mutex_;
  int open_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<std::pair<std::string, absl::StatusCode>> ends_ ABSL_GUARDED_BY(mutex_);
};

// A client's UploadData or UploadModel stream.
template <typename Request, typename Response>
class UploadCall {
 public:
  using Writer = grpc::ClientWriter<Request>;
  template <typename Open>
  explicit UploadCall(Open open) : writer_(open(&context_, &response_)) {}

  bool Begin(const FileDescription& file, int64_t offset, const std::string& data) {
    Request request;
    *request.mutable_file() = file;
    request.set_offset_bytes(offset);
    request.set_data(data);
    return writer_->Write(request);
  }
  bool Send(const std::string& data) {
    Request request;
    request.set_data(data);
    return writer_->Write(request);
  }
  bool Send(const Request& request) { return writer_->Write(request); }
  void Cancel() { context_.TryCancel(); }
  grpc::Status End() {
    writer_->WritesDone();
    return writer_->Finish();
  }
  const std::string& path() const { return response_.path(); }

 private:
  grpc::ClientContext context_;
  Response response_;
  std::unique_ptr<Writer> writer_;
};

using DataCall = UploadCall<executor::v1::UploadDataRequest, executor::v1::UploadDataResponse>;
using ModelCall = UploadCall<executor::v1::UploadModelRequest, executor::v1::UploadModelResponse>;

class TransferTest : public testing::Test {
 protected:
  ~TransferTest() override { Stop(); }

  // Starts a server, or another one after the last, with the files of the last.
  void Start(TransferOptions options = {});
  void Stop();

  std::unique_ptr<DataCall> StartData();
  std::unique_ptr<ModelCall> StartModel();
  // An upload in pieces, from an offset on.
  grpc::Status UploadData(const FileDescription& file, const std::string& bytes, int64_t offset = 0,
                          size_t piece = 1 << 20);
  grpc::Status UploadModel(const FileDescription& file, const std::string& bytes);
  grpc::Status GetUpload(const FileDescription& file, int64_t* received);
  int64_t Received(const FileDescription& file);
  // Uploads the first bytes and breaks off once they have arrived.
  void UploadPart(const FileDescription& file, const std::string& bytes);

  struct Download {
    grpc::Status status;
    FileDescription file;
    std::string bytes;
    size_t responses = 0;
  };
  Download DownloadAll(int64_t offset);
  std::unique_ptr<grpc::ClientReader<executor::v1::DownloadModelResponse>> StartDownload(grpc::ClientContext* context,
                                                                                         int64_t offset);

  absl::StatusOr<std::unique_ptr<InputFile>> OpenModel() const {
    if (!model_path_.ok()) return model_path_.status();
    return InputFile::Open(*model_path_);
  }
  std::string Uploads() const { return scratch_.File("uploads"); }
  std::string DataFile(const std::string& name) const { return Uploads() + "/data/" + name; }
  std::vector<std::string> Partials() const;

  ScratchDirectory scratch_;
  LimitedDisk disk_;
  TransferRecord record_;
  absl::StatusOr<std::string> model_path_ = absl::FailedPreconditionError("no model");  // what downloads send
  std::unique_ptr<TransferService> transfers_;
  std::unique_ptr<executor::v1::ExecutorService::Stub> stub_;

 private:
  class Service;
  std::unique_ptr<Service> service_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace recurve

#endif  // RECURVE_TESTS_EXECUTOR_TRANSFERS_TRANSFER_FIXTURE_H_
