// SPDX-License-Identifier: Apache-2.0
#include "planner_service/service/warm_up.h"

#include <fcntl.h>
#include <google/protobuf/util/json_util.h>
#include <poll.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "planner_service/codec/plan_codec.h"
#include "planner_service/process/failures.h"
#include "planner_service/status/status_macros.h"
#include "planner_service/text/strict_json.h"
#include "planner_service/text/units.h"

namespace recurve {
namespace {

constexpr size_t kMaxLines = 100'000;
constexpr size_t kMostBytes = size_t{64} << 20;
constexpr size_t kBlockBytes = size_t{64} << 10;
constexpr int kPollMs = 100;

absl::StatusOr<PlanRequest> ParseLine(const std::string& line) {
  // Protobuf accepts more than JSON, and silently takes the last of duplicate keys.
  const absl::StatusOr<nlohmann::json> strict = ParseStrictJson<nlohmann::json>(line);
  if (!strict.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("not a MakePlanRequest in JSON: it ", strict.status().message()));
  }
  planner::v1::MakePlanRequest message;
  const auto parsed = google::protobuf::util::JsonStringToMessage(line, &message);
  if (parsed.ok()) return DecodeRequest(message);
  const std::string why(parsed.message().data(), parsed.message().size());
  return absl::InvalidArgumentError(
      absl::StrCat("not a MakePlanRequest in JSON: ", absl::StrReplaceAll(why, {{"\n", " "}})));
}

absl::Status CannotRead(const std::string& path, int error) {
  return absl::NotFoundError(absl::StrCat("cannot read the warm-up file ", path, ": ",
                                          strerror(error)));  // NOLINT(concurrency-mt-unsafe): glibc's is safe
}

// Reads `fd` to its end. Polls a pipe with a short timeout, so that a signal ends the program even if there is no
// writer.
absl::StatusOr<std::string> ReadToTheEnd(int fd, const std::string& path, const CancelCheck& cancelled) {
  std::string text;
  std::vector<char> block(kBlockBytes);
  while (true) {
    if (cancelled && cancelled()) return absl::CancelledError("reading the warm-up file was cancelled");
    pollfd ready = {.fd = fd, .events = POLLIN};
    if (poll(&ready, 1, kPollMs) == 0) continue;
    const ssize_t count = read(fd, block.data(), block.size());
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (count < 0) return CannotRead(path, errno);
    if (count == 0) return text;
    text.append(block.data(), static_cast<size_t>(count));
    if (text.size() > kMostBytes) {
      return absl::InvalidArgumentError(absl::StrCat(path, " has more than ", kMostBytes, " bytes"));
    }
  }
}

}  // namespace

absl::StatusOr<std::vector<PlanRequest>> ReadWarmUp(const std::string& path, const CancelCheck& cancelled) {
  const int fd = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return CannotRead(path, errno);
  const absl::StatusOr<std::string> text = ReadToTheEnd(fd, path, cancelled);
  close(fd);
  if (!text.ok()) return text.status();
  std::vector<PlanRequest> requests;
  size_t number = 0;
  for (const absl::string_view line : absl::StrSplit(*text, '\n')) {
    if (++number > kMaxLines && !line.empty()) {
      return absl::InvalidArgumentError(absl::StrCat(path, " has more than ", kMaxLines, " lines"));
    }
    if (cancelled && cancelled()) return absl::CancelledError("reading the warm-up file was cancelled");
    const absl::string_view stripped = absl::StripAsciiWhitespace(line);
    if (stripped.empty() || stripped.front() == '#') continue;
    absl::StatusOr<PlanRequest> request = ParseLine(std::string(line));
    if (!request.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(path, ":", number, ": ", request.status().message()));
    }
    requests.push_back(*std::move(request));
  }
  return requests;
}

absl::StatusOr<std::unique_ptr<WarmUp>> WarmUp::Start(Planner& planner, std::vector<PlanRequest> requests,
                                                      std::function<void()> done) {
  std::unique_ptr<WarmUp> warm_up(new WarmUp);
  ASSIGN_OR_RETURN(warm_up->thread_,
                   StartThread("the warm-up", [raw = warm_up.get(), &planner, requests = std::move(requests),
                                               done = std::move(done)] { raw->MakePlans(planner, requests, done); }));
  return warm_up;
}

void WarmUp::MakePlans(Planner& planner, const std::vector<PlanRequest>& requests, const std::function<void()>& done) {
  const auto start = std::chrono::steady_clock::now();
  size_t made = 0;
  for (size_t i = 0; i < requests.size() && !stop_; ++i) {
    const absl::StatusOr<Plan> plan =
        CatchFailures("the plan", [&] { return planner.MakePlan(requests[i], [this] { return stop_.load(); }); });
    if (plan.ok()) {
      ++made;
    } else {
      spdlog::warn("warm-up: plan {} of {} failed: {}", i + 1, requests.size(), std::string(plan.status().message()));
    }
  }
  if (stop_) return;
  spdlog::info(
      "warm-up: {} of {} plans made in {}", made, requests.size(),
      FormatDuration(std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start)));
  done();
}

WarmUp::~WarmUp() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
}

}  // namespace recurve
