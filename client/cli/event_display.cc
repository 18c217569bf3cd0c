// SPDX-License-Identifier: Apache-2.0
#include "client/cli/event_display.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/job_messages.h"
#include "client/cli/live_view.h"
#include "client/cli/training_display.h"
#include "executor/codec/job_codec.h"
#include "planner_service/text/printable.h"
#include "planner_service/text/units.h"

namespace recurve {
namespace {

namespace v1 = executor::v1;

// An event as a line of text; empty for progress.
std::string LineOf(const v1::JobEvent& event) {
  switch (event.event_case()) {
    case v1::JobEvent::kStateChange: {
      const std::string& reason = event.state_change().reason();
      return absl::StrCat(StateName(event.state_change().state()), reason.empty() ? "" : ": ", reason);
    }
    case v1::JobEvent::kCheckpoint: {
      const v1::Checkpoint& checkpoint = event.checkpoint();
      if (!checkpoint.resumable()) return absl::StrCat("saved the model after step ", checkpoint.step());
      return absl::StrCat("checkpoint after step ", checkpoint.step(), ", ",
                          FormatBytesRounded(checkpoint.size_bytes()));
    }
    case v1::JobEvent::kEvaluation:
      return absl::StrFormat("held out: %.3f %s after step %d", event.evaluation().metric().value(),
                             event.evaluation().metric().unit(), event.evaluation().step());
    case v1::JobEvent::kNote:
      return event.note();
    case v1::JobEvent::kProgress:
    case v1::JobEvent::EVENT_NOT_SET:
      return "";
  }
  return "";
}

// Text for events; what shows the progress differs.
class TextDisplay : public EventDisplay {
 public:
  TextDisplay(ExecutorClient& executor, std::string id) : executor_(executor), id_(std::move(id)) {}

  void OnStart(const v1::Job& job) final {
    if (const std::string trace_id = TraceIdOf(job); !trace_id.empty()) PrintLine("trace id " + trace_id);
  }

  void OnEvent(const v1::JobEvent& event, bool shown) final {
    if (event.has_progress()) {
      const int64_t step = event.progress().step();
      if (shown && step <= last_step_) PrintLine(absl::StrCat("continues after step ", step - 1));
      last_step_ = step;
      if (job_changed_) LearnJob();
      StepRecord record = DecodeProgress(event.progress());
      record.metric.unit = Printable(record.metric.unit);
      ShowStep(record, shown);
      return;
    }
    if (event.has_state_change()) {
      job_changed_ = true;  // it may have another plan
      NoteState(event.state_change().state());
    }
    if (event.has_evaluation()) NoteEvaluation(event.evaluation());
    if (const std::string line = LineOf(event); shown && !line.empty()) PrintLine(line);
  }

  void OnEnd(const v1::Job& job) final {
    if (job.has_result() && !job.redacted()) PrintLine("weights sha256 " + job.result().weights_sha256());
    Finish();
  }

 private:
  virtual void SetJob(const v1::Job& job) = 0;
  virtual void ShowStep(const StepRecord& record, bool shown) = 0;
  virtual void NoteEvaluation(const v1::Evaluation&) {}
  virtual void NoteState(v1::JobState) {}
  virtual void PrintLine(const std::string& line) = 0;
  virtual void Finish() {}

  // Without an answer, the next step asks again.
  void LearnJob() {
    const absl::StatusOr<v1::Job> job = executor_.GetJob(id_);
    if (!job.ok()) return;
    job_changed_ = false;
    SetJob(*job);
  }

  ExecutorClient& executor_;
  const std::string id_;
  bool job_changed_ = true;  // since the last SetJob
  int64_t last_step_ = 0;
};

class LineEvents final : public TextDisplay {
 public:
  using TextDisplay::TextDisplay;
  void BeforeMessage() override { display_.reset(); }

 private:
  void SetJob(const v1::Job& job) override { job_ = job; }
  void ShowStep(const StepRecord& record, bool shown) override {
    if (!shown || !job_) return;
    if (display_ == nullptr) {
      display_ = std::make_unique<ProgressDisplay>(StepsOf(*job_), job_->spec().max_seconds(), PlannedPeak(*job_));
    }
    display_->OnStep(record);
  }
  void PrintLine(const std::string& line) override {
    display_.reset();  // ends the progress bar's line
    std::printf("%s\n", Printable(line).c_str());
    std::fflush(stdout);
  }

  std::optional<v1::Job> job_;
  std::unique_ptr<ProgressDisplay> display_;
};

class LiveEvents final : public TextDisplay {
 public:
  using TextDisplay::TextDisplay;
  ~LiveEvents() override { view_.End(); }
  void OnIdle() override { view_.Redraw(); }
  void BeforeMessage() override { view_.Clear(); }

 private:
  void SetJob(const v1::Job& job) override {
    view_.SetJob({.steps = StepsOf(job),
                  .max_seconds = job.spec().max_seconds(),
                  .planned_peak_bytes = PlannedPeak(job),
                  .limit_bytes = job.spec().memory_bytes()});
  }
  void ShowStep(const StepRecord& record, bool /*shown*/) override {
    view_.AddStep(record);
    view_.Redraw();
  }
  void NoteEvaluation(const v1::Evaluation& evaluation) override {
    Metric metric = DecodeMetric(evaluation.metric());
    metric.unit = Printable(metric.unit);
    view_.AddHeldOut(evaluation.step(), metric);
  }
  void NoteState(v1::JobState state) override { view_.SetState(StateName(state), state == v1::JOB_STATE_RUNNING); }
  void PrintLine(const std::string& line) override { view_.Print(line); }
  void Finish() override { view_.End(); }

  LiveView view_;
};

class RedactedEvents final : public TextDisplay {
 public:
  using TextDisplay::TextDisplay;

 private:
  void SetJob(const v1::Job& job) override { steps_ = std::max<int64_t>(1, StepsOf(job)); }
  void ShowStep(const StepRecord& record, bool shown) override {
    constexpr int64_t kLines = 20;  // in all
    if (!shown || (record.step != steps_ && record.step % ((steps_ - 1) / kLines + 1) != 0)) return;
    PrintLine(
        absl::StrCat("step ", record.step, "/", steps_, ", peak ", FormatBytesRounded(record.measured_peak_bytes)));
  }
  void PrintLine(const std::string& line) override {
    std::printf("%s\n", Printable(line).c_str());
    std::fflush(stdout);
  }

  int64_t steps_ = 1;
};

class JsonEvents final : public EventDisplay {
 public:
  explicit JsonEvents(bool redacted) : redacted_(redacted) {}
  void OnEvent(const v1::JobEvent& event, bool shown) override {
    if (shown) PrintJson(EventJson(event, redacted_));
  }
  void OnEnd(const v1::Job& job) override { PrintJson(ResultJson(job)); }

 private:
  const bool redacted_;
};

}  // namespace

std::unique_ptr<EventDisplay> MakeJsonEvents(bool redacted) { return std::make_unique<JsonEvents>(redacted); }

std::unique_ptr<EventDisplay> MakeRedactedEvents(ExecutorClient& executor, const std::string& id) {
  return std::make_unique<RedactedEvents>(executor, id);
}

std::unique_ptr<EventDisplay> MakeTextEvents(ExecutorClient& executor, const std::string& id) {
  return std::make_unique<LineEvents>(executor, id);
}

std::unique_ptr<EventDisplay> MakeLiveEvents(ExecutorClient& executor, const std::string& id) {
  return std::make_unique<LiveEvents>(executor, id);
}

}  // namespace recurve
