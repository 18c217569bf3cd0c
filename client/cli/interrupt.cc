// SPDX-License-Identifier: Apache-2.0
#include "client/cli/interrupt.h"

#include <atomic>
#include <csignal>

namespace recurve {
namespace {

std::atomic<bool> interrupted = false;
static_assert(std::atomic<bool>::is_always_lock_free, "set in a signal handler");

extern "C" void OnSignal(int) { interrupted = true; }

}  // namespace

// SA_RESTART: a signal does not lose a line that is being written to standard output. Code that waits polls
// Interrupted().
void CatchInterrupts() {
  struct sigaction action {};
  action.sa_handler = &OnSignal;
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
  sigaction(SIGINT, &action, nullptr);
  action.sa_flags = SA_RESTART;
  sigaction(SIGTERM, &action, nullptr);
  struct sigaction old {};
  if (sigaction(SIGHUP, nullptr, &old) == 0 && old.sa_handler != SIG_IGN) sigaction(SIGHUP, &action, nullptr);
}

void OutliveReaders() { std::signal(SIGPIPE, SIG_IGN); }

bool Interrupted() { return interrupted; }

}  // namespace recurve
