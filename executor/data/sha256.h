// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_DATA_SHA256_H_
#define RECURVE_EXECUTOR_DATA_SHA256_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "executor/data/input_file.h"

namespace recurve {

// Computes a SHA-256 digest piece by piece. Not thread-safe.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  void Add(const void* data, int64_t size);
  std::string Hex();  // of all that was added; to be called once

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

// Hex digest of a text, and of a whole file. CANCELLED if `stop` returns true; DATA_LOSS if the file is truncated.
std::string Sha256Of(std::string_view text);
absl::StatusOr<std::string> Sha256Of(const InputFile& file, const StopCheck& stop);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_DATA_SHA256_H_
