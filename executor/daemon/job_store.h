// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_DAEMON_JOB_STORE_H_
#define RECURVE_EXECUTOR_DAEMON_JOB_STORE_H_

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "executor/daemon/event_log.h"
#include "executor/job/job_spec.h"
#include "executor/job/training_job.h"
#include "planner_service/planning/planner.h"
#include "planner_service/process/mutex.h"
#include "recurve/executor/v1/executor.pb.h"

namespace recurve {

struct JobStoreOptions {
  int64_t max_queued = 100;         // waiting jobs; more are refused
  int64_t keep_jobs = 200;          // ended jobs; the oldest are forgotten first
  int64_t keep_progress = 1024;     // progress events per job
  int64_t keep_checkpoints = 1024;  // checkpoint and evaluation events per job
  std::function<absl::Time()> clock = [] { return absl::Now(); };
  // Called when a job enters (+1) or leaves (-1) a state, with the store locked. Must not call the store.
  std::function<void(executor::v1::JobState, int)> on_state_count = [](executor::v1::JobState, int) {};
};

// A job taken from the queue to be run.
struct TakenJob {
  std::string id;
  JobSpec spec;
  absl::Duration queue_wait;
  CancelCheck cancelled;  // thread-safe; outlives the store
};

// Notified of the events of a job.
class EventListener {
 public:
  virtual ~EventListener() = default;
  // Called on the thread that caused the event, without locks held, possibly on two threads at once.
  virtual void OnEvent() = 0;
};

// The jobs of a daemon: their states, their events, and the queue. In bounded memory. Thread-safe; only TakeNext
// blocks. Changes to a job that has ended or was forgotten have no effect.
//
//   JobStore store({});
//   absl::StatusOr<executor::v1::Job> job = store.Create("my-request", message, *DecodeJobSpec(message));
//   std::optional<TakenJob> taken = store.TakeNext();   // on the thread that runs jobs; now PLANNING
//   store.SetRunning(taken->id, summary);
//   store.End(taken->id, executor::v1::JOB_STATE_SUCCEEDED, "trained 100 steps", result);
class JobStore {
 public:
  explicit JobStore(JobStoreOptions options);
  JobStore(const JobStore&) = delete;
  JobStore& operator=(const JobStore&) = delete;

  // For clients. Errors: as documented for the RPC of the same name.
  absl::StatusOr<executor::v1::Job> Create(const std::string& request_id, const executor::v1::JobSpec& message,
                                           const JobSpec& spec);
  absl::StatusOr<executor::v1::Job> Get(const std::string& id) const;
  absl::StatusOr<executor::v1::ListJobsResponse> List(const executor::v1::ListJobsRequest& request) const;
  absl::StatusOr<executor::v1::Job> Cancel(const std::string& id);

  struct NextEvent {
    std::optional<executor::v1::JobEvent> event;
    bool ended = false;  // no event, and none will follow
  };
  // The first kept event of a job with a sequence number of at least `from`. NOT_FOUND if the job is unknown.
  absl::StatusOr<NextEvent> EventFrom(const std::string& id, int64_t from) const;
  // Calls `listener` after every further event of the job, until the listener is destroyed or the job has ended.
  // NOT_FOUND if the job is unknown.
  absl::Status Listen(const std::string& id, std::weak_ptr<EventListener> listener);

  // For the single thread that runs jobs. Waits for a job, moves it to PLANNING and returns it; nothing after ShutDown.
  std::optional<TakenJob> TakeNext();
  void SetRunning(const std::string& id, const executor::v1::PlanSummary& plan, const std::string& reason);
  void AddProgress(const std::string& id, const executor::v1::Progress& progress);
  void AddCheckpoint(const std::string& id, const CheckpointRecord& record);
  void AddEvaluation(const std::string& id, int64_t step, const executor::v1::Metric& metric);
  void AddNote(const std::string& id, const std::string& note);
  // `state` must be a final state (HasEnded).
  void End(const std::string& id, executor::v1::JobState state, const std::string& reason,
           const std::optional<executor::v1::JobResult>& result = std::nullopt);
  // Why the job was asked to stop; empty if it was not.
  std::string CancelReason(const std::string& id) const;

  // Refuses new jobs, cancels queued ones, asks the running one to stop, and ends TakeNext.
  void ShutDown();

 private:
  struct Entry {
    Entry(int64_t keep_progress, int64_t keep_checkpoints) : log(keep_progress, keep_checkpoints) {}
    executor::v1::Job job;
    JobSpec spec;
    std::string request_id;
    absl::Time create_time;
    std::shared_ptr<std::atomic<bool>> cancelled = std::make_shared<std::atomic<bool>>(false);
    std::string cancel_reason;
    EventLog log;
    std::vector<std::weak_ptr<EventListener>> listeners;
  };
  using Listeners = std::vector<std::shared_ptr<EventListener>>;

  std::string IdOf(int64_t number) const;
  std::optional<int64_t> NumberOf(const std::string& id) const;
  absl::Status NotFound(const std::string& id) const;
  const Entry* Find(const std::string& id) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Entry* Find(const std::string& id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<int64_t> FirstOfPage(const executor::v1::ListJobsRequest& request) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Append(Entry& entry, executor::v1::JobEvent event) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ChangeState(Entry& entry, executor::v1::JobState state, const std::string& reason)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void EndEntry(Entry& entry, executor::v1::JobState state, const std::string& reason)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AskToStop(Entry& entry, const std::string& reason) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ForgetOldest() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Adds the job's listeners to `listeners` and removes expired ones from the job.
  void CollectListeners(Entry& entry, Listeners& listeners) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Runs `change` on a job that has not ended, with the lock held, and notifies its listeners afterwards.
  void Update(const std::string& id, const std::function<void(Entry&)>& change);
  void AddEvent(const std::string& id, executor::v1::JobEvent event);

  const JobStoreOptions options_;
  const std::string prefix_;  // unique to the ids of this store

  mutable Mutex mutex_;
  std::condition_variable_any queue_changed_;
  std::map<int64_t, Entry> jobs_ ABSL_GUARDED_BY(mutex_);                      // by number, in order of creation
  std::unordered_map<std::string, int64_t> requests_ ABSL_GUARDED_BY(mutex_);  // request id to number
  std::deque<int64_t> queue_ ABSL_GUARDED_BY(mutex_);                          // numbers
  std::deque<int64_t> ended_ ABSL_GUARDED_BY(mutex_);                          // numbers, in order of ending
  int64_t last_number_ ABSL_GUARDED_BY(mutex_) = 0;
  bool shut_down_ ABSL_GUARDED_BY(mutex_) = false;
};

// Whether a job in this state has ended.
bool HasEnded(executor::v1::JobState state);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_DAEMON_JOB_STORE_H_
