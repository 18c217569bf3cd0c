// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_TRANSFERS_DOWNLOAD_REACTOR_H_
#define RECURVE_EXECUTOR_TRANSFERS_DOWNLOAD_REACTOR_H_

#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "executor/data/input_file.h"
#include "executor/data/sha256.h"
#include "executor/transfers/digest_cache.h"
#include "executor/transfers/transfer_threads.h"
#include "recurve/executor/v1/files.pb.h"

namespace recurve {

// One DownloadModel stream: the description of a file, then its bytes from an offset on, as fast as the client accepts
// them. The SHA-256 is computed before the first response, piece by piece, unless it is in the cache. Owns itself until
// gRPC calls OnDone.
//
// The stream sends the file that it opened, even if a rename puts another one in its place meanwhile, as Recurve does
// when it saves a model. It ends with ABORTED if that file is modified.
class DownloadReactor final : public grpc::ServerWriteReactor<executor::v1::DownloadModelResponse> {
 public:
  static constexpr int64_t kMaxDataBytes = 1 << 20;  // of a response

  // Ends at once with the error if `file` is one. Calls `on_end` once with the final status. The threads and the cache
  // must outlive the stream.
  //
  // Further errors: INVALID_ARGUMENT if the offset is negative; OUT_OF_RANGE if it is beyond the end of the file;
  // CANCELLED.
  static DownloadReactor* Start(TransferThreads& threads, DigestCache& digests,
                                absl::StatusOr<std::unique_ptr<InputFile>> file, int64_t offset_bytes,
                                std::function<void(const absl::Status&)> on_end);

  void OnWriteDone(bool ok) override;
  void OnCancel() override { cancelled_ = true; }
  void OnDone() override { self_.reset(); }

 private:
  DownloadReactor(TransferThreads& threads, DigestCache& digests, std::unique_ptr<InputFile> file, int64_t offset_bytes,
                  std::function<void(const absl::Status&)> on_end);

  // Lets one of the threads take the next step.
  void Post();
  void Step();
  // Returns whether everything was sent. Otherwise the next step is under way.
  absl::StatusOr<bool> Advance();
  absl::Status CheckOffset() const;
  // Adds the next piece of the file to its SHA-256. Returns whether that is known now.
  absl::StatusOr<bool> Hash();
  absl::Status CheckUnmodified() const;
  // Reads the next bytes of the file into the response.
  absl::Status Fill();
  void End(const absl::Status& status);

  TransferThreads& threads_;
  DigestCache& digests_;
  const std::function<void(const absl::Status&)> on_end_;

  const std::unique_ptr<InputFile> file_;  // null: none to send
  Sha256 sha256_;
  int64_t hashed_ = 0;
  std::string digest_;  // empty: not known yet
  int64_t next_;        // offset of the next byte to send
  bool described_ = false;
  executor::v1::DownloadModelResponse response_;  // of the pending write
  std::atomic<bool> cancelled_{false};
  std::shared_ptr<DownloadReactor> self_;  // released by OnDone
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_TRANSFERS_DOWNLOAD_REACTOR_H_
