// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_TRANSFERS_UPLOAD_STREAM_H_
#define RECURVE_EXECUTOR_TRANSFERS_UPLOAD_STREAM_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "executor/transfers/upload_store.h"

namespace recurve {

// The messages of one upload stream, in order: the first has the description of the file, all have bytes. Accept does a
// short piece of work at a time. Not thread-safe.
class UploadStream {
 public:
  static constexpr int64_t kMaxDataBytes = 1 << 20;  // of a message

  enum class Next : uint8_t {
    kAgain,  // call the same function again, with the same message
    kRead,   // continue with the next message, or finish
  };

  // The store must outlive the stream. Null for a stream that ends before its first message.
  UploadStream(UploadStore* store, UploadKind kind) : store_(store), kind_(kind) {}

  // A message; `file` is null if it has no description. Errors: as UploadStore::Begin and ActiveUpload::Write;
  // INVALID_ARGUMENT if the message is too large, or a field is set that only the first message may have.
  absl::StatusOr<Next> Accept(const executor::v1::FileDescription* file, int64_t offset_bytes, std::string_view data);

  // The end of the messages. Returns the path of the file. Errors: as ActiveUpload::Finish.
  absl::StatusOr<std::string> Finish();

  // Lets another stream resume the upload.
  void Close() { upload_.reset(); }

 private:
  UploadStore* store_;
  UploadKind kind_;
  std::unique_ptr<ActiveUpload> upload_;  // from the first message on
  bool caught_up_ = false;
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_TRANSFERS_UPLOAD_STREAM_H_
