// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_TRANSFERS_UPLOAD_REACTOR_H_
#define RECURVE_EXECUTOR_TRANSFERS_UPLOAD_REACTOR_H_

#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "executor/transfers/transfer_threads.h"
#include "executor/transfers/upload_stream.h"
#include "planner_service/grpc_server/grpc_status.h"
#include "planner_service/process/failures.h"
#include "planner_service/status/status_macros.h"

namespace recurve {

// One UploadData or UploadModel stream: passes its messages to an UploadStream. A message is read only after the one
// before it was written to disk, so that a slow disk slows the client down. Owns itself until gRPC calls OnDone.
template <typename Request, typename Response>
class UploadReactor final : public grpc::ServerReadReactor<Request> {
 public:
  // Ends at once with `admission` if that is not OK. Calls `on_end` once with the final status, when the upload is no
  // longer active and before the client sees the status. The threads and the stream's store must outlive it.
  static UploadReactor* Start(TransferThreads& threads, UploadStream stream, Response* response,
                              const absl::Status& admission, std::function<void(const absl::Status&)> on_end) {
    const std::shared_ptr<UploadReactor> reactor(
        new UploadReactor(threads, std::move(stream), response, std::move(on_end)));
    reactor->self_ = reactor;
    if (admission.ok()) {
      reactor->StartRead(&reactor->request_);
    } else {
      reactor->End(admission);
    }
    return reactor.get();
  }

  void OnReadDone(bool ok) override {
    has_message_ = ok;
    const absl::Status posted = CatchFailures("the upload", [this] {
      threads_.Post([reactor = self_] { reactor->Step(); });
      return absl::OkStatus();
    });
    if (!posted.ok()) End(posted);
  }
  void OnCancel() override { cancelled_ = true; }
  void OnDone() override { self_.reset(); }

 private:
  UploadReactor(TransferThreads& threads, UploadStream stream, Response* response,
                std::function<void(const absl::Status&)> on_end)
      : threads_(threads), stream_(std::move(stream)), response_(response), on_end_(std::move(on_end)) {}

  void Step() {
    // An exception must end the stream, not the process.
    const absl::StatusOr<bool> done = CatchFailures("the upload", [this] { return Advance(); });
    if (!done.ok()) {
      End(done.status());
    } else if (*done) {
      End(absl::OkStatus());
    }
  }

  // Returns whether the upload is complete. Otherwise the next step is under way.
  absl::StatusOr<bool> Advance() {
    if (cancelled_) return absl::CancelledError("the call was cancelled");
    if (!has_message_) {
      ASSIGN_OR_RETURN(std::string path, stream_.Finish());
      response_->set_path(std::move(path));
      return true;
    }
    ASSIGN_OR_RETURN(const UploadStream::Next next, stream_.Accept(request_.has_file() ? &request_.file() : nullptr,
                                                                   request_.offset_bytes(), request_.data()));
    if (next == UploadStream::Next::kAgain) {
      threads_.Post([reactor = self_] { reactor->Step(); });
    } else {
      this->StartRead(&request_);
    }
    return false;
  }

  void End(const absl::Status& status) {
    stream_.Close();
    on_end_(status);
    this->Finish(ToGrpcStatus(status));
  }

  TransferThreads& threads_;
  UploadStream stream_;
  Response* const response_;
  const std::function<void(const absl::Status&)> on_end_;
  Request request_;           // of the pending read
  bool has_message_ = false;  // otherwise the client has sent everything, or is gone
  std::atomic<bool> cancelled_{false};
  std::shared_ptr<UploadReactor> self_;  // released by OnDone
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_TRANSFERS_UPLOAD_REACTOR_H_
