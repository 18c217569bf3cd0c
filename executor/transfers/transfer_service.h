// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_TRANSFERS_TRANSFER_SERVICE_H_
#define RECURVE_EXECUTOR_TRANSFERS_TRANSFER_SERVICE_H_

#include <grpcpp/support/server_callback.h>

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "executor/data/input_file.h"
#include "executor/transfers/digest_cache.h"
#include "executor/transfers/open_streams.h"
#include "executor/transfers/owned_uploads.h"
#include "executor/transfers/transfer_threads.h"
#include "planner_service/access/caller.h"
#include "planner_service/grpc_server/call_log.h"
#include "recurve/executor/v1/files.pb.h"

namespace recurve {

struct TransferOptions {
  OwnedUploadsOptions uploads;
  int max_transfers = 16;            // streams at a time
  int max_transfers_per_client = 0;  // the same for one client (see Caller); 0: max_transfers
  int threads = 2;                   // that read and write files
};

// Called at the begin (+1) and the end (-1) of each stream, and with the method and final status of each.
struct TransferObserver {
  std::function<void(int delta)> on_open = [](int) {};
  std::function<void(const char* method, const absl::Status& status)> on_end = [](const char*, const absl::Status&) {};
  std::function<void()> on_quota_refusal = [] {};  // one client has too many streams
};

// The RPCs that transfer files. Each method is called by the one of the same name of a gRPC service, and does not
// block. Streams beyond `max_transfers` are refused with RESOURCE_EXHAUSTED. Thread-safe. Must outlive the server.
//
//   grpc::ServerReadReactor<UploadDataRequest>* UploadData(context, response) { return transfers.UploadData(...); }
class TransferService {
 public:
  // Errors: as UploadStore::Open and TransferThreads::Start.
  static absl::StatusOr<std::unique_ptr<TransferService>> Create(TransferOptions options, TransferObserver observer);

  // If the caller was refused, the stream ends with that status. Otherwise the upload is the caller's: others neither
  // continue it nor learn of it.
  grpc::ServerReadReactor<executor::v1::UploadDataRequest>* UploadData(grpc::CallbackServerContext* context,
                                                                       executor::v1::UploadDataResponse* response,
                                                                       const absl::StatusOr<Caller>& caller);
  grpc::ServerReadReactor<executor::v1::UploadModelRequest>* UploadModel(grpc::CallbackServerContext* context,
                                                                         executor::v1::UploadModelResponse* response,
                                                                         const absl::StatusOr<Caller>& caller);
  // `file` is what to send, or the status to end with.
  grpc::ServerWriteReactor<executor::v1::DownloadModelResponse>* DownloadModel(
      grpc::CallbackServerContext* context, const executor::v1::DownloadModelRequest& request,
      const absl::StatusOr<Caller>& caller, absl::StatusOr<std::unique_ptr<InputFile>> file);

  absl::StatusOr<executor::v1::GetUploadResponse> GetUpload(const executor::v1::GetUploadRequest& request,
                                                            const Caller& caller);

  OwnedUploads& uploads() { return *uploads_; }

 private:
  TransferService(const TransferOptions& options, std::unique_ptr<OwnedUploads> uploads,
                  std::unique_ptr<TransferThreads> threads, TransferObserver observer);

  template <typename Reactor, typename Response>
  Reactor* Upload(grpc::CallbackServerContext* context, const char* method, UploadKind kind, Response* response,
                  const absl::StatusOr<Caller>& caller);
  // Counts a stream until the function that OnEnd returns is called. RESOURCE_EXHAUSTED if it is one too many; the
  // caller's status if that is an error.
  absl::Status Admit(grpc::CallbackServerContext& context, const absl::StatusOr<Caller>& caller);
  // `admission`: what Admit has returned.
  std::function<void(const absl::Status&)> OnEnd(const LoggedCall& call, const absl::StatusOr<Caller>& caller,
                                                 const absl::Status& admission);

  const TransferObserver observer_;
  OpenStreams streams_;
  DigestCache digests_;
  const std::unique_ptr<OwnedUploads> uploads_;
  const std::unique_ptr<TransferThreads> threads_;  // ends first, because its tasks use the others
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_TRANSFERS_TRANSFER_SERVICE_H_
