// SPDX-License-Identifier: Apache-2.0
#include "executor/data/safetensors.h"

#include <bit>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "executor/data/sha256.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

static_assert(std::endian::native == std::endian::little, "tensor data is written in memory byte order");

using OrderedJson = nlohmann::ordered_json;

int64_t BytesOf(const NamedTensor& tensor) { return static_cast<int64_t>(tensor.values.size() * sizeof(float)); }

absl::Status CheckTensors(const std::vector<NamedTensor>& tensors) {
  std::set<std::string> names;
  for (const NamedTensor& tensor : tensors) {
    if (tensor.name == "__metadata__" || !names.insert(tensor.name).second) {
      return absl::InvalidArgumentError(absl::StrCat("tensor name \"", tensor.name, "\" is reserved or used twice"));
    }
    int64_t elements = 1;
    for (const int64_t extent : tensor.shape) elements *= extent;
    if (elements != static_cast<int64_t>(tensor.values.size())) {
      return absl::InvalidArgumentError(
          absl::StrCat("tensor \"", tensor.name, "\" has ", tensor.values.size(), " values and a shape of ", elements));
    }
  }
  return absl::OkStatus();
}

}  // namespace

int64_t TensorShape::elements() const {
  int64_t elements = 1;
  for (const int64_t extent : shape) elements *= extent;
  return elements;
}

std::string SafetensorsPreamble(const std::map<std::string, std::string>& metadata,
                                const std::vector<TensorShape>& tensors) {
  OrderedJson header = OrderedJson::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  int64_t offset = 0;
  for (const TensorShape& tensor : tensors) {
    const int64_t end = offset + tensor.elements() * static_cast<int64_t>(sizeof(float));
    header[tensor.name] = {{"dtype", "F32"}, {"shape", tensor.shape}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  // "replace" writes replacement characters for invalid UTF-8, where "strict" would throw.
  std::string text = header.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
  text.append((8 - text.size() % 8) % 8, ' ');  // so that the data begins at a multiple of 8
  const uint64_t length = text.size();
  return absl::StrCat(absl::string_view(reinterpret_cast<const char*>(&length), sizeof(length)), text);
}

absl::Status WriteSafetensors(const FilePath& path, const Safetensors& file) {
  ASSIGN_OR_RETURN(AtomicFile output, AtomicFile::Create(path));
  return WriteSafetensors(std::move(output), file.metadata, file.tensors);
}

absl::Status WriteSafetensors(AtomicFile output, const std::map<std::string, std::string>& metadata,
                              const std::vector<NamedTensor>& tensors) {
  RETURN_IF_ERROR(CheckTensors(tensors));
  std::vector<TensorShape> shapes;
  shapes.reserve(tensors.size());
  for (const NamedTensor& tensor : tensors) shapes.push_back({tensor.name, tensor.shape});
  const std::string preamble = SafetensorsPreamble(metadata, shapes);
  RETURN_IF_ERROR(output.Write(preamble.data(), static_cast<int64_t>(preamble.size())));
  for (const NamedTensor& tensor : tensors) RETURN_IF_ERROR(output.Write(tensor.values.data(), BytesOf(tensor)));
  return output.Commit();
}

std::string Sha256Hex(const std::vector<NamedTensor>& tensors) {
  Sha256 sha256;
  for (const NamedTensor& tensor : tensors) sha256.Add(tensor.values.data(), BytesOf(tensor));
  return sha256.Hex();
}

}  // namespace recurve
