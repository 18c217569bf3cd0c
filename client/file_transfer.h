// SPDX-License-Identifier: Apache-2.0
//
// Files to and from the machine of an executor daemon. Broken transfers are resumed where they ended, for as long as
// ExecutorClientOptions::reconnect after the last bytes that arrived.
#ifndef RECURVE_CLIENT_FILE_TRANSFER_H_
#define RECURVE_CLIENT_FILE_TRANSFER_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/executor_client.h"
#include "executor/data/input_file.h"

namespace recurve {

// Called with the bytes that have arrived and the size of the file. May be null.
using TransferProgress = std::function<void(int64_t done, int64_t all)>;

// Writes the model file of job `id` to `path`, which is replaced once all bytes are there and have the SHA-256 that the
// daemon gave; returns the description of the file. What an earlier call left (PartialFile) is continued. Errors: those
// of executor.proto and of PartialFile; DATA_LOSS, without a file, if the bytes do not match the SHA-256. After
// UNAVAILABLE, what has arrived is kept, and the message says where.
absl::StatusOr<executor::v1::FileDescription> DownloadModelFile(ExecutorClient& executor, const std::string& id,
                                                                const std::string& path,
                                                                const TransferProgress& on_progress = nullptr);

// The description of a local file under its own name, without directories. Errors as of Sha256Of; INVALID_ARGUMENT if
// the file has no name.
absl::StatusOr<executor::v1::FileDescription> DescribeFile(const InputFile& file, const StopCheck& stop);

// Sends a file and returns its path on the daemon's machine. Errors: those of executor.proto; DATA_LOSS if the file
// became shorter.
absl::StatusOr<std::string> UploadFile(ExecutorClient& executor, FilePurpose purpose, const InputFile& file,
                                       const executor::v1::FileDescription& description,
                                       const TransferProgress& on_progress = nullptr);

}  // namespace recurve

#endif  // RECURVE_CLIENT_FILE_TRANSFER_H_
