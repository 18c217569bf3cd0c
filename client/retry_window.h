// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_RETRY_WINDOW_H_
#define RECURVE_CLIENT_RETRY_WINDOW_H_

#include <chrono>
#include <functional>

namespace recurve {

// Bounds how long a call that a broken connection ended is repeated: for a time that begins with the first failure and
// anew after each success, with pauses that grow. Not thread-safe.
//
//   RetryWindow window(std::chrono::seconds(60));
//   while (!Try() && window.Wait(nullptr)) {}
class RetryWindow {
 public:
  explicit RetryWindow(std::chrono::milliseconds length) : length_(length) {}

  // The call got further: the next failure begins a new window.
  void Restart();
  // Whether there was a failure since the start or the last Restart.
  bool open() const { return open_; }
  // After a failure: pauses and returns true if the call is to be repeated. Returns false once the window is over, or
  // as soon as `stop`, which may be null and is called several times per second, returns true.
  bool Wait(const std::function<bool()>& stop);

 private:
  using Clock = std::chrono::steady_clock;

  static constexpr std::chrono::milliseconds kFirstPause{200};
  static constexpr std::chrono::milliseconds kLongestPause{3'000};

  const std::chrono::milliseconds length_;
  bool open_ = false;
  Clock::time_point end_;
  std::chrono::milliseconds pause_ = kFirstPause;
};

}  // namespace recurve

#endif  // RECURVE_CLIENT_RETRY_WINDOW_H_
