// SPDX-License-Identifier: Apache-2.0
#include <pthread.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): sigwait and sigset_t are POSIX

#include <cerrno>

#include "planner_service/serving/server.h"

namespace recurve {
namespace {

sigset_t TerminationSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

}  // namespace

void BlockTerminationSignals() {
  const sigset_t signals = TerminationSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

int WaitForTerminationSignal() {
  const sigset_t signals = TerminationSignals();
  int signal = 0;
  while (sigwait(&signals, &signal) == EINTR) {
  }
  return signal;
}

}  // namespace recurve
