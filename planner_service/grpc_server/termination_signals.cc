// SPDX-License-Identifier: Apache-2.0
#include <pthread.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): sigtimedwait and sigset_t are POSIX
#include <unistd.h>

#include <chrono>
#include <ctime>

#include "planner_service/grpc_server/server.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

bool IsIgnored(int signal) {
  struct sigaction action {};
  return sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

sigset_t TerminationSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  // A blocked signal becomes pending even if it is ignored.
  if (!IsIgnored(SIGHUP)) sigaddset(&signals, SIGHUP);
  return signals;
}

}  // namespace

void TakeSignals() {
  const sigset_t signals = TerminationSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
}

SignalsEndProcess::SignalsEndProcess() : mask_() {
  const sigset_t signals = TerminationSignals();
  struct sigaction action {};
  // The kernel does not end process 1, as which a container runs a daemon, by a signal without a handler.
  action.sa_handler = [](int signal) {
    raise(signal);
    _exit(128 + signal);
  };
  action.sa_flags = static_cast<int>(SA_NODEFER | SA_RESETHAND);
  for (size_t i = 0; i < kSignals.size(); ++i) {
    if (sigismember(&signals, kSignals[i]) == 1) {
      sigaction(kSignals[i], &action, &actions_[i]);
    } else {
      sigaction(kSignals[i], nullptr, &actions_[i]);
    }
  }
  pthread_sigmask(SIG_UNBLOCK, &signals, &mask_);
}

SignalsEndProcess::~SignalsEndProcess() {
  pthread_sigmask(SIG_SETMASK, &mask_, nullptr);
  for (size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &actions_[i], nullptr);
}

bool TerminationRequested() {
  const sigset_t signals = TerminationSignals();
  sigset_t pending;
  sigset_t wanted;
  return sigpending(&pending) == 0 && sigandset(&wanted, &pending, &signals) == 0 && sigisemptyset(&wanted) == 0;
}

absl::StatusOr<int> WaitForTermination(const Server& server, std::chrono::milliseconds interval,
                                       const std::function<void()>& report) {
  const sigset_t signals = TerminationSignals();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(interval);
  const timespec wait = {.tv_sec = seconds.count(), .tv_nsec = std::chrono::nanoseconds(interval - seconds).count()};
  while (true) {
    report();
    if (const int signal = sigtimedwait(&signals, nullptr, &wait); signal > 0) return signal;
    RETURN_IF_ERROR(server.CheckResponsive());
  }
}

}  // namespace recurve
