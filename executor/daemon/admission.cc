// SPDX-License-Identifier: Apache-2.0
#include "executor/daemon/admission.h"

#include <algorithm>
#include <tuple>

namespace recurve {
namespace {

int64_t Needed(const WaitingJob& job) { return std::max<int64_t>(job.bytes > 0 ? job.bytes : job.at_least, 1); }

bool Fits(const WaitingJob& job, int64_t free, bool others_run) {
  if (job.alone && others_run) return false;
  return free >= Needed(job);
}

// Whether `a` starts before `b`.
bool IsBefore(const WaitingJob& a, const WaitingJob& b) {
  return std::tuple(-a.priority, a.number) < std::tuple(-b.priority, b.number);
}

// The first job whose owner's quota suffices; null if there is none.
const WaitingJob* First(const std::vector<WaitingJob>& waiting) {
  const WaitingJob* first = nullptr;
  for (const WaitingJob& job : waiting) {
    if (Needed(job) <= job.most && (first == nullptr || IsBefore(job, *first))) first = &job;
  }
  return first;
}

// The running jobs to stop, in addition to those that are stopping already; none if that would not be enough.
std::vector<int64_t> Preempted(const WaitingJob& first, int64_t free, std::vector<RunningJob> running) {
  std::sort(running.begin(), running.end(), [](const RunningJob& a, const RunningJob& b) {
    return std::tuple(!a.stopping, a.priority, -a.number) < std::tuple(!b.stopping, b.priority, -b.number);
  });
  if (std::any_of(running.begin(), running.end(), [](const RunningJob& job) { return job.settling; })) return {};
  std::vector<int64_t> preempted;
  size_t left = running.size();
  for (const RunningJob& job : running) {
    if (!job.stopping && job.priority >= first.priority) return {};
    if (!job.stopping) preempted.push_back(job.number);
    free += job.promised;
    --left;
    if (Fits(first, free, left > 0)) return preempted;
  }
  return {};
}

}  // namespace

Admission Admit(int64_t budget, const std::vector<WaitingJob>& waiting, const std::vector<RunningJob>& running) {
  const WaitingJob* const first = First(waiting);
  if (first == nullptr) return {};
  int64_t free = budget;
  bool taken_alone = false;
  for (const RunningJob& job : running) {
    free -= job.promised;
    taken_alone = taken_alone || job.alone;
  }
  if (!taken_alone && Fits(*first, free, !running.empty())) {
    const int64_t promised = first->bytes > 0 ? first->bytes : std::min(free, first->most);
    return {.start = first->number, .promised = promised, .preempt = {}};
  }
  return {.start = std::nullopt, .promised = 0, .preempt = Preempted(*first, free, running)};
}

}  // namespace recurve
