// SPDX-License-Identifier: Apache-2.0
#include "executor/data/safetensors.h"

#include <openssl/evp.h>

#include <bit>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
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

// The header, padded with spaces so that the data begins at a multiple of 8.
std::string MakeHeader(const std::map<std::string, std::string>& metadata, const std::vector<NamedTensor>& tensors) {
  OrderedJson header = OrderedJson::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  int64_t offset = 0;
  for (const NamedTensor& tensor : tensors) {
    const int64_t end = offset + BytesOf(tensor);
    header[tensor.name] = {{"dtype", "F32"}, {"shape", tensor.shape}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  // "replace" writes replacement characters for invalid UTF-8, where "strict" would throw.
  std::string text = header.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
  text.append((8 - text.size() % 8) % 8, ' ');
  return text;
}

}  // namespace

absl::Status WriteSafetensors(const std::string& path, const Safetensors& file) {
  return WriteSafetensors(path, file.metadata, file.tensors, AtomicFile::Links::kFollow);
}

absl::Status WriteSafetensors(const std::string& path, const std::map<std::string, std::string>& metadata,
                              const std::vector<NamedTensor>& tensors, AtomicFile::Links links) {
  RETURN_IF_ERROR(CheckTensors(tensors));
  const std::string header = MakeHeader(metadata, tensors);
  ASSIGN_OR_RETURN(AtomicFile output, AtomicFile::Create(path, links));
  const uint64_t length = header.size();
  RETURN_IF_ERROR(output.Write(&length, sizeof(length)));
  RETURN_IF_ERROR(output.Write(header.data(), static_cast<int64_t>(length)));
  for (const NamedTensor& tensor : tensors) RETURN_IF_ERROR(output.Write(tensor.values.data(), BytesOf(tensor)));
  return output.Commit();
}

std::string Sha256Hex(const std::vector<NamedTensor>& tensors) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr);
  for (const NamedTensor& tensor : tensors) {
    EVP_DigestUpdate(context.get(), tensor.values.data(), static_cast<size_t>(BytesOf(tensor)));
  }
  std::string digest(EVP_MAX_MD_SIZE, '\0');
  unsigned int size = 0;
  EVP_DigestFinal_ex(context.get(), reinterpret_cast<unsigned char*>(digest.data()), &size);
  digest.resize(size);
  return absl::BytesToHexString(digest);
}

}  // namespace recurve
