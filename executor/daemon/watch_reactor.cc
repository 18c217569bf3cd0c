// SPDX-License-Identifier: Apache-2.0
#include "executor/daemon/watch_reactor.h"

#include <algorithm>
#include <utility>

#include "executor/daemon/redaction.h"
#include "planner_service/grpc_server/grpc_status.h"
#include "planner_service/process/failures.h"
#include "planner_service/status/status_macros.h"

namespace recurve {

WatchReactor::WatchReactor(JobStore& store, const executor::v1::WatchJobRequest& request,
                           std::function<void(const absl::Status&)> on_end)
    : store_(store),
      id_(request.id()),
      on_end_(std::move(on_end)),
      next_(std::max<int64_t>(request.from_sequence(), 1)) {}

WatchReactor* WatchReactor::Start(JobStore& store, const executor::v1::WatchJobRequest& request, const Caller& caller,
                                  absl::Status admission, std::function<void(const absl::Status&)> on_end) {
  const std::shared_ptr<WatchReactor> reactor(new WatchReactor(store, request, std::move(on_end)));
  reactor->self_ = reactor;
  if (admission.ok()) {
    const absl::Status own = store.GetOwn(reactor->id_, caller).status();
    reactor->redacted_ = !own.ok();
    admission = store.Listen(reactor->id_, reactor);
  }
  if (admission.ok()) {
    reactor->Step();
  } else {
    reactor->End(admission);
  }
  return reactor.get();
}

void WatchReactor::OnEvent() {
  if (TakeTurn()) Step();
}

void WatchReactor::OnWriteDone(bool ok) {
  if (ok) {
    Step();
  } else {
    End(absl::CancelledError("the client disconnected"));
  }
}

void WatchReactor::OnCancel() {
  {
    const MutexLock lock(mutex_);
    cancelled_ = true;
  }
  OnEvent();
}

void WatchReactor::OnDone() { self_.reset(); }

bool WatchReactor::TakeTurn() {
  const MutexLock lock(mutex_);
  look_again_ = true;
  return !std::exchange(busy_, true);
}

// Runs on a thread of gRPC or of the job: an exception must end the stream, not the process.
void WatchReactor::Step() {
  std::optional<absl::Status> end;
  try {
    end = Advance();
  } catch (...) {
    end = StatusOfException("the stream of events");
  }
  if (end) End(*end);
}

std::optional<absl::Status> WatchReactor::Advance() {
  for (;;) {
    int64_t from = 0;
    bool cancelled = false;
    {
      const MutexLock lock(mutex_);
      look_again_ = false;
      from = next_;
      cancelled = cancelled_;
    }
    if (cancelled) return absl::CancelledError("the call was cancelled");
    ASSIGN_OR_RETURN(JobStore::NextEvent next, store_.EventFrom(id_, from));
    if (next.event.has_value()) {
      if (!Show(*std::move(next.event))) continue;
      StartWrite(&response_);
      return std::nullopt;
    }
    if (next.ended) return absl::OkStatus();
    const MutexLock lock(mutex_);
    if (!look_again_) {
      busy_ = false;
      return std::nullopt;
    }
  }
}

bool WatchReactor::Show(executor::v1::JobEvent event) {
  const int64_t sequence = event.sequence();
  std::optional<executor::v1::JobEvent> shown = redacted_ ? Redacted(std::move(event)) : std::move(event);
  const MutexLock lock(mutex_);
  next_ = sequence + 1;
  if (!shown) return false;
  *response_.mutable_event() = *std::move(shown);
  return true;
}

void WatchReactor::End(const absl::Status& status) {
  on_end_(status);
  Finish(ToGrpcStatus(status));
}

}  // namespace recurve
