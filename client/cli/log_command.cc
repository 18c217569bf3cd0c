// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>

#include "client/cli/commands.h"
#include "client/cli/executor_option.h"
#include "client/cli/json.h"
#include "client/cli/option_values.h"
#include "client/executor_client.h"
#include "client/retry_window.h"
#include "planner_service/status/status_macros.h"
#include "planner_service/text/printable.h"

namespace recurve {
namespace {

namespace v1 = executor::v1;

constexpr std::chrono::milliseconds kLogPoll{500};

constexpr char kLogFooter[] = R"(
Examples:
  recurve log 3f2a --executor node7:7402
  recurve log 3f2a --follow               until the job ends

The log has the job's state changes, notes and failures; `recurve watch` shows its steps.)";

struct LogOptions {
  ServiceOption executor;
  std::string id;
  bool follow = false;
  bool json = false;
};

// Prints complete lines, made safe for a terminal, however the text is cut into parts.
class LinePrinter {
 public:
  explicit LinePrinter(bool json) : json_(json) {}
  ~LinePrinter() {
    if (!rest_.empty()) Print(rest_);
  }

  void Add(const std::string& text) {
    rest_ += text;
    size_t begin = 0;
    for (size_t end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n', begin)) {
      Print(rest_.substr(begin, end - begin));
      begin = end + 1;
    }
    rest_.erase(0, begin);
    std::fflush(stdout);
  }

 private:
  void Print(const std::string& line) const {
    if (json_) {
      PrintJson({{"type", "line"}, {"line", line}});
    } else {
      std::printf("%s\n", Printable(line).c_str());
    }
  }

  const bool json_;
  std::string rest_;  // of the last line
};

// Prints what there is of the log after `offset`, and advances it.
absl::Status PrintMore(ExecutorClient& executor, const std::string& id, int64_t& offset, LinePrinter& printer) {
  for (;;) {
    ASSIGN_OR_RETURN(const v1::GetJobLogResponse part, executor.GetJobLog(id, offset));
    printer.Add(part.text());
    if (part.next_offset_bytes() <= offset) return absl::OkStatus();
    offset = part.next_offset_bytes();
  }
}

// Whether the job had ended before the log was read, so that nothing can follow.
absl::StatusOr<bool> PrintOnce(ExecutorClient& executor, const std::string& id, int64_t& offset, LinePrinter& printer) {
  ASSIGN_OR_RETURN(const v1::Job job, executor.GetJob(id));
  RETURN_IF_ERROR(PrintMore(executor, id, offset, printer));
  return job.has_end_time();
}

ExitStatus RunLog(const LogOptions& options) {
  ExecutorClient executor({.target = options.executor.target, .tls = options.executor.tls});
  LinePrinter printer(options.json);
  RetryWindow window(executor.options().reconnect);
  int64_t offset = 0;
  for (bool any = false;;) {
    const absl::StatusOr<bool> ended = PrintOnce(executor, options.id, offset, printer);
    if (ended.ok()) {
      if (*ended || !options.follow) return ExitStatus::kDone;
      any = true;
      window.Restart();
      std::this_thread::sleep_for(kLogPoll);
    } else if (!(any && absl::IsUnavailable(ended.status()) && window.Wait(nullptr))) {
      return Fail(ended.status());
    }
  }
}

}  // namespace

Command AddLogCommand(const Section& section) {
  CLI::App& log = AddCommand(section, "log", "print the log of a job of an executor daemon", kLogFooter);
  auto options = std::make_shared<LogOptions>();
  AddPositional(log, "id", options->id, "the job's id, as printed by submit", "ID");
  AddExecutorOption(log, options->executor);
  AddFlag(log, "--follow", options->follow, "print further lines as they are written, until the job ends");
  AddFlag(log, "--json", options->json, "print one JSON object for each line");
  return {&log, [options] { return RunLog(*options); }};
}

}  // namespace recurve
