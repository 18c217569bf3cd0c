// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_CLI_EVENT_DISPLAY_H_
#define RECURVE_CLIENT_CLI_EVENT_DISPLAY_H_

#include <memory>
#include <string>

#include "client/executor_client.h"
#include "recurve/executor/v1/executor.pb.h"

namespace recurve {

// Shows the events of a job on standard output. Not thread-safe.
class EventDisplay {
 public:
  virtual ~EventDisplay() = default;
  virtual void OnStart(const executor::v1::Job& /*job*/) {}  // before the first event
  // Every event in order; with `shown` false, one that the user has seen before and that is only remembered.
  virtual void OnEvent(const executor::v1::JobEvent& event, bool shown) = 0;
  virtual void OnIdle() {}         // several times per second
  virtual void BeforeMessage() {}  // before a line on stderr
  virtual void OnEnd(const executor::v1::Job& /*job*/) {}
};

// JSON lines; the last one is the result.
std::unique_ptr<EventDisplay> MakeJsonEvents(bool redacted);
// Lines of text, and progress as `train` shows it. `executor` must outlive the display.
std::unique_ptr<EventDisplay> MakeTextEvents(ExecutorClient& executor, const std::string& id);
// The same for a job that is redacted: lines of text with the steps, without losses.
std::unique_ptr<EventDisplay> MakeRedactedEvents(ExecutorClient& executor, const std::string& id);
// Lines of text above a LiveView, for a terminal.
std::unique_ptr<EventDisplay> MakeLiveEvents(ExecutorClient& executor, const std::string& id);

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_EVENT_DISPLAY_H_
