// SPDX-License-Identifier: Apache-2.0
//
// The reader does not trust the file: it checks every length against the size of the file before use, and allocates
// memory only for bytes that exist.
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "executor/data/safetensors.h"
#include "planner_service/status/status_macros.h"
#include "planner_service/text/printable.h"
#include "planner_service/text/strict_json.h"

namespace recurve {
namespace {

using Json = nlohmann::json;

constexpr int64_t kLengthBytes = 8;
constexpr int64_t kMaxHeaderBytes = 16 << 20;

struct Entry {
  TensorShape tensor;
  int64_t begin = 0;  // bytes from the start of the data
  int64_t end = 0;
};

std::string Quoted(const std::string& name) {
  return absl::StrCat("\"", Printable(name.substr(0, 80)), name.size() > 80 ? "...\"" : "\"");
}

absl::StatusOr<Json> ParseHeader(const std::string& text) {
  absl::StatusOr<Json> header = ParseStrictJson<Json>(text);
  if (!header.ok()) return absl::InvalidArgumentError(absl::StrCat("its header ", header.status().message()));
  if (!header->is_object()) return absl::InvalidArgumentError("its header is not a JSON object");
  return header;
}

absl::Status ReadMetadata(const Json& json, std::map<std::string, std::string>& metadata) {
  if (!json.is_object()) return absl::InvalidArgumentError("__metadata__ is not an object");
  for (const auto& [key, value] : json.items()) {
    if (!value.is_string()) {
      return absl::InvalidArgumentError(absl::StrCat("__metadata__ entry ", Quoted(key), " is not a string"));
    }
    metadata[key] = value.get<std::string>();
  }
  return absl::OkStatus();
}

// Reads an integer in [0, max]; returns false for anything else.
bool ReadCount(const Json& json, int64_t max, int64_t& count) {
  if (!json.is_number_unsigned() || json.get<uint64_t>() > static_cast<uint64_t>(max)) return false;
  count = json.get<int64_t>();
  return true;
}

absl::StatusOr<Entry> ReadEntry(const std::string& name, const Json& json, int64_t data_bytes) {
  const auto bad = [&name](std::string_view reason) {
    return absl::InvalidArgumentError(absl::StrCat("tensor ", Quoted(name), " ", std::string(reason)));
  };
  if (!json.is_object()) return bad("is not described by an object");
  const auto dtype = json.find("dtype");
  const auto shape = json.find("shape");
  const auto offsets = json.find("data_offsets");
  if (dtype == json.end() || shape == json.end() || offsets == json.end() || json.size() != 3) {
    return bad("must have dtype, shape and data_offsets, and nothing else");
  }
  if (!dtype->is_string() || dtype->get<std::string>() != "F32") return bad("has a dtype other than F32");
  if (!offsets->is_array() || offsets->size() != 2) return bad("has data_offsets that are not two numbers");

  Entry entry;
  entry.tensor.name = name;
  if (!ReadCount((*offsets)[0], data_bytes, entry.begin) || !ReadCount((*offsets)[1], data_bytes, entry.end) ||
      entry.begin > entry.end) {
    return bad(absl::StrCat("has data_offsets outside the ", data_bytes, " bytes of data"));
  }
  if (!shape->is_array()) return bad("has a shape that is not a list");
  int64_t elements = 1;
  for (const Json& item : *shape) {
    int64_t extent = 0;
    if (!ReadCount(item, INT64_MAX, extent) || __builtin_mul_overflow(elements, extent, &elements)) {
      return bad("has a shape that is not a list of counts");
    }
    entry.tensor.shape.push_back(extent);
  }
  const int64_t bytes = entry.end - entry.begin;
  if (bytes % 4 != 0 || elements != bytes / 4) {
    return bad(absl::StrCat("has a shape of ", elements, " values and ", bytes, " bytes"));
  }
  return entry;
}

// Sorts by offset and checks that the entries cover the data: the format allows neither overlaps nor gaps.
absl::Status SortAndCheckCover(std::vector<Entry>& entries, int64_t data_bytes) {
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  int64_t covered = 0;
  for (const Entry& entry : entries) {
    if (entry.begin != covered) {
      return absl::InvalidArgumentError(absl::StrCat("tensor ", Quoted(entry.tensor.name), " begins at byte ",
                                                     entry.begin, " of the data; expected ", covered));
    }
    covered = entry.end;
  }
  if (covered != data_bytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("its tensors end at byte ", covered, " of the data, which has ", data_bytes));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Entry>> ReadEntries(const Json& header, int64_t data_bytes,
                                               std::map<std::string, std::string>& metadata) {
  std::vector<Entry> entries;
  for (const auto& [name, json] : header.items()) {
    if (name == "__metadata__") {
      RETURN_IF_ERROR(ReadMetadata(json, metadata));
      continue;
    }
    ASSIGN_OR_RETURN(Entry entry, ReadEntry(name, json, data_bytes));
    entries.push_back(std::move(entry));
  }
  RETURN_IF_ERROR(SortAndCheckCover(entries, data_bytes));
  return entries;
}

absl::Status InFile(const absl::Status& status, const std::string& path) {
  return {status.code(), absl::StrCat(path, " is not a readable safetensors file: ", status.message())};
}

absl::StatusOr<std::string> ReadHeader(const InputFile& file) {
  uint64_t length = 0;
  const int64_t rest = file.size() - kLengthBytes;
  if (rest < 0) return absl::InvalidArgumentError(absl::StrCat("it has ", file.size(), " bytes"));
  RETURN_IF_ERROR(file.Read(0, &length, kLengthBytes));
  if (length > static_cast<uint64_t>(std::min(rest, kMaxHeaderBytes))) {
    return absl::InvalidArgumentError(
        absl::StrCat("its header has ", length, " bytes; at most ", std::min(rest, kMaxHeaderBytes), " are allowed"));
  }
  std::string text(length, '\0');
  absl::Status status = file.Read(kLengthBytes, text.data(), static_cast<int64_t>(length));
  return status.ok() ? absl::StatusOr<std::string>(std::move(text)) : status;
}

}  // namespace

absl::StatusOr<SafetensorsReader> SafetensorsReader::Open(const InputFile& file) {
  const auto open = [&file]() -> absl::StatusOr<SafetensorsReader> {
    SafetensorsReader reader(file);
    ASSIGN_OR_RETURN(const std::string text, ReadHeader(file));
    ASSIGN_OR_RETURN(const Json header, ParseHeader(text));
    const int64_t data = kLengthBytes + static_cast<int64_t>(text.size());
    ASSIGN_OR_RETURN(std::vector<Entry> entries, ReadEntries(header, file.size() - data, reader.metadata_));
    for (Entry& entry : entries) {
      reader.tensors_.push_back(std::move(entry.tensor));
      reader.offsets_.push_back(data + entry.begin);
    }
    return reader;
  };
  absl::StatusOr<SafetensorsReader> reader = open();
  return absl::IsInvalidArgument(reader.status()) ? InFile(reader.status(), file.name()) : std::move(reader);
}

absl::Status SafetensorsReader::Read(size_t index, float* to) const {
  return file_->Read(offsets_[index], to, tensors_[index].elements() * static_cast<int64_t>(sizeof(float)));
}

absl::StatusOr<Safetensors> ReadSafetensors(const InputFile& file) {
  ASSIGN_OR_RETURN(const SafetensorsReader reader, SafetensorsReader::Open(file));
  Safetensors read{.metadata = reader.metadata()};
  for (size_t i = 0; i < reader.tensors().size(); ++i) {
    const TensorShape& tensor = reader.tensors()[i];
    NamedTensor& values = read.tensors.emplace_back(NamedTensor{.name = tensor.name, .shape = tensor.shape});
    values.values.resize(static_cast<size_t>(tensor.elements()));
    RETURN_IF_ERROR(reader.Read(i, values.values.data()));
  }
  return read;
}

absl::StatusOr<Safetensors> ReadSafetensors(const FilePath& path) {
  const absl::StatusOr<std::unique_ptr<InputFile>> file = InputFile::Open(path);
  return file.ok() ? ReadSafetensors(**file) : file.status();
}

}  // namespace recurve
