// SPDX-License-Identifier: Apache-2.0
//
// Event files of TensorBoard: TFRecords of tensorboard.Event messages. Only scalars are written, so the few fields are
// encoded by hand, and programs without protobuf can write them, too.
#ifndef RECURVE_CLIENT_TENSORBOARD_EVENT_FILE_H_
#define RECURVE_CLIENT_TENSORBOARD_EVENT_FILE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace recurve {

// A value to plot.
struct Scalar {
  std::string_view tag;  // the name of its chart
  double value = 0;
};

// A record with its length and the checks of both.
std::string TfRecord(std::string_view data);

// Messages tensorboard.Event. `time` is in seconds since 1970.
std::string VersionEvent(double time);
std::string ScalarsEvent(double time, int64_t step, const std::vector<Scalar>& scalars);
std::string SessionStartEvent(double time, int64_t step);

// An event file of its own in the directory of a run, readable while it grows. Not thread-safe.
//
//   absl::StatusOr<EventFile> file = EventFile::Create("runs/first");
//   file->Add(now, 1, {{"loss", 2.5}});
class EventFile {
 public:
  // Creates the directory, too, with its parents. Errors: as PosixError.
  static absl::StatusOr<EventFile> Create(const std::string& directory);
  ~EventFile();
  EventFile(EventFile&& other) noexcept;
  EventFile& operator=(EventFile&&) = delete;

  const std::string& path() const { return path_; }

  // UNAVAILABLE or RESOURCE_EXHAUSTED if the file cannot be written; all later calls then return the same.
  absl::Status Add(double time, int64_t step, const std::vector<Scalar>& scalars);
  // What follows begins at `step`: TensorBoard drops the scalars of this step and later ones that the run has already.
  absl::Status Start(double time, int64_t step);

 private:
  EventFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  absl::Status Write(std::string_view event);

  std::string path_;
  int fd_;  // -1: moved from
  absl::Status status_;
};

}  // namespace recurve

#endif  // RECURVE_CLIENT_TENSORBOARD_EVENT_FILE_H_
