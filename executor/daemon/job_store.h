// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_DAEMON_JOB_STORE_H_
#define RECURVE_EXECUTOR_DAEMON_JOB_STORE_H_

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "executor/daemon/admission.h"
#include "executor/daemon/crash_marker.h"
#include "executor/daemon/event_log.h"
#include "executor/job/job_spec.h"
#include "executor/job/training_job.h"
#include "executor/store/job_database.h"
#include "planner_service/access/caller.h"
#include "planner_service/grpc_server/log_entry.h"
#include "planner_service/process/mutex.h"
#include "recurve/executor/v1/executor.pb.h"

namespace recurve {

// A device and its memory in bytes.
struct DeviceBudget {
  std::string name;    // "cpu", "cuda:0"
  int64_t total = 0;   // what it has
  int64_t budget = 0;  // what jobs may use
};

// What the jobs of one owner may take. 0: as much as those of all owners together.
struct JobQuotas {
  int64_t queued = 0;         // waiting jobs; more are refused
  int64_t jobs = 0;           // in any state; more are refused
  int64_t running = 0;        // at the same time; more wait
  int64_t running_bytes = 0;  // of each device, promised at the same time; jobs that would exceed it wait
  double running_share = 0;   // the same as a share of the device's budget, 0 to 1
};

struct JobStoreOptions {
  int64_t max_queued = 100;   // waiting jobs; more are refused
  int64_t max_jobs = 10'000;  // in any state; more are refused
  int64_t max_running = 64;   // at the same time
  JobQuotas per_owner;
  int64_t keep_progress = 1024;     // progress events per job
  int64_t keep_checkpoints = 1024;  // checkpoint and evaluation events per job
  std::vector<DeviceBudget> devices = {{"cpu", kMaxBytes, kMaxBytes}};
  bool resume_jobs = true;     // whether jobs that were started by an earlier daemon continue; else they are PAUSED
  CrashReport crash;           // of the earlier daemon
  std::string jobs_directory;  // of the folders of jobs; empty: jobs write no checkpoints
  std::function<absl::Time()> clock = [] { return absl::Now(); };
  // Called when a job enters (+1) or leaves (-1) a state, with the store locked. Must not call the store.
  std::function<void(executor::v1::JobState, int)> on_state_count = [](executor::v1::JobState, int) {};
  // The same, when a job ends.
  std::function<void(executor::v1::JobState)> on_end = [](executor::v1::JobState) {};
  // The same, when the bytes promised to jobs change, and once for each device at the start.
  std::function<void(const DeviceBudget&, int64_t promised)> on_promise = [](const DeviceBudget&, int64_t) {};
  // The same, when a job is refused because of a quota of its owner, which is "queued", "jobs" or "running_bytes".
  std::function<void(const char* quota)> on_quota_refusal = [](const char*) {};
};

// A job taken from the queue to be run.
struct TakenJob {
  int64_t number = 0;
  std::string id;
  std::string owner;
  JobSpec spec;             // with the memory that it was promised
  std::string traceparent;  // see Job
  LogIds log_ids;
  absl::Duration queue_wait;
  bool has_checkpoint = false;             // there must be one in `checkpoints`
  std::string checkpoints;                 // directory; empty: none
  bool all_free = false;                   // whether the job asked for all free memory
  bool all_allowed = false;                // whether it was promised all that its owner may have of its device
  std::function<RunControl::Stop()> stop;  // thread-safe; outlives the store
};

// What a running job was asked to do, and why.
struct StopRequest {
  enum class Kind : uint8_t { kNone, kRequeue, kPause, kCancel };  // in order of precedence
  Kind kind = Kind::kNone;
  std::string reason;
};

// Notified of the events of a job.
class EventListener {
 public:
  virtual ~EventListener() = default;
  // Called on the thread that caused the event, without locks held, possibly on two threads at once.
  virtual void OnEvent() = 0;
};

// The jobs of a daemon: their states, their events, the queue, and the memory of the devices. All of it is kept in a
// JobDatabase; job messages and the events of jobs that have not ended are also in memory. A change that a client asks
// for, and a change of state, is on disk when the function returns; progress follows within a second. While the disk is
// full, changes stay in memory and are written later. Thread-safe; TakeNext blocks, and changes wait for the disk.
//
//   auto store = JobStore::Open({}, *JobDatabase::Open(path));
//   absl::StatusOr<executor::v1::Job> job = (*store)->Create(request, spec);
//   std::optional<TakenJob> taken = (*store)->TakeNext();   // on the thread that starts jobs; now PLANNING
//   (*store)->SetRunning(taken->id, summary);
//   (*store)->End(taken->id, executor::v1::JOB_STATE_SUCCEEDED, "trained 100 steps", result);
class JobStore {
 public:
  // Takes over the jobs in the database. Jobs that were running are queued again, in the order of their creation, or
  // PAUSED; a job that has taken the daemon down kMostCrashes times in a row has FAILED.
  static constexpr int64_t kMostCrashes = 3;
  static absl::StatusOr<std::unique_ptr<JobStore>> Open(JobStoreOptions options, std::unique_ptr<JobDatabase> database);
  ~JobStore();
  JobStore(const JobStore&) = delete;
  JobStore& operator=(const JobStore&) = delete;

  // For clients. Errors: as documented for the RPC of the same name. Changes that could not be saved have an effect,
  // except for Create, and are saved later, but the error says so. `spec` is the specification with all defaults,
  // `traceparent` as in Job. The owner of the request must be that of the new job (OwnerOfNewJob). Get and List redact
  // the jobs that `caller` does not own, as by Owns; the other methods refuse them. Without a caller, nobody is
  // refused.
  absl::StatusOr<executor::v1::Job> Create(const executor::v1::CreateJobRequest& request,
                                           const executor::v1::JobSpec& spec, const std::string& traceparent = "",
                                           const Caller& caller = {});
  absl::StatusOr<executor::v1::Job> Get(const std::string& id, const Caller& caller = {}) const;
  absl::StatusOr<executor::v1::Job> GetOwn(const std::string& id, const Caller& caller) const;
  absl::StatusOr<executor::v1::ListJobsResponse> List(const executor::v1::ListJobsRequest& request,
                                                      const Caller& caller = {}) const;
  absl::StatusOr<executor::v1::Job> Cancel(const std::string& id, const Caller& caller = {});
  absl::StatusOr<executor::v1::Job> Pause(const std::string& id, const Caller& caller = {});
  absl::StatusOr<executor::v1::Job> Resume(const std::string& id, const Caller& caller = {});
  absl::StatusOr<executor::v1::Job> ChangeMemory(const std::string& id, const executor::v1::ChangeJobMemoryRequest&,
                                                 const Caller& caller = {});
  absl::StatusOr<executor::v1::Job> SetPriority(const std::string& id, int32_t priority, const Caller& caller = {});
  absl::Status Delete(const std::string& id, const Caller& caller = {});
  std::vector<executor::v1::Device> Devices() const;
  // The folder of a job.
  std::string DirectoryOf(const std::string& id) const;
  // The ids of an owner's jobs.
  std::vector<std::string> JobsOf(const std::string& owner) const;

  struct NextEvent {
    std::optional<executor::v1::JobEvent> event;
    bool ended = false;  // no event, and none will follow
  };
  // The first kept event of a job with a sequence number of at least `from`. NOT_FOUND if the job is unknown;
  // UNAVAILABLE if none will follow because the store was shut down.
  absl::StatusOr<NextEvent> EventFrom(const std::string& id, int64_t from) const;
  // Calls `listener` after every further event of the job, until the listener is destroyed or the job has ended.
  // NOT_FOUND if the job is unknown.
  absl::Status Listen(const std::string& id, std::weak_ptr<EventListener> listener);

  // For the thread that starts jobs. Waits until a job can start, moves it to PLANNING and returns it; nothing after
  // ShutDown.
  std::optional<TakenJob> TakeNext();

  // For the threads that run jobs. No effect on a job that has ended.
  //
  // Changes the promise to a job to what its plan needs. CANCELLED if that is not free: the job must stop, and is
  // queued again until it is. FAILED_PRECONDITION if it never can be.
  absl::Status SettleMemory(const std::string& id, int64_t bytes);
  // CANCELLED: the job must stop, and is queued again until `at_least` bytes are free.
  absl::Status WaitForMemory(const std::string& id, int64_t at_least);
  void SetRunning(const std::string& id, const executor::v1::PlanSummary& plan, const std::string& reason);
  void AddProgress(const std::string& id, const executor::v1::Progress& progress);
  void AddCheckpoint(const std::string& id, const CheckpointRecord& record);
  void SetResumed(const std::string& id, int64_t step);  // the step of the checkpoint that the job continues from
  void AddEvaluation(const std::string& id, int64_t step, const executor::v1::Metric& metric);
  void AddNote(const std::string& id, const std::string& note);
  StopRequest StopRequestOf(const std::string& id) const;
  // Ends this run of a job, which is QUEUED again or PAUSED.
  void Leave(const std::string& id, executor::v1::JobState state, const std::string& reason);
  // `state` must be a final state (HasEnded).
  void End(const std::string& id, executor::v1::JobState state, const std::string& reason,
           const std::optional<executor::v1::JobResult>& result = std::nullopt);

  // Refuses new jobs and changes, asks running jobs to write a checkpoint and stop, and ends TakeNext.
  void ShutDown();

 private:
  struct Entry {
    Entry(int64_t job_number, const JobStoreOptions& options)
        : number(job_number), log(options.keep_progress, options.keep_checkpoints) {}
    const int64_t number;
    executor::v1::Job job;
    std::string request_key;  // see RequestKey; empty: the request has no id
    std::string request;      // serialized; emptied once it is on disk
    absl::Time queue_time;
    int64_t crashes = 0;
    int64_t memory_bytes = 0;  // see WaitingJob
    int64_t at_least = 1;
    bool settled = false;   // SettleMemory was called in this run
    bool accepted = false;  // on disk, hence visible
    std::shared_ptr<std::atomic<RunControl::Stop>> stop;
    StopRequest stop_request;
    EventLog log;  // empty if log_on_disk
    bool log_on_disk = false;
    int64_t saved_through = 0;  // sequence number of the last event on disk
    std::vector<std::weak_ptr<EventListener>> listeners;
  };
  using Listeners = std::vector<std::shared_ptr<EventListener>>;
  using Jobs = std::map<int64_t, Entry>;

  JobStore(JobStoreOptions options, std::unique_ptr<JobDatabase> database);
  absl::Status Load();
  absl::Status LoadJob(StoredJob stored) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Recover(Entry& entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void RemoveAbandonedDirectories() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  std::string IdOf(int64_t number) const;
  std::optional<int64_t> NumberOf(const std::string& id) const;
  static absl::Status NotFound(const std::string& id);
  const Entry* Find(const std::string& id) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Entry* Find(const std::string& id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<int64_t> LastOfPage(const executor::v1::ListJobsRequest& request) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Creation.
  struct Entered {
    int64_t number = 0;
    bool known = false;   // an earlier request has the same id
    std::string request;  // that earlier request; empty: on disk
  };
  absl::StatusOr<Entered> Enter(const executor::v1::CreateJobRequest& request, const executor::v1::JobSpec& spec,
                                const std::string& traceparent, const Caller& caller);
  absl::Status CheckRoom(const std::string& owner) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status CheckMemory(const executor::v1::JobSpec& spec) const;
  absl::Status CheckRepeated(const Entered& entered, const executor::v1::CreateJobRequest& request) const;
  bool Withdraw(int64_t number);  // false: it has been saved after all
  absl::StatusOr<executor::v1::Job> Accept(int64_t number);

  // Quotas of owners.
  struct Use {
    int64_t running = 0;  // jobs
    int64_t bytes = 0;    // promised on a device
  };
  // What the jobs of each owner use now, with the bytes of `device`.
  std::map<std::string, Use> UseOn(const DeviceBudget& device) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status CheckQuotaOfQueue(const std::string& owner) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status CheckQuotaOfJobs(const std::string& owner) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The most bytes of a device that may be promised to the jobs of one owner.
  int64_t QuotaOn(const DeviceBudget& device) const;
  // Counts and returns the refusal of a job that needs more than that.
  absl::Status ExceedsQuota(const DeviceBudget& device, int64_t bytes) const;

  // Devices.
  const DeviceBudget* DeviceOf(const std::string& name) const;
  Admission NextOn(const DeviceBudget& device) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  TakenJob Start(const DeviceBudget& device, const Admission& admission, Listeners& listeners)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Promise(Entry& entry, int64_t bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  int64_t PromisedOn(const DeviceBudget& device) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Changes.
  void Append(Entry& entry, executor::v1::JobEvent event) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  static void LogState(const Entry& entry);
  void ChangeState(Entry& entry, executor::v1::JobState state, const std::string& reason)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void EndEntry(Entry& entry, executor::v1::JobState state, const std::string& reason)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AskToStop(Entry& entry, StopRequest::Kind kind, const std::string& reason) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Adds the job's listeners to `listeners` and removes expired ones from the job.
  void CollectListeners(Entry& entry, Listeners& listeners) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Runs `change` on a job that has not ended, with the lock held, and notifies its listeners afterwards.
  void Update(const std::string& id, const std::function<void(Entry&)>& change);
  void AddEvent(const std::string& id, executor::v1::JobEvent event);
  // The same for a client: also saves it, and returns the job.
  absl::StatusOr<executor::v1::Job> Change(const std::string& id, const Caller& caller,
                                           const std::function<absl::Status(Entry&)>& change);

  // Saving.
  absl::Status Save();  // writes all changes; returns once they are on disk
  void SaveOrLog();
  std::vector<JobChange> TakeChanges() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Saved(const std::vector<JobChange>& changes, bool ok) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SaveRegularly();

  const JobStoreOptions options_;
  const std::unique_ptr<JobDatabase> database_;
  const std::string prefix_;  // unique to the ids of this store

  Mutex save_mutex_ ABSL_ACQUIRED_BEFORE(mutex_);  // held while changes are written
  mutable Mutex mutex_;
  std::condition_variable_any queue_changed_;
  std::condition_variable_any saver_wakes_;
  Jobs jobs_ ABSL_GUARDED_BY(mutex_);                  // by number, in order of creation
  std::set<int64_t> unsaved_ ABSL_GUARDED_BY(mutex_);  // numbers of changed jobs
  bool saving_fails_ ABSL_GUARDED_BY(mutex_) = false;
  std::unordered_map<std::string, int64_t> requests_ ABSL_GUARDED_BY(mutex_);  // request key to number
  std::set<int64_t> queue_ ABSL_GUARDED_BY(mutex_);                            // numbers of QUEUED jobs
  std::set<int64_t> entering_ ABSL_GUARDED_BY(mutex_);                         // of those not yet accepted
  std::set<int64_t> running_ ABSL_GUARDED_BY(mutex_);                          // numbers of PLANNING and RUNNING jobs
  int64_t last_number_ ABSL_GUARDED_BY(mutex_) = 0;
  bool shut_down_ ABSL_GUARDED_BY(mutex_) = false;
  bool closing_ ABSL_GUARDED_BY(mutex_) = false;  // ends the saving thread
  std::thread saver_;
};

// Whether a job in this state has ended.
bool HasEnded(executor::v1::JobState state);

// Whether a job in this state runs, or is prepared to.
bool IsActive(executor::v1::JobState state);

// The ids of log entries about a job.
LogIds LogIdsOf(const executor::v1::Job& job);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_DAEMON_JOB_STORE_H_
