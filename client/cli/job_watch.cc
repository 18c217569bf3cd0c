// SPDX-License-Identifier: Apache-2.0
#include "client/cli/job_watch.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/event_display.h"
#include "client/cli/interrupt.h"
#include "client/cli/job_messages.h"
#include "client/cli/shell_word.h"
#include "client/cli/terminal.h"
#include "client/retry_window.h"
#include "executor/codec/job_codec.h"
#include "planner_service/text/number_text.h"
#include "planner_service/text/units.h"

namespace recurve {
namespace {

namespace v1 = executor::v1;

double SecondsOf(const google::protobuf::Timestamp& time) {
  return static_cast<double>(time.seconds()) + 1e-9 * time.nanos();
}

std::unique_ptr<EventDisplay> MakeDisplay(ExecutorClient& executor, const WatchSettings& settings, bool redacted) {
  if (settings.json) return MakeJsonEvents(redacted);
  if (redacted) return MakeRedactedEvents(executor, settings.id);
  return TerminalMovesCursor() ? MakeLiveEvents(executor, settings.id) : MakeTextEvents(executor, settings.id);
}

// The command that continues after the last event that was shown.
std::string CommandToComeBack(const ExecutorClient& executor, const WatchSettings& settings, int64_t next) {
  std::string command = absl::StrCat("recurve watch ", ShellWord(settings.id), " --executor ",
                                     ShellWord(executor.options().target), " --from ", next);
  const auto add = [&command](const char* option, const std::string& value) {
    if (!value.empty()) absl::StrAppend(&command, " ", option, " ", ShellWord(value));
  };
  const TlsFiles& tls = executor.options().tls.files;
  add("--ca-file", tls.authorities);
  add("--cert-file", tls.certificate);
  add("--key-file", tls.key);
  add("--token-file", tls.token);
  add("--loss-csv", settings.losses.csv);
  add("--loss-svg", settings.losses.svg);
  add("--tensorboard", settings.losses.tensorboard);
  if (settings.json) command += " --json";
  return command;
}

class JobWatcher {
 public:
  JobWatcher(ExecutorClient& executor, const WatchSettings& settings, const v1::Job& job, LossRecord* record)
      : executor_(executor),
        settings_(settings),
        record_(record),
        display_(MakeDisplay(executor, settings, job.redacted())),
        next_(std::max<int64_t>(1, settings.from)) {
    last_.set_id(settings.id);
    display_->OnStart(job);
  }

  ExitStatus Run() {
    JobWatch watch{.id = settings_.id, .from_sequence = record_ != nullptr ? 0 : settings_.from};
    watch.on_event = [this](const v1::JobEvent& event) {
      OnEvent(event);
      return !Interrupted();
    };
    watch.on_idle = [this] {
      display_->OnIdle();
      return Interrupted();
    };
    watch.on_lost = [this](const absl::Status& why) { OnLost(why); };
    const absl::Status status = executor_.WatchJob(watch);
    if (status.ok() && !Interrupted()) return Conclude();
    display_.reset();
    if (!status.ok()) return Fail(status);
    return Fail(
        ExitStatus::kInterrupted,
        absl::StrCat("job ", settings_.id, " goes on; to come back: ", CommandToComeBack(executor_, settings_, next_)));
  }

  // The job as far as it is known.
  const v1::Job& job() const { return last_; }

 private:
  void OnEvent(const v1::JobEvent& event) {
    if (event.has_state_change()) {
      last_.set_state(event.state_change().state());
      last_.set_reason(event.state_change().reason());
    }
    if (record_ != nullptr && event.has_progress()) {
      record_->AddStep(DecodeProgress(event.progress()), SecondsOf(event.time()));
    }
    if (record_ != nullptr && event.has_evaluation()) {
      const v1::Evaluation& evaluation = event.evaluation();
      record_->AddHeldOut(evaluation.step(), DecodeMetric(evaluation.metric()), SecondsOf(event.time()));
    }
    const bool shown = event.sequence() >= next_;
    if (shown) next_ = event.sequence() + 1;
    display_->OnEvent(event, shown);
  }

  void OnLost(const absl::Status& why) {
    display_->BeforeMessage();
    Note(absl::StrCat("lost the connection (", why.message(), "); trying for ",
                      FormatDuration(executor_.options().reconnect), " to continue"));
  }

  // Gets the result, even if the daemon restarts at this moment. Without an answer, the events tell the state.
  void LearnResult() {
    RetryWindow window(executor_.options().reconnect);
    absl::StatusOr<v1::Job> job = executor_.GetJob(settings_.id);
    while (absl::IsUnavailable(job.status()) && window.Wait(WhenInterrupted())) job = executor_.GetJob(settings_.id);
    if (!job.ok()) return;
    if (HasEnded(last_.state()) && !HasEnded(job->state())) {
      job->set_state(last_.state());
      job->set_reason(last_.reason());
    }
    last_ = *std::move(job);
  }

  ExitStatus Conclude() {
    LearnResult();
    if (HasEnded(last_.state())) display_->OnEnd(last_);
    display_.reset();
    if (last_.state() == v1::JOB_STATE_SUCCEEDED) return ExitStatus::kDone;
    if (!HasEnded(last_.state())) {
      return Fail(ExitStatus::kFailed, absl::StrCat("the daemon sends no more events of job ", settings_.id,
                                                    ", which is ", StateName(last_.state())));
    }
    return Fail(ExitStatus::kFailed, absl::StrCat("job ", settings_.id, " ended ", StateName(last_.state()),
                                                  last_.reason().empty() ? "" : ": ", last_.reason()));
  }

  ExecutorClient& executor_;
  const WatchSettings& settings_;
  LossRecord* const record_;  // may be null
  std::unique_ptr<EventDisplay> display_;
  int64_t next_;  // sequence number of the next event to show
  v1::Job last_;
};

std::string SubjectOf(const v1::Job& job) {
  std::string subject = absl::StrCat("job ", job.id());
  if (job.has_plan()) {
    absl::StrAppend(&subject, ", ", CountText(job.plan().parameters()), " parameters, ",
                    job.spec().language_model().data_path(), ", on ", job.plan().device());
  }
  return subject;
}

}  // namespace

ExitStatus WatchUntilEnd(ExecutorClient& executor, const WatchSettings& settings) {
  CatchInterrupts();
  // WatchJob retries while a daemon restarts; a daemon that is unreachable from the start is reported at once.
  const absl::StatusOr<v1::Job> job = executor.GetJob(settings.id);
  if (!job.ok()) return Fail(job.status());
  std::unique_ptr<LossRecord> record;
  if (settings.losses.wanted()) {
    if (job->redacted()) {
      return Fail(absl::PermissionDeniedError(
          absl::StrCat("job ", settings.id, " belongs to ", job->owner(), "; only its owner sees its losses")));
    }
    OutliveReaders();
    absl::StatusOr<std::unique_ptr<LossRecord>> opened = LossRecord::Open(settings.losses);
    if (!opened.ok()) return Fail(opened.status());
    record = *std::move(opened);
  }
  JobWatcher watcher(executor, settings, *job, record.get());
  const ExitStatus exit = watcher.Run();
  if (record == nullptr) return exit;
  const absl::Status recorded = record->Finish(SubjectOf(watcher.job()));
  if (recorded.ok()) return exit;
  Fail(recorded);
  return exit == ExitStatus::kDone ? ExitStatus::kFailed : exit;
}

}  // namespace recurve
