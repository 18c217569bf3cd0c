// SPDX-License-Identifier: Apache-2.0
#include "planner_service/service/warm_up.h"

#include <google/protobuf/util/json_util.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "planner_service/codec/plan_codec.h"
#include "planner_service/text/strict_json.h"
#include "planner_service/units/units.h"

namespace recurve {
namespace {

constexpr size_t kMaxLines = 100'000;

absl::StatusOr<PlanRequest> ParseLine(const std::string& line) {
  // Protobuf takes more for JSON than JSON is, and of a key that comes twice the last.
  const absl::StatusOr<nlohmann::json> strict = ParseStrictJson<nlohmann::json>(line);
  if (!strict.ok())
    return absl::InvalidArgumentError(absl::StrCat("not a MakePlanRequest in JSON: it ", strict.status().message()));
  planner::v1::MakePlanRequest message;
  const auto parsed = google::protobuf::util::JsonStringToMessage(line, &message);
  if (parsed.ok()) return DecodeRequest(message);
  const std::string why(parsed.message().data(), parsed.message().size());
  return absl::InvalidArgumentError(
      absl::StrCat("not a MakePlanRequest in JSON: ", absl::StrReplaceAll(why, {{"\n", " "}})));
}

}  // namespace

absl::StatusOr<std::vector<PlanRequest>> ReadWarmUp(const std::string& path) {
  if (std::error_code ignored; std::filesystem::is_directory(path, ignored)) {
    return absl::InvalidArgumentError(absl::StrCat("the warm-up file ", path, " is a directory; give a file"));
  }
  std::ifstream file(path);
  if (!file) return absl::NotFoundError(absl::StrCat("cannot read the warm-up file ", path));
  std::vector<PlanRequest> requests;
  std::string line;
  for (size_t number = 1; std::getline(file, line); ++number) {
    if (number > kMaxLines) {
      return absl::InvalidArgumentError(absl::StrCat(path, " has more than ", kMaxLines, " lines"));
    }
    const absl::string_view text = absl::StripAsciiWhitespace(line);
    if (text.empty() || text.front() == '#') continue;
    absl::StatusOr<PlanRequest> request = ParseLine(line);
    if (!request.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(path, ":", number, ": ", request.status().message()));
    }
    requests.push_back(*std::move(request));
  }
  if (file.bad()) return absl::NotFoundError(absl::StrCat("cannot read the warm-up file ", path));
  return requests;
}

WarmUp::WarmUp(Planner& planner, std::vector<PlanRequest> requests, std::function<void()> done)
    : thread_([this, &planner, requests = std::move(requests), done = std::move(done)] {
        const auto start = std::chrono::steady_clock::now();
        size_t made = 0;
        for (size_t i = 0; i < requests.size() && !stop_; ++i) {
          const absl::StatusOr<Plan> plan = planner.MakePlan(requests[i], [this] { return stop_.load(); });
          if (plan.ok()) {
            ++made;
          } else {
            spdlog::warn("warm-up: plan {} of {} failed: {}", i + 1, requests.size(),
                         std::string(plan.status().message()));
          }
        }
        if (stop_) return;
        spdlog::info("warm-up: {} of {} plans made in {}", made, requests.size(),
                     FormatDuration(std::chrono::duration_cast<std::chrono::milliseconds>(
                         std::chrono::steady_clock::now() - start)));
        done();
      }) {}

WarmUp::~WarmUp() {
  stop_ = true;
  thread_.join();
}

}  // namespace recurve
