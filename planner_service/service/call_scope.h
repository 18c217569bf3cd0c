// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_SERVICE_CALL_SCOPE_H_
#define RECURVE_PLANNER_SERVICE_SERVICE_CALL_SCOPE_H_

#include <chrono>
#include <string>
#include <utility>

namespace recurve {

// What admission must know of a call and Planner::MakePlan does not pass on.
struct CallOrigin {
  std::string client;  // the key of limits, Caller::client; empty: the server itself, as during a warm-up
  std::chrono::system_clock::time_point deadline = std::chrono::system_clock::time_point::max();
};

// While this exists, the current thread works on a call of this origin.
class CallScope {
 public:
  explicit CallScope(CallOrigin origin) : before_(std::exchange(Current(), std::move(origin))) {}
  ~CallScope() { Current() = std::move(before_); }
  CallScope(const CallScope&) = delete;
  CallScope& operator=(const CallScope&) = delete;

  static CallOrigin& Current() {
    thread_local CallOrigin current;
    return current;
  }

 private:
  CallOrigin before_;
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_SERVICE_CALL_SCOPE_H_
