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
#include "executor/data/atomic_file.h"
#include "executor/data/file_path.h"
#include "executor/data/input_file.h"

namespace recurve {

struct NamedTensor {
  std::string name;
  std::vector<int64_t> shape;
  std::vector<float> values;  // row-major
};

// A tensor without its values.
struct TensorShape {
  std::string name;
  std::vector<int64_t> shape;
  int64_t elements() const;
};

struct Safetensors {
  std::map<std::string, std::string> metadata;  // the header's __metadata__
  std::vector<NamedTensor> tensors;             // in the order of their data
};

// Writes through AtomicFile. Errors: as AtomicFile; INVALID_ARGUMENT for a tensor whose shape does not match its
// values, or whose name is reserved or repeated. The second one writes to a new file and commits it.
absl::Status WriteSafetensors(const FilePath& path, const Safetensors& file);
absl::Status WriteSafetensors(AtomicFile output, const std::map<std::string, std::string>& metadata,
                              const std::vector<NamedTensor>& tensors);

// The bytes of a file before the data of its tensors, which follows in this order without gaps.
std::string SafetensorsPreamble(const std::map<std::string, std::string>& metadata,
                                const std::vector<TensorShape>& tensors);

// A file whose tensors are read one by one. The file must outlive it. Errors: as ReadSafetensors.
class SafetensorsReader {
 public:
  static absl::StatusOr<SafetensorsReader> Open(const InputFile& file);

  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  const std::vector<TensorShape>& tensors() const { return tensors_; }  // in the order of their data
  absl::Status Read(size_t index, float* to) const;                     // tensors()[index].elements() values

 private:
  explicit SafetensorsReader(const InputFile& file) : file_(&file) {}

  const InputFile* file_;
  std::map<std::string, std::string> metadata_;
  std::vector<TensorShape> tensors_;
  std::vector<int64_t> offsets_;  // in the file, of each tensor
};

// Errors: INVALID_ARGUMENT with the reason for a malformed file (header too long, offsets that overlap or lie outside
// the file, a data type other than F32, a shape that does not match its bytes); DATA_LOSS if it is truncated meanwhile.
absl::StatusOr<Safetensors> ReadSafetensors(const InputFile& file);
absl::StatusOr<Safetensors> ReadSafetensors(const FilePath& path);  // also the errors of InputFile::Open

// Hex SHA-256 over the values of the tensors in order.
std::string Sha256Hex(const std::vector<NamedTensor>& tensors);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_DATA_SAFETENSORS_H_
