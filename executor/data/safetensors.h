// SPDX-License-Identifier: Apache-2.0
//
// The safetensors format: an 8-byte little-endian header length, a JSON header, tensor data. fp32 tensors only.
#ifndef RECURVE_EXECUTOR_DATA_SAFETENSORS_H_
#define RECURVE_EXECUTOR_DATA_SAFETENSORS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace recurve {

struct NamedTensor {
  std::string name;
  std::vector<int64_t> shape;
  std::vector<float> values;  // row-major
};

struct Safetensors {
  std::map<std::string, std::string> metadata;  // the header's __metadata__
  std::vector<NamedTensor> tensors;             // in the order of their data
};

// Writes to a temporary name beside `path`, syncs, and renames: a reader sees the old file or the new one, and a crash
// leaves one of them whole.
absl::Status WriteSafetensors(const std::string& path, const std::map<std::string, std::string>& metadata,
                              const std::vector<NamedTensor>& tensors);
inline absl::Status WriteSafetensors(const std::string& path, const Safetensors& file) {
  return WriteSafetensors(path, file.metadata, file.tensors);
}

// INVALID_ARGUMENT with the reason for anything that is not a well-formed file: header too long, offsets that overlap
// or leave the file, a data type other than F32, a shape that does not match its bytes.
absl::StatusOr<Safetensors> ReadSafetensors(const std::string& path);

// OK if WriteSafetensors(path) could write now; PERMISSION_DENIED or NOT_FOUND with the reason otherwise. Leaves
// nothing.
absl::Status CheckWritable(const std::string& path);

// Hex SHA-256 over the values of the tensors in order.
std::string Sha256Hex(const std::vector<NamedTensor>& tensors);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_DATA_SAFETENSORS_H_
