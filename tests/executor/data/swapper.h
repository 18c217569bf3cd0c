// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_TESTS_EXECUTOR_DATA_SWAPPER_H_
#define RECURVE_TESTS_EXECUTOR_DATA_SWAPPER_H_

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <thread>
#include <utility>

namespace recurve {

// Exchanges two names again and again on a thread of its own, as someone does who hopes that a check sees one file and
// the use of the name another. Each swap is atomic: both names always exist.
class Swapper {
 public:
  Swapper(std::string a, std::string b)
      : a_(std::move(a)), b_(std::move(b)), thread_([this] {
          while (!stop_) swaps_ += static_cast<int64_t>(Exchange());
        }) {}
  ~Swapper() {
    stop_ = true;
    thread_.join();
    if (swaps_ % 2 != 0) Exchange();  // as it was
  }
  Swapper(const Swapper&) = delete;
  Swapper& operator=(const Swapper&) = delete;

  int64_t swaps() const { return swaps_; }

 private:
  bool Exchange() { return syscall(SYS_renameat2, AT_FDCWD, a_.c_str(), AT_FDCWD, b_.c_str(), 1 << 1) == 0; }

  const std::string a_;
  const std::string b_;
  std::atomic<bool> stop_{false};
  std::atomic<int64_t> swaps_{0};
  std::thread thread_;
};

}  // namespace recurve

#endif  // RECURVE_TESTS_EXECUTOR_DATA_SWAPPER_H_
