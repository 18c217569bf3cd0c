// SPDX-License-Identifier: Apache-2.0
//
// Every method of the executor's service, on a complete daemon with small limits. The input is a RpcScript. After each,
// the jobs that it created are listed, cancelled, watched to their end and deleted.
#include <grpcpp/create_channel.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <filesystem>

#include "executor/daemon/executor_daemon.h"
#include "recurve/executor/v1/executor.grpc.pb.h"
#include "tests/fuzz/fuzz_folder.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/rpc_fuzzer.h"

namespace recurve {
namespace {

using executor::v1::ExecutorService;

constexpr int64_t kMiB = 1 << 20;
constexpr std::chrono::seconds kLongest{60};  // until a cancelled job has ended; only a defect reaches it

const RpcMethods& Methods() {
  static const auto& methods = *new RpcMethods(MethodsOf({ExecutorService::service_full_name()}));
  return methods;
}

// Removes the files that inputs may have made, so that they do not become many.
void Empty(const std::string& directory) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(directory, ignored)) {
    std::filesystem::remove_all(entry.path(), ignored);
  }
}

class Executor {
 public:
  Executor() {
    spdlog::set_level(spdlog::level::off);
    std::string text;
    while (text.size() < 4096) text += "To be, or not to be, that is the question:\n";
    std::filesystem::create_directories(folder_.At("data"));
    std::filesystem::create_directories(folder_.At("models"));
    folder_.Write("data/text", text);
    ExecutorDaemonOptions options{.server = {.program = "recurve-executor/fuzz", .metrics_listen = ""},
                                  .state_directory = folder_.At("state"),
                                  .device_memory = {{"cpu", 64 * kMiB}},
                                  .threads = 1,
                                  .data_root = folder_.At("data"),
                                  .model_root = folder_.At("models"),
                                  .max_watchers = 16,
                                  .max_transfers = 2,
                                  .max_upload_bytes = kMiB,
                                  .version = "fuzz"};
    options.store.max_queued = 4;
    options.store.max_jobs = 8;
    options.store.max_running = 2;
    absl::StatusOr<std::unique_ptr<ExecutorDaemon>> daemon = ExecutorDaemon::Start(options);
    FuzzCheck(daemon.ok(), daemon.status().ToString().c_str());
    daemon_ = *std::move(daemon);
    fuzzer_.emplace(Methods(), daemon_->server().address());
    stub_ =
        ExecutorService::NewStub(grpc::CreateChannel(daemon_->server().address(), grpc::InsecureChannelCredentials()));
  }

  void Run(const fuzz::RpcScript& script) {
    fuzzer_->Run(script);
    CleanUp();
  }

 private:
  struct Context : grpc::ClientContext {
    Context() { set_deadline(std::chrono::system_clock::now() + kLongest); }
  };

  void CleanUp() {
    executor::v1::ListJobsResponse jobs;
    Context context;
    const grpc::Status listed = stub_->ListJobs(&context, {}, &jobs);
    FuzzCheck(listed.ok(), "jobs can be listed");
    for (const executor::v1::Job& job : jobs.jobs()) {
      FuzzCheck(!job.id().empty(), "a job has an id");
      End(job.id());
    }
    for (const std::string& directory :
         {daemon_->state_directory() + "/uploads/data", daemon_->state_directory() + "/uploads/models",
          daemon_->state_directory() + "/uploads/partial", folder_.At("models")}) {
      Empty(directory);
    }
  }

  void End(const std::string& id) {
    executor::v1::CancelJobRequest cancel;
    cancel.set_id(id);
    executor::v1::CancelJobResponse cancelled;
    Context cancelling;
    FuzzCheck(stub_->CancelJob(&cancelling, cancel, &cancelled).ok(), "a job can be cancelled");
    executor::v1::WatchJobRequest watch;
    watch.set_id(id);
    Context watching;
    const auto events = stub_->WatchJob(&watching, watch);
    executor::v1::WatchJobResponse event;
    int64_t sequence = 0;
    while (events->Read(&event)) {
      FuzzCheck(event.event().sequence() > sequence, "events have increasing numbers");
      sequence = event.event().sequence();
    }
    const grpc::Status watched = events->Finish();
    FuzzCheck(watched.ok(), ("a cancelled job ends: " + watched.error_message()).c_str());
    executor::v1::DeleteJobRequest remove;
    remove.set_id(id);
    executor::v1::DeleteJobResponse removed;
    Context removing;
    FuzzCheck(stub_->DeleteJob(&removing, remove, &removed).ok(), "a job that has ended can be deleted");
  }

  FuzzFolder folder_;
  std::unique_ptr<ExecutorDaemon> daemon_;
  std::optional<RpcFuzzer> fuzzer_;
  std::unique_ptr<ExecutorService::Stub> stub_;
};

}  // namespace
}  // namespace recurve

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned int seed) {
  return recurve::MutateScript(recurve::Methods(), data, size, max_size, seed);
}

extern "C" size_t LLVMFuzzerCustomCrossOver(const uint8_t* one, size_t one_size, const uint8_t* other,
                                            size_t other_size, uint8_t* out, size_t max_size, unsigned int /*seed*/) {
  return recurve::CrossScripts(one, one_size, other, other_size, out, max_size);
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static recurve::Executor executor;
  recurve::fuzz::RpcScript script;
  if (script.ParseFromArray(data, static_cast<int>(size))) executor.Run(script);
  return 0;
}
