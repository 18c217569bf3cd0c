// SPDX-License-Identifier: Apache-2.0
#include "client/tensorboard/event_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/tensorboard/crc32c.h"
#include "executor/data/atomic_file.h"
#include "executor/data/posix_error.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

// Numbers of fields in tensorflow/core/util/event.proto and framework/summary.proto.
constexpr int kWallTime = 1, kStep = 2, kFileVersion = 3, kSummary = 5, kSessionLog = 7;  // Event
constexpr int kValue = 1;                                                                 // Summary
constexpr int kTag = 1, kSimpleValue = 2;                                                 // Summary.Value
constexpr int kStatus = 1, kStart = 1;                                                    // SessionLog

enum WireType : uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

void AppendLittleEndian(std::string& to, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) to.push_back(static_cast<char>(value >> (8 * i)));
}

void AppendVarint(std::string& to, uint64_t value) {
  for (; value >= 0x80; value >>= 7) to.push_back(static_cast<char>(value | 0x80));
  to.push_back(static_cast<char>(value));
}

void AppendKey(std::string& to, int field, WireType type) {
  AppendVarint(to, static_cast<uint64_t>(field) << 3 | type);
}

void AppendBytes(std::string& to, int field, std::string_view bytes) {
  AppendKey(to, field, kBytes);
  AppendVarint(to, bytes.size());
  to += bytes;
}

template <typename Bits, typename Real>
void AppendReal(std::string& to, int field, WireType type, Real value) {
  static_assert(sizeof(Bits) == sizeof(Real));
  Bits bits = 0;
  std::memcpy(&bits, &value, sizeof(bits));
  AppendKey(to, field, type);
  AppendLittleEndian(to, bits, sizeof(bits));
}

std::string EventAt(double time) {
  std::string event;
  AppendReal<uint64_t>(event, kWallTime, kFixed64, time);
  return event;
}

std::string EventAt(double time, int64_t step) {
  std::string event = EventAt(time);
  AppendKey(event, kStep, kVarint);
  AppendVarint(event, static_cast<uint64_t>(step));
  return event;
}

// TensorBoard reads the files of a run in the order of their names, which begin with the time.
std::string FileName(int attempt) {
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) != 0 || host[0] == '\0') std::strcpy(host.data(), "localhost");
  return absl::StrCat("events.out.tfevents.", absl::Dec(std::time(nullptr), absl::kZeroPad10), ".", host.data(), ".",
                      getpid(), ".", attempt);
}

}  // namespace

std::string TfRecord(std::string_view data) {
  std::string record;
  AppendLittleEndian(record, data.size(), sizeof(uint64_t));
  AppendLittleEndian(record, MaskedCrc32c(record), sizeof(uint32_t));
  record += data;
  AppendLittleEndian(record, MaskedCrc32c(data), sizeof(uint32_t));
  return record;
}

std::string VersionEvent(double time) {
  std::string event = EventAt(time);
  AppendBytes(event, kFileVersion, "brain.Event:2");
  return event;
}

std::string ScalarsEvent(double time, int64_t step, const std::vector<Scalar>& scalars) {
  std::string summary;
  for (const Scalar& scalar : scalars) {
    std::string value;
    AppendBytes(value, kTag, scalar.tag);
    AppendReal<uint32_t>(value, kSimpleValue, kFixed32, static_cast<float>(scalar.value));
    AppendBytes(summary, kValue, value);
  }
  std::string event = EventAt(time, step);
  AppendBytes(event, kSummary, summary);
  return event;
}

std::string SessionStartEvent(double time, int64_t step) {
  std::string log;
  AppendKey(log, kStatus, kVarint);
  AppendVarint(log, kStart);
  std::string event = EventAt(time, step);
  AppendBytes(event, kSessionLog, log);
  return event;
}

EventFile::EventFile(EventFile&& other) noexcept
    : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)), status_(std::move(other.status_)) {}

EventFile::~EventFile() {
  if (fd_ >= 0) close(fd_);
}

absl::StatusOr<EventFile> EventFile::Create(const std::string& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) return PosixError(error.value(), "create", directory);
  constexpr int kMostAttempts = 100;
  for (int attempt = 0;; ++attempt) {
    const std::string path = (std::filesystem::path(directory) / FileName(attempt)).string();
    const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
    if (fd < 0 && errno == EEXIST && attempt < kMostAttempts) continue;
    if (fd < 0) return PosixError(errno, "create", path);
    EventFile file(path, fd);
    RETURN_IF_ERROR(file.Write(VersionEvent(static_cast<double>(std::time(nullptr)))));
    return file;
  }
}

absl::Status EventFile::Add(double time, int64_t step, const std::vector<Scalar>& scalars) {
  return Write(ScalarsEvent(time, step, scalars));
}

absl::Status EventFile::Start(double time, int64_t step) { return Write(SessionStartEvent(time, step)); }

absl::Status EventFile::Write(std::string_view event) {
  const std::string record = TfRecord(event);
  if (status_.ok()) status_ = WriteAll(fd_, record.data(), static_cast<int64_t>(record.size()), path_);
  return status_;
}

}  // namespace recurve
