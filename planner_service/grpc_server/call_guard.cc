// SPDX-License-Identifier: Apache-2.0
#include "planner_service/grpc_server/call_guard.h"

#include <grpc/grpc.h>
#include <grpcpp/server_context.h>

#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "planner_service/access/access.h"

namespace recurve {
namespace {

using grpc::experimental::InterceptionHookPoints;
using Clock = std::chrono::steady_clock;

constexpr absl::string_view kWatch = "/grpc.health.v1.Health/Watch";
constexpr absl::string_view kCheck = "/grpc.health.v1.Health/Check";
constexpr absl::string_view kReflection = "/grpc.reflection.";
constexpr int kLooksPerStall = 4;  // how often calls are looked at within the time that they may stall

int64_t Now() { return Clock::now().time_since_epoch().count(); }

// The calls that have a limit of their own; empty: those that do not.
absl::string_view KindOf(absl::string_view method) {
  for (const absl::string_view each : {kWatch, kCheck}) {
    if (method == each) return each;
  }
  return absl::StartsWith(method, kReflection) ? kReflection : absl::string_view();
}

// Ends a call with a status that its client sees.
void End(grpc_call* call, grpc_status_code code, const std::string& why) {
  grpc_call_cancel_with_status(call, code, why.c_str(), nullptr);
}

}  // namespace

// Handles one call. gRPC destroys it when the call has ended.
class CallGuard::Call final : public grpc::experimental::Interceptor {
 public:
  Call(CallGuard& guard, grpc::experimental::ServerRpcInfo& info)
      : kind(KindOf(info.method())), guard_(guard), info_(info) {}
  ~Call() override {
    if (call == nullptr) return;
    guard_.Leave(*this);
    grpc_call_unref(call);
  }

  void Intercept(grpc::experimental::InterceptorBatchMethods* batch) override {
    const auto at = [batch](InterceptionHookPoints point) { return batch->QueryInterceptionHookPoint(point); };
    if (at(InterceptionHookPoints::POST_RECV_INITIAL_METADATA) && call == nullptr) Begin();
    if (at(InterceptionHookPoints::POST_RECV_MESSAGE)) {
      reading_since = reads_ && batch->GetRecvMessage() != nullptr ? Now() : 0;  // null: the client has sent everything
    }
    if (at(InterceptionHookPoints::POST_SEND_MESSAGE)) writing_since = 0;
    // The status has no point of its own for its end, which is that of the call.
    if (at(InterceptionHookPoints::PRE_SEND_MESSAGE) || at(InterceptionHookPoints::PRE_SEND_STATUS)) {
      writing_since = Now();
    }
    batch->Proceed();
  }

  bool StalledSince(int64_t time) const {
    const int64_t reading = reading_since;
    const int64_t writing = writing_since;
    return (reading != 0 && reading < time) || (writing != 0 && writing < time);
  }

  const absl::string_view kind;
  std::string host;
  grpc_call* call = nullptr;              // with a reference, from the begin on
  std::atomic<int64_t> reading_since{0};  // 0: not now
  std::atomic<int64_t> writing_since{0};

 private:
  void Begin() {
    if (reads_) reading_since = Now();
    host = HostOfPeer(info_.server_context()->peer());
    call = info_.server_context()->c_call();
    grpc_call_ref(call);
    if (const std::string why = guard_.Enter(*this); !why.empty()) End(call, GRPC_STATUS_RESOURCE_EXHAUSTED, why);
  }

  CallGuard& guard_;
  grpc::experimental::ServerRpcInfo& info_;  // owns this
  // Whether the client sends a stream. gRPC does not tell when a service begins to wait for a message, but these always
  // do.
  const bool reads_ = info_.type() == grpc::experimental::ServerRpcInfo::Type::CLIENT_STREAMING ||
                      info_.type() == grpc::experimental::ServerRpcInfo::Type::BIDI_STREAMING;
};

class CallGuard::Factory final : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  explicit Factory(CallGuard& guard) : guard_(guard) {}
  grpc::experimental::Interceptor* CreateServerInterceptor(grpc::experimental::ServerRpcInfo* info) override {
    return new Call(guard_, *info);  // gRPC owns it
  }

 private:
  CallGuard& guard_;
};

CallGuard::CallGuard(const CallLimits& limits) : limits_(limits), thread_([this] { Run(); }) {}

CallGuard::~CallGuard() {
  {
    const MutexLock lock(mutex_);
    stop_ = true;
  }
  stopping_.notify_all();
  thread_.join();
}

std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> CallGuard::MakeInterceptors() {
  return std::make_unique<Factory>(*this);
}

int CallGuard::MostOf(absl::string_view kind) const {
  if (kind.empty()) return limits_.calls_per_host;
  if (kind == kCheck) return std::numeric_limits<int>::max();  // a probe must get its answer
  return kind == kWatch ? limits_.watches_per_host : limits_.reflections_per_host;
}

std::string CallGuard::Enter(Call& call) {
  int count = 0;
  {
    const MutexLock lock(mutex_);
    calls_.insert(&call);
    count = ++counts_[absl::StrCat(call.host, call.kind)];
  }
  const int most = MostOf(call.kind);
  if (count <= most) return "";
  ++refused_;
  return absl::StrCat(call.host, " has ", most, " calls", call.kind.empty() ? "" : " of this kind",
                      " in progress, the most for one host; try again later");
}

void CallGuard::Leave(Call& call) {
  const MutexLock lock(mutex_);
  calls_.erase(&call);
  const auto count = counts_.find(absl::StrCat(call.host, call.kind));
  if (--count->second == 0) counts_.erase(count);
}

void CallGuard::Run() {
  MutexLock lock(mutex_);
  while (!stop_) {
    stopping_.wait_for(lock, limits_.stall / kLooksPerStall);
    lock.unlock();
    EndStalled();
    lock.lock();
  }
}

// Ends calls without the lock, because a call may leave meanwhile on this thread.
void CallGuard::EndStalled() {
  const int64_t time = (Clock::now() - limits_.stall).time_since_epoch().count();
  std::vector<grpc_call*> stalled;
  {
    const MutexLock lock(mutex_);
    for (Call* const each : calls_) {
      if (!each->StalledSince(time)) continue;
      grpc_call_ref(each->call);
      stalled.push_back(each->call);
    }
  }
  stalled_ += static_cast<int64_t>(stalled.size());
  for (grpc_call* const call : stalled) {
    End(call, GRPC_STATUS_DEADLINE_EXCEEDED,
        absl::StrCat("the client has neither read nor sent anything for ", limits_.stall.count() / 1000, " s"));
    grpc_call_unref(call);
  }
}

}  // namespace recurve
