// SPDX-License-Identifier: Apache-2.0
#include "client/retry_window.h"

#include <algorithm>
#include <thread>

namespace recurve {
namespace {

constexpr std::chrono::milliseconds kPoll{50};  // between checks for `stop`

}  // namespace

void RetryWindow::Restart() {
  open_ = false;
  pause_ = kFirstPause;
}

bool RetryWindow::Wait(const std::function<bool()>& stop) {
  const Clock::time_point now = Clock::now();
  if (!open_) end_ = now + length_;
  open_ = true;
  if (now >= end_) return false;
  const Clock::time_point next = std::min(now + pause_, end_);
  pause_ = std::min(2 * pause_, kLongestPause);
  while (Clock::now() < next) {
    if (stop && stop()) return false;
    std::this_thread::sleep_for(std::min<Clock::duration>(kPoll, next - Clock::now()));
  }
  return !(stop && stop());
}

}  // namespace recurve
