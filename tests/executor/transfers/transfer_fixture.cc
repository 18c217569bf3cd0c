// SPDX-License-Identifier: Apache-2.0
#include "tests/executor/transfers/transfer_fixture.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <random>
#include <thread>

#include "executor/data/safetensors.h"
#include "executor/data/sha256.h"
#include "planner_service/grpc_server/grpc_status.h"

namespace recurve {
namespace {

namespace v1 = executor::v1;

void SetDeadline(grpc::ClientContext& context) {
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
}

void Pause() { std::this_thread::sleep_for(std::chrono::milliseconds(1)); }

}  // namespace

std::string SomeBytes(size_t size, uint32_t seed) {
  std::mt19937 random(seed);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

FileDescription Describe(const std::string& name, const std::string& bytes) {
  FileDescription file;
  file.set_name(name);
  file.set_size_bytes(static_cast<int64_t>(bytes.size()));
  file.set_sha256(Sha256Of(bytes));
  return file;
}

std::string ModelBytes() {
  const ScratchDirectory scratch;
  const Safetensors model{.metadata = {{"recurve", R"({"format": "some-model"})"}},
                          .tensors = {{.name = "weights", .shape = {2, 3}, .values = {1, 2, 3, 4, 5, 6}}}};
  EXPECT_TRUE(WriteSafetensors(scratch.File("model"), model).ok());
  return ReadFile(scratch.File("model"));
}

TransferObserver TransferRecord::Observer() {
  return {.on_open =
              [this](int delta) {
                const MutexLock lock(mutex_);
                open_ += delta;
              },
          .on_end =
              [this](const char* method, const absl::Status& status) {
                const MutexLock lock(mutex_);
                ends_.emplace_back(method, status.code());
              }};
}

int TransferRecord::open() const {
  const MutexLock lock(mutex_);
  return open_;
}

void TransferRecord::WaitUntilNoneIsOpen() const {
  while (open() != 0) Pause();
}

std::vector<std::pair<std::string, absl::StatusCode>> TransferRecord::ends() const {
  const MutexLock lock(mutex_);
  return ends_;
}

// Forwards to the transfers, as the daemon's service does.
class TransferTest::Service final : public v1::ExecutorService::CallbackService {
 public:
  explicit Service(TransferTest& test) : test_(test) {}

  grpc::ServerReadReactor<v1::UploadDataRequest>* UploadData(grpc::CallbackServerContext* context,
                                                             v1::UploadDataResponse* response) override {
    return test_.transfers_->UploadData(context, response, Caller{});
  }
  grpc::ServerReadReactor<v1::UploadModelRequest>* UploadModel(grpc::CallbackServerContext* context,
                                                               v1::UploadModelResponse* response) override {
    return test_.transfers_->UploadModel(context, response, Caller{});
  }
  grpc::ServerWriteReactor<v1::DownloadModelResponse>* DownloadModel(grpc::CallbackServerContext* context,
                                                                     const v1::DownloadModelRequest* request) override {
    return test_.transfers_->DownloadModel(context, *request, Caller{}, test_.OpenModel());
  }
  grpc::ServerUnaryReactor* GetUpload(grpc::CallbackServerContext* context, const v1::GetUploadRequest* request,
                                      v1::GetUploadResponse* response) override {
    absl::StatusOr<v1::GetUploadResponse> got = test_.transfers_->GetUpload(*request, Caller{});
    if (got.ok()) *response = *std::move(got);
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(ToGrpcStatus(got.status()));
    return reactor;
  }

 private:
  TransferTest& test_;
};

void TransferTest::Start(TransferOptions options) {
  Stop();
  options.uploads.store.directory = Uploads();
  options.uploads.store.file_system = &disk_;
  absl::StatusOr<std::unique_ptr<TransferService>> transfers =
      TransferService::Create(std::move(options), record_.Observer());
  ASSERT_TRUE(transfers.ok()) << transfers.status();
  transfers_ = *std::move(transfers);
  service_ = std::make_unique<Service>(*this);
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(service_.get());
  server_ = builder.BuildAndStart();
  ASSERT_NE(server_, nullptr);
  stub_ = v1::ExecutorService::NewStub(
      grpc::CreateChannel("127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials()));
}

void TransferTest::Stop() {
  if (server_ == nullptr) return;
  server_->Shutdown(std::chrono::system_clock::now());
  server_->Wait();
  server_.reset();
  service_.reset();
  transfers_.reset();
}

std::unique_ptr<DataCall> TransferTest::StartData() {
  return std::make_unique<DataCall>([this](grpc::ClientContext* context, v1::UploadDataResponse* response) {
    SetDeadline(*context);
    return stub_->UploadData(context, response);
  });
}

std::unique_ptr<ModelCall> TransferTest::StartModel() {
  return std::make_unique<ModelCall>([this](grpc::ClientContext* context, v1::UploadModelResponse* response) {
    SetDeadline(*context);
    return stub_->UploadModel(context, response);
  });
}

grpc::Status TransferTest::UploadData(const FileDescription& file, const std::string& bytes, int64_t offset,
                                      size_t piece) {
  const std::unique_ptr<DataCall> call = StartData();
  const auto begin = static_cast<size_t>(offset);
  call->Begin(file, offset, bytes.substr(begin, piece));
  for (size_t at = begin + piece; at < bytes.size(); at += piece) call->Send(bytes.substr(at, piece));
  const grpc::Status status = call->End();
  if (status.ok()) {
    EXPECT_EQ(call->path(), std::filesystem::canonical(DataFile(file.name())));
  }
  return status;
}

grpc::Status TransferTest::UploadModel(const FileDescription& file, const std::string& bytes) {
  const std::unique_ptr<ModelCall> call = StartModel();
  call->Begin(file, 0, bytes);
  return call->End();
}

grpc::Status TransferTest::GetUpload(const FileDescription& file, int64_t* received) {
  grpc::ClientContext context;
  SetDeadline(context);
  v1::GetUploadRequest request;
  *request.mutable_file() = file;
  v1::GetUploadResponse response;
  const grpc::Status status = stub_->GetUpload(&context, request, &response);
  *received = response.received_bytes();
  return status;
}

int64_t TransferTest::Received(const FileDescription& file) {
  int64_t received = 0;
  EXPECT_TRUE(GetUpload(file, &received).ok());
  return received;
}

void TransferTest::UploadPart(const FileDescription& file, const std::string& bytes) {
  const std::unique_ptr<DataCall> call = StartData();
  ASSERT_TRUE(call->Begin(file, Received(file), bytes.substr(static_cast<size_t>(Received(file)))));
  while (Received(file) != static_cast<int64_t>(bytes.size())) Pause();
  call->Cancel();
  EXPECT_EQ(call->End().error_code(), grpc::StatusCode::CANCELLED);
  record_.WaitUntilNoneIsOpen();
}

std::unique_ptr<grpc::ClientReader<v1::DownloadModelResponse>> TransferTest::StartDownload(grpc::ClientContext* context,
                                                                                           int64_t offset) {
  SetDeadline(*context);
  v1::DownloadModelRequest request;
  request.set_id("job");
  request.set_offset_bytes(offset);
  return stub_->DownloadModel(context, request);
}

TransferTest::Download TransferTest::DownloadAll(int64_t offset) {
  Download download;
  grpc::ClientContext context;
  const auto reader = StartDownload(&context, offset);
  v1::DownloadModelResponse response;
  while (reader->Read(&response)) {
    EXPECT_EQ(response.has_file(), download.responses == 0);
    if (response.has_file()) download.file = response.file();
    EXPECT_LE(response.data().size(), size_t{1} << 20);
    download.bytes += response.data();
    ++download.responses;
  }
  download.status = reader->Finish();
  return download;
}

std::vector<std::string> TransferTest::Partials() const {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(Uploads() + "/partial")) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace recurve
