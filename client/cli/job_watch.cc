// SPDX-License-Identifier: Apache-2.0
#include "client/cli/job_watch.h"

#include <cstdio>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/job_messages.h"
#include "client/cli/training_display.h"
#include "executor/codec/job_codec.h"
#include "planner_service/text/printable.h"

namespace recurve {
namespace {

namespace v1 = executor::v1;

// Prints events as lines of text, and progress as `train` shows it.
class EventPrinter {
 public:
  EventPrinter(ExecutorClient& executor, std::string id) : executor_(executor), id_(std::move(id)) {}

  void Print(const v1::JobEvent& event) {
    switch (event.event_case()) {
      case v1::JobEvent::kStateChange: {
        const std::string& reason = event.state_change().reason();
        return Line(StateName(event.state_change().state()) + (reason.empty() ? "" : ": " + reason));
      }
      case v1::JobEvent::kProgress:
        return Progress(event.progress());
      case v1::JobEvent::kCheckpoint:
        return Line(absl::StrCat("saved the model after step ", event.checkpoint().step()));
      case v1::JobEvent::kEvaluation:
        return Line(absl::StrFormat("held out: %.3f %s", event.evaluation().metric().value(),
                                    Printable(event.evaluation().metric().unit())));
      case v1::JobEvent::kNote:
        return Line(event.note());
      case v1::JobEvent::EVENT_NOT_SET:
        return;
    }
  }

 private:
  void Line(const std::string& text) {
    display_.reset();  // ends the progress bar's line
    std::printf("%s\n", Printable(text).c_str());
    std::fflush(stdout);
  }

  void Progress(const v1::Progress& progress) {
    if (display_ == nullptr) {
      const absl::StatusOr<v1::Job> job = executor_.GetJob(id_);
      if (!job.ok()) return;
      display_ = std::make_unique<ProgressDisplay>(StepsOf(*job), job->spec().max_seconds(), PlannedPeak(*job));
    }
    StepRecord record = DecodeProgress(progress);
    record.metric.unit = Printable(record.metric.unit);
    display_->OnStep(record);
  }

  ExecutorClient& executor_;
  const std::string id_;
  std::unique_ptr<ProgressDisplay> display_;
};

}  // namespace

ExitStatus WatchUntilEnd(ExecutorClient& executor, const std::string& id, bool json) {
  // WatchJob retries while a daemon restarts; a daemon that is unreachable from the start is reported at once.
  if (const absl::StatusOr<v1::Job> job = executor.GetJob(id); !job.ok()) return Fail(job.status());
  v1::StateChange last;
  absl::Status status;
  {
    EventPrinter printer(executor, id);
    status = executor.WatchJob({.id = id, .on_event = [&](const v1::JobEvent& event) {
                                  if (event.has_state_change()) last = event.state_change();
                                  if (json) {
                                    PrintJson(EventJson(event));
                                  } else {
                                    printer.Print(event);
                                  }
                                  return true;
                                }});
  }
  if (!status.ok()) return Fail(status);
  if (last.state() == v1::JOB_STATE_SUCCEEDED) return ExitStatus::kDone;
  return Fail(ExitStatus::kFailed, absl::StrCat("job ", id, " ended ", StateName(last.state()),
                                                last.reason().empty() ? "" : ": ", last.reason()));
}

}  // namespace recurve
