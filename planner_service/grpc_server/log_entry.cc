// SPDX-License-Identifier: Apache-2.0
#include "planner_service/grpc_server/log_entry.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "planner_service/text/printable.h"

namespace recurve {
namespace {

constexpr char kTextHead[] = "[%Y-%m-%d %H:%M:%S.%e %z] [%n] [%l] ";
constexpr char kJsonHead[] = R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l","program":"%n","message":")";

// spdlog has no fields. So the ids travel to the formatter in the source location of the entry, as C strings: as text
// in place of the file name, and as JSON in place of the function name. This line number marks such an entry.
constexpr int kHasIds = -1;

constexpr size_t kLongestId = 512;

// `text`, which is printable, as the contents of a string in JSON.
std::string JsonEscaped(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  for (const char c : text) {
    if (c == '"' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

// Cuts `text` to `most` bytes, but no UTF-8 character.
void CutTo(size_t most, std::string& text) {
  constexpr std::string_view kCut = "...";
  if (text.size() <= most) return;
  size_t end = most - kCut.size();
  while (end > 0 && (text[end] & 0xC0) == 0x80) --end;
  text.resize(end);
  text += kCut;
}

// The same for the contents of a string in JSON; cuts no escape sequence, which has two characters.
void CutJsonTo(size_t most, std::string& text) {
  if (text.size() <= most) return;
  CutTo(most, text);
  const size_t end = text.size() - 3;
  const size_t last = text.find_last_not_of('\\', end - 1);
  const size_t backslashes = end - (last == std::string::npos ? 0 : last + 1);
  if (backslashes % 2 == 1) text.erase(end - 1, 1);
}

bool IsPlain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
           std::string_view("._:/+-").find(c) != std::string::npos;
  });
}

struct RenderedIds {
  std::string text;
  std::string json;
};

RenderedIds Render(const LogIds& ids) {
  RenderedIds rendered;
  for (const auto& [key, id] :
       std::array<std::pair<const char*, const std::string&>, 6>{{{"job_id", ids.job_id},
                                                                  {"request_id", ids.request_id},
                                                                  {"trace_id", ids.trace_id},
                                                                  {"span_id", ids.span_id},
                                                                  {"owner", ids.owner},
                                                                  {"peer", ids.peer}}}) {
    if (id.empty()) continue;
    std::string value = JsonEscaped(Printable(std::string_view(id).substr(0, kLongestId + 1)));
    CutJsonTo(kLongestId, value);
    const std::string quoted = absl::StrCat("\"", value, "\"");
    absl::StrAppend(&rendered.text, " ", key, "=", IsPlain(value) ? value : quoted);
    absl::StrAppend(&rendered.json, ",\"", key, "\":", quoted);
  }
  return rendered;
}

class LogFormatter final : public spdlog::formatter {
 public:
  explicit LogFormatter(LogFormat format)
      : format_(format),
        head_(format == LogFormat::kJson ? kJsonHead : kTextHead, spdlog::pattern_time_type::local, /*eol=*/"") {}

  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& line) override {
    head_.format(message, line);
    const bool json = format_ == LogFormat::kJson;
    const bool has_ids = message.source.line == kHasIds;
    std::string tail = !has_ids ? "" : json ? message.source.funcname : message.source.filename;
    tail = json ? absl::StrCat("\"", tail, "}\n") : absl::StrCat(tail, "\n");
    std::string text = Printable({message.payload.data(), message.payload.size()});
    const size_t room = kLongestLogLine - line.size() - tail.size();
    if (json) {
      text = JsonEscaped(text);
      CutJsonTo(room, text);
    } else {
      CutTo(room, text);
    }
    line.append(text.data(), text.data() + text.size());
    line.append(tail.data(), tail.data() + tail.size());
  }
  std::unique_ptr<spdlog::formatter> clone() const override { return std::make_unique<LogFormatter>(format_); }

 private:
  const LogFormat format_;
  spdlog::pattern_formatter head_;
};

}  // namespace

void LogFor(const LogIds& ids, spdlog::level::level_enum level, std::string_view message) {
  if (!spdlog::should_log(level)) return;
  const RenderedIds rendered = Render(ids);
  spdlog::default_logger_raw()->log(spdlog::source_loc(rendered.text.c_str(), kHasIds, rendered.json.c_str()), level,
                                    spdlog::string_view_t(message.data(), message.size()));
}

std::unique_ptr<spdlog::formatter> MakeLogFormatter(LogFormat format) { return std::make_unique<LogFormatter>(format); }

}  // namespace recurve
