// SPDX-License-Identifier: Apache-2.0
//
// The reader trusts nothing in the file: every length is checked against the size of the file before it is used, and
// memory is taken only for bytes that are there.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "executor/data/posix_error.h"
#include "executor/data/safetensors.h"

namespace recurve {
namespace {

using Json = nlohmann::json;

constexpr int64_t kMaxHeaderBytes = 16 << 20;
constexpr int kMaxHeaderDepth = 4;  // header, tensor, list; one more for what then fails by its type

struct Entry {
  NamedTensor tensor;
  int64_t begin = 0;  // bytes from the start of the data
  int64_t end = 0;
};

std::string Quoted(const std::string& name) {
  return absl::StrCat("\"", absl::CHexEscape(name.substr(0, 80)), name.size() > 80 ? "...\"" : "\"");
}

absl::Status ReadAt(int fd, int64_t offset, void* to, int64_t size, const std::string& path) {
  char* next = static_cast<char*>(to);
  while (size > 0) {
    const ssize_t got = pread(fd, next, static_cast<size_t>(size), offset);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return PosixError(errno, "read", path);
    if (got == 0) return absl::InvalidArgumentError(absl::StrCat(path, " became shorter while it was read"));
    next += got;
    offset += got;
    size -= got;
  }
  return absl::OkStatus();
}

// A JSON object without repeated names, which the parser by itself would let pass, and without deep nesting.
absl::StatusOr<Json> ParseHeader(const std::string& text) {
  std::vector<std::set<std::string>> names;
  std::string repeated;
  bool deep = false;
  const auto check = [&](int depth, Json::parse_event_t event, Json& parsed) {
    deep = deep || depth > kMaxHeaderDepth;
    if (event == Json::parse_event_t::object_start) names.emplace_back();
    if (event == Json::parse_event_t::object_end) names.pop_back();
    if (event == Json::parse_event_t::key && !names.back().insert(parsed.get<std::string>()).second) {
      repeated = parsed.get<std::string>();
    }
    return !deep;
  };
  Json header = Json::parse(text, check, /*allow_exceptions=*/false);
  if (deep) return absl::InvalidArgumentError("its header is nested too deeply");
  if (!header.is_object()) return absl::InvalidArgumentError("its header is not a JSON object");
  if (!repeated.empty()) return absl::InvalidArgumentError(absl::StrCat("its header has ", Quoted(repeated), " twice"));
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

// A whole number in [0, max], or nothing.
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

// In the order of their data, which they must fill: the format allows neither overlaps nor holes.
absl::Status SortAndCheckCover(std::vector<Entry>& entries, int64_t data_bytes) {
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  int64_t covered = 0;
  for (const Entry& entry : entries) {
    if (entry.begin != covered) {
      return absl::InvalidArgumentError(absl::StrCat("tensor ", Quoted(entry.tensor.name), " begins at byte ",
                                                     entry.begin, " of the data; ", covered, " comes next"));
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
      if (absl::Status status = ReadMetadata(json, metadata); !status.ok()) return status;
      continue;
    }
    absl::StatusOr<Entry> entry = ReadEntry(name, json, data_bytes);
    if (!entry.ok()) return entry.status();
    entries.push_back(*std::move(entry));
  }
  if (absl::Status status = SortAndCheckCover(entries, data_bytes); !status.ok()) return status;
  return entries;
}

absl::Status InFile(const absl::Status& status, const std::string& path) {
  return {status.code(), absl::StrCat(path, " is not a safetensors file that can be read: ", status.message())};
}

}  // namespace

absl::StatusOr<Safetensors> ReadSafetensors(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return PosixError(errno, "open", path);
  const absl::Cleanup closer = [fd] { close(fd); };
  struct stat info {};
  if (fstat(fd, &info) != 0) return PosixError(errno, "look at", path);
  if (!S_ISREG(info.st_mode)) return InFile(absl::InvalidArgumentError("it is not a regular file"), path);

  uint64_t length = 0;
  const int64_t rest = info.st_size - static_cast<int64_t>(sizeof(length));
  if (rest < 0) return InFile(absl::InvalidArgumentError(absl::StrCat("it has ", info.st_size, " bytes")), path);
  if (absl::Status status = ReadAt(fd, 0, &length, sizeof(length), path); !status.ok()) return status;
  if (length > static_cast<uint64_t>(std::min(rest, kMaxHeaderBytes))) {
    return InFile(absl::InvalidArgumentError(absl::StrCat("it says that its header has ", length,
                                                          " bytes, and may have ", std::min(rest, kMaxHeaderBytes))),
                  path);
  }
  std::string text(length, '\0');
  const auto header_bytes = static_cast<int64_t>(length);
  if (absl::Status status = ReadAt(fd, sizeof(length), text.data(), header_bytes, path); !status.ok()) return status;

  absl::StatusOr<Json> header = ParseHeader(text);
  if (!header.ok()) return InFile(header.status(), path);
  Safetensors file;
  absl::StatusOr<std::vector<Entry>> entries = ReadEntries(*header, rest - header_bytes, file.metadata);
  if (!entries.ok()) return InFile(entries.status(), path);
  const int64_t data = static_cast<int64_t>(sizeof(length)) + header_bytes;
  for (Entry& entry : *entries) {
    const int64_t bytes = entry.end - entry.begin;
    entry.tensor.values.resize(static_cast<size_t>(bytes / 4));
    if (absl::Status status = ReadAt(fd, data + entry.begin, entry.tensor.values.data(), bytes, path); !status.ok()) {
      return status;
    }
    file.tensors.push_back(std::move(entry.tensor));
  }
  return file;
}

}  // namespace recurve
