// SPDX-License-Identifier: Apache-2.0
#include "executor/transfers/transfer_service.h"

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "executor/transfers/download_reactor.h"
#include "executor/transfers/upload_reactor.h"
#include "executor/transfers/upload_stream.h"
#include "planner_service/grpc_server/grpc_status.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

constexpr std::chrono::milliseconds kTransferRetryDelay{1000};  // for streams refused because of their number

}  // namespace

TransferService::TransferService(std::unique_ptr<UploadStore> uploads, std::unique_ptr<TransferThreads> threads,
                                 int max_transfers, TransferObserver observer)
    : max_transfers_(max_transfers),
      observer_(std::move(observer)),
      uploads_(std::move(uploads)),
      threads_(std::move(threads)) {}

absl::StatusOr<std::unique_ptr<TransferService>> TransferService::Create(TransferOptions options,
                                                                         TransferObserver observer) {
  ASSIGN_OR_RETURN(std::unique_ptr<UploadStore> uploads, UploadStore::Open(std::move(options.uploads)));
  ASSIGN_OR_RETURN(std::unique_ptr<TransferThreads> threads, TransferThreads::Start(options.threads));
  return std::unique_ptr<TransferService>(
      new TransferService(std::move(uploads), std::move(threads), options.max_transfers, std::move(observer)));
}

grpc::ServerReadReactor<executor::v1::UploadDataRequest>* TransferService::UploadData(
    grpc::CallbackServerContext* context, executor::v1::UploadDataResponse* response,
    const absl::StatusOr<Caller>& caller) {
  using Reactor = UploadReactor<executor::v1::UploadDataRequest, executor::v1::UploadDataResponse>;
  return Reactor::Start(*threads_, UploadStream(*uploads_, UploadKind::kData), response, Admit(*context, caller),
                        OnEnd(LoggedCall(*context, "UploadData", CallEffect::kChanges), caller));
}

grpc::ServerReadReactor<executor::v1::UploadModelRequest>* TransferService::UploadModel(
    grpc::CallbackServerContext* context, executor::v1::UploadModelResponse* response,
    const absl::StatusOr<Caller>& caller) {
  using Reactor = UploadReactor<executor::v1::UploadModelRequest, executor::v1::UploadModelResponse>;
  return Reactor::Start(*threads_, UploadStream(*uploads_, UploadKind::kModel), response, Admit(*context, caller),
                        OnEnd(LoggedCall(*context, "UploadModel", CallEffect::kChanges), caller));
}

grpc::ServerWriteReactor<executor::v1::DownloadModelResponse>* TransferService::DownloadModel(
    grpc::CallbackServerContext* context, const executor::v1::DownloadModelRequest& request,
    const absl::StatusOr<Caller>& caller, absl::StatusOr<std::unique_ptr<InputFile>> file) {
  if (const absl::Status admission = Admit(*context, caller); !admission.ok()) file = admission;
  return DownloadReactor::Start(*threads_, digests_, std::move(file), request.offset_bytes(),
                                OnEnd(LoggedCall(*context, "DownloadModel", CallEffect::kReads, request.id()), caller));
}

absl::StatusOr<executor::v1::GetUploadResponse> TransferService::GetUpload(
    const executor::v1::GetUploadRequest& request) const {
  executor::v1::GetUploadResponse response;
  ASSIGN_OR_RETURN(const int64_t received, uploads_->Received(request.file()));
  response.set_received_bytes(received);
  return response;
}

absl::Status TransferService::Admit(grpc::CallbackServerContext& context, const absl::StatusOr<Caller>& caller) {
  observer_.on_open(+1);
  const bool too_many = transfers_.fetch_add(1) >= max_transfers_;
  if (!too_many || !caller.ok()) return caller.status();
  AddRetryDelay(context, kTransferRetryDelay);
  return absl::ResourceExhaustedError(
      absl::StrCat(max_transfers_, " transfers are open, the limit (--max-transfers); retry later"));
}

std::function<void(const absl::Status&)> TransferService::OnEnd(const LoggedCall& call,
                                                                const absl::StatusOr<Caller>& caller) {
  return [this, call, owner = caller.ok() ? caller->owner : ""](const absl::Status& status) {
    transfers_.fetch_sub(1);
    observer_.on_open(-1);
    observer_.on_end(call.method, status);
    call.Log(status, owner);
  };
}

}  // namespace recurve
