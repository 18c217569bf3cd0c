// SPDX-License-Identifier: Apache-2.0
#include "executor/transfers/upload_stream.h"

#include "absl/strings/str_cat.h"
#include "planner_service/status/status_macros.h"

namespace recurve {

absl::StatusOr<UploadStream::Next> UploadStream::Accept(const executor::v1::FileDescription* file, int64_t offset_bytes,
                                                        std::string_view data) {
  if (upload_ == nullptr) {
    if (file == nullptr) return absl::InvalidArgumentError("file is unset; the first message must have it");
    ASSIGN_OR_RETURN(upload_, store_->Begin(*file, kind_, offset_bytes));
  } else if (caught_up_ && (file != nullptr || offset_bytes != 0)) {
    return absl::InvalidArgumentError("file or offset_bytes is set; only the first message may have them");
  }
  if (static_cast<int64_t>(data.size()) > kMaxDataBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("data has ", data.size(), " bytes; at most ", kMaxDataBytes, " are allowed"));
  }
  ASSIGN_OR_RETURN(const bool more, upload_->CatchUp());
  if (more) return Next::kAgain;
  caught_up_ = true;
  RETURN_IF_ERROR(upload_->Write(data));
  return Next::kRead;
}

absl::StatusOr<std::string> UploadStream::Finish() {
  if (upload_ == nullptr) return absl::InvalidArgumentError("file is unset; the first message must have it");
  return upload_->Finish();
}

}  // namespace recurve
