// SPDX-License-Identifier: Apache-2.0
#include "executor/transfers/transfer_service.h"

#include <chrono>
#include <utility>

#include "executor/transfers/download_reactor.h"
#include "executor/transfers/upload_reactor.h"
#include "executor/transfers/upload_stream.h"
#include "planner_service/grpc_server/grpc_status.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

constexpr std::chrono::milliseconds kTransferRetryDelay{1000};  // for streams refused because of their number

}  // namespace

TransferService::TransferService(const TransferOptions& options, std::unique_ptr<OwnedUploads> uploads,
                                 std::unique_ptr<TransferThreads> threads, TransferObserver observer)
    : observer_(std::move(observer)),
      streams_({.name = "transfers",
                .flag = "--max-transfers",
                .most = options.max_transfers,
                .most_of_one = options.max_transfers_per_client,
                .on_quota_refusal = observer_.on_quota_refusal}),
      uploads_(std::move(uploads)),
      threads_(std::move(threads)) {}

absl::StatusOr<std::unique_ptr<TransferService>> TransferService::Create(TransferOptions options,
                                                                         TransferObserver observer) {
  ASSIGN_OR_RETURN(std::unique_ptr<OwnedUploads> uploads, OwnedUploads::Open(std::move(options.uploads)));
  ASSIGN_OR_RETURN(std::unique_ptr<TransferThreads> threads, TransferThreads::Start(options.threads));
  return std::unique_ptr<TransferService>(
      new TransferService(options, std::move(uploads), std::move(threads), std::move(observer)));
}

template <typename Reactor, typename Response>
Reactor* TransferService::Upload(grpc::CallbackServerContext* context, const char* method, UploadKind kind,
                                 Response* response, const absl::StatusOr<Caller>& caller) {
  const absl::Status admission = Admit(*context, caller);
  const absl::StatusOr<UploadStore*> store =
      admission.ok() ? uploads_->Of(caller->owner) : absl::StatusOr<UploadStore*>(admission);
  // A stream that is not admitted uses no store.
  return Reactor::Start(*threads_, UploadStream(store.ok() ? *store : nullptr, kind), response, store.status(),
                        OnEnd(LoggedCall(*context, method, CallEffect::kChanges), caller, admission));
}

grpc::ServerReadReactor<executor::v1::UploadDataRequest>* TransferService::UploadData(
    grpc::CallbackServerContext* context, executor::v1::UploadDataResponse* response,
    const absl::StatusOr<Caller>& caller) {
  using Reactor = UploadReactor<executor::v1::UploadDataRequest, executor::v1::UploadDataResponse>;
  return Upload<Reactor>(context, "UploadData", UploadKind::kData, response, caller);
}

grpc::ServerReadReactor<executor::v1::UploadModelRequest>* TransferService::UploadModel(
    grpc::CallbackServerContext* context, executor::v1::UploadModelResponse* response,
    const absl::StatusOr<Caller>& caller) {
  using Reactor = UploadReactor<executor::v1::UploadModelRequest, executor::v1::UploadModelResponse>;
  return Upload<Reactor>(context, "UploadModel", UploadKind::kModel, response, caller);
}

grpc::ServerWriteReactor<executor::v1::DownloadModelResponse>* TransferService::DownloadModel(
    grpc::CallbackServerContext* context, const executor::v1::DownloadModelRequest& request,
    const absl::StatusOr<Caller>& caller, absl::StatusOr<std::unique_ptr<InputFile>> file) {
  const absl::Status admission = Admit(*context, caller);
  if (!admission.ok()) file = admission;
  return DownloadReactor::Start(
      *threads_, digests_, std::move(file), request.offset_bytes(),
      OnEnd(LoggedCall(*context, "DownloadModel", CallEffect::kReads, request.id()), caller, admission));
}

absl::StatusOr<executor::v1::GetUploadResponse> TransferService::GetUpload(
    const executor::v1::GetUploadRequest& request, const Caller& caller) {
  executor::v1::GetUploadResponse response;
  ASSIGN_OR_RETURN(const UploadStore* uploads, uploads_->Of(caller.owner));
  ASSIGN_OR_RETURN(const int64_t received, uploads->Received(request.file()));
  response.set_received_bytes(received);
  return response;
}

absl::Status TransferService::Admit(grpc::CallbackServerContext& context, const absl::StatusOr<Caller>& caller) {
  observer_.on_open(+1);
  RETURN_IF_ERROR(caller.status());
  absl::Status admission = streams_.Open(caller->client);
  if (!admission.ok()) AddRetryDelay(context, kTransferRetryDelay);
  return admission;
}

std::function<void(const absl::Status&)> TransferService::OnEnd(const LoggedCall& call,
                                                                const absl::StatusOr<Caller>& caller,
                                                                const absl::Status& admission) {
  return [this, call, caller, counted = admission.ok()](const absl::Status& status) {
    if (counted) streams_.Close(caller->client);
    observer_.on_open(-1);
    observer_.on_end(call.method, status);
    call.Log(status, caller.ok() ? caller->owner : "");
  };
}

}  // namespace recurve
