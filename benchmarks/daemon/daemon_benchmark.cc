// SPDX-License-Identifier: Apache-2.0
//
// daemon_benchmark: what the executor daemon's calls cost while it keeps its jobs on disk, and what it holds in memory.
#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "benchmarks/daemon/daemon_calls.h"
#include "benchmarks/daemon/daemon_process.h"
#include "benchmarks/daemon/figures.h"
#include "benchmarks/daemon/stored_jobs.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

namespace fs = std::filesystem;

// The medians that the daemon should not exceed, in seconds.
constexpr double kCreateTarget = 0.005;
constexpr double kListTarget = 0.020;
constexpr double kMetricsTarget = 0.050;
constexpr int kClients = 8;
constexpr int kListRounds = 100;
constexpr int kPage = 100;

struct Options {
  std::string executor;
  std::string directory;
  std::string json;
  int calls = 400;
  int stored = 5000;
  int run = 2000;
  int at_once = 4;
};

// A model so small that a step takes well under a millisecond.
executor::v1::JobSpec SmallSpec(const std::string& data) {
  executor::v1::JobSpec spec;
  spec.mutable_language_model()->set_data_path(data);
  spec.mutable_language_model()->mutable_model()->set_hidden(8);
  spec.set_batch(2);
  spec.set_length(16);
  spec.set_steps(2);
  spec.set_activation_share(0.5);
  spec.set_threads(1);
  return spec;
}

// A job that trains on one thread for as long as the benchmark takes, in steps of about a second.
executor::v1::JobSpec LongSpec(const std::string& data) {
  executor::v1::JobSpec spec = SmallSpec(data);
  spec.mutable_language_model()->mutable_model()->set_hidden(128);
  spec.set_batch(16);
  spec.set_length(2000);
  spec.set_steps(1'000'000);
  return spec;
}

// The phases, each with a daemon and a state directory of its own.
class DaemonBenchmark {
 public:
  DaemonBenchmark(const Options& options, const fs::path& folder)
      : options_(options), folder_(folder), data_((folder / "text").string()) {
    std::ofstream text(data_);
    for (int i = 0; i < 2000; ++i) text << "In the beginning God created the heaven and the earth. ";
  }

  absl::Status Run() {
    RETURN_IF_ERROR(TimeCreation());
    RETURN_IF_ERROR(RunJobs());
    return TimeStored();
  }

  const nlohmann::json& rows() const { return rows_; }
  const nlohmann::json& memory() const { return memory_; }

 private:
  absl::StatusOr<std::unique_ptr<DaemonProcess>> Start(const std::string& name, int max_running) const {
    return DaemonProcess::Start(
        options_.executor, (folder_ / name).string(),
        {"--max-running", absl::StrCat(max_running), "--max-queued", "100000", "--max-jobs", "100000"});
  }

  // A long job keeps all others in the queue.
  absl::Status TimeCreation() {
    ASSIGN_OR_RETURN(const std::unique_ptr<DaemonProcess> daemon, Start("creation", 1));
    DaemonCalls calls(daemon->target());
    RETURN_IF_ERROR(calls.CreateJob(LongSpec(data_)).status());
    RETURN_IF_ERROR(TimeCreationAgainstDisk(calls));
    ASSIGN_OR_RETURN(const std::vector<double> seconds,
                     CreateJobs(daemon->target(), SmallSpec(data_), kClients, options_.calls / kClients));
    rows_.push_back(Row(absl::StrCat("CreateJob, ", kClients, " clients at once"), seconds, kCreateTarget));
    return daemon->Stop();
  }

  // Alternates with what any durable change costs at least, because the speed of a shared disk changes.
  absl::Status TimeCreationAgainstDisk(DaemonCalls& calls) {
    const int fd = open((folder_ / "disk").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    const std::string page(4096, 'x');
    const auto append = [&] {
      if (write(fd, page.data(), page.size()) == static_cast<ssize_t>(page.size()) && fdatasync(fd) == 0) {
        return absl::OkStatus();
      }
      return absl::ErrnoToStatus(errno, "cannot write in the directory");
    };
    std::vector<double> disk;
    std::vector<double> creation;
    absl::Status status;
    for (int i = 0; i < options_.calls && status.ok(); ++i) {
      status.Update(Time(1, append, disk));
      status.Update(Time(
          1, [&] { return calls.CreateJob(SmallSpec(data_)).status(); }, creation));
    }
    if (fd >= 0) close(fd);
    RETURN_IF_ERROR(status);
    rows_.push_back(Row("the disk alone: append 4 KiB, fdatasync", disk));
    rows_.push_back(Row("CreateJob, 1 client, alternating with the disk", creation, kCreateTarget));
    return absl::OkStatus();
  }

  // Jobs that really run; keeps one as an example.
  absl::Status RunJobs() {
    ASSIGN_OR_RETURN(const std::unique_ptr<DaemonProcess> daemon, Start("running", options_.at_once));
    DaemonCalls calls(daemon->target());
    int done = 0;
    for (const int until : {0, options_.run / 10, options_.run / 2, options_.run}) {
      RETURN_IF_ERROR(CreateJobs(daemon->target(), SmallSpec(data_), kClients, (until - done) / kClients).status());
      done += (until - done) / kClients * kClients;
      RETURN_IF_ERROR(calls.WaitUntilIdle());
      const ProcessMemory memory = daemon->Memory();
      memory_["after"].push_back({{"jobs", done},
                                  {"resident_bytes", memory.resident_bytes},
                                  {"anonymous_bytes", memory.anonymous_bytes},
                                  {"threads", memory.threads},
                                  {"metrics_bytes", daemon->Scrape().size()}});
    }
    executor::v1::ListJobsRequest newest;
    newest.set_newest_first(true);
    newest.set_page_size(1);
    ASSIGN_OR_RETURN(const executor::v1::ListJobsResponse page, calls.ListJobs(newest));
    example_.job = page.jobs(0);
    if (example_.job.state() != executor::v1::JOB_STATE_SUCCEEDED) {
      return absl::InternalError(absl::StrCat("a job did not succeed: ", example_.job.reason()));
    }
    ASSIGN_OR_RETURN(example_.events, calls.WatchJob(example_.job.id()));
    memory_["job_message_bytes"] = example_.job.ByteSizeLong();
    memory_["job_message_bytes_in_memory"] = example_.job.SpaceUsedLong();
    return daemon->Stop();
  }

  absl::Status TimeStored() {
    RETURN_IF_ERROR(FillStore((folder_ / "stored").string(), example_, options_.stored));
    std::vector<double> starts;
    std::unique_ptr<DaemonProcess> daemon;
    for (int i = 0; i < 3; ++i) {
      if (daemon != nullptr) RETURN_IF_ERROR(daemon->Stop());
      ASSIGN_OR_RETURN(daemon, Start("stored", 1));
      starts.push_back(daemon->start_seconds());
    }
    rows_.push_back(Row("start of the daemon", starts));
    memory_["resident_bytes_with_stored_jobs"] = daemon->Memory().resident_bytes;
    DaemonCalls calls(daemon->target());
    RETURN_IF_ERROR(TimeLists(calls));
    executor::v1::ListJobsRequest first;
    ASSIGN_OR_RETURN(const executor::v1::ListJobsResponse page, calls.ListJobs(first));
    const std::string id = page.jobs(0).id();
    RETURN_IF_ERROR(TimeRow("GetJob", 0, [&] { return calls.GetJob(id).status(); }));
    RETURN_IF_ERROR(TimeRow(absl::StrCat("WatchJob of an ended job, ", kEventsPerJob, " events"), 0,
                            [&] { return calls.WatchJob(id).status(); }));
    RETURN_IF_ERROR(TimeRow("/metrics", kMetricsTarget, [&] {
      return daemon->Scrape().empty() ? absl::UnavailableError("/metrics does not answer") : absl::OkStatus();
    }));
    return daemon->Stop();
  }

  absl::Status TimeLists(DaemonCalls& calls) {
    executor::v1::ListJobsRequest request;
    request.set_page_size(kPage);
    request.set_newest_first(true);
    const auto list = [&] { return calls.ListJobs(request).status(); };
    RETURN_IF_ERROR(TimeRow("ListJobs, the newest 100", kListTarget, list));
    (*request.mutable_labels())["team"] = "0";
    RETURN_IF_ERROR(TimeRow("ListJobs, the newest 100 with a label of 1 in 10", kListTarget, list));
    (*request.mutable_labels())["team"] = "none";
    return TimeRow("ListJobs, a label that no job has", kListTarget, list);
  }

  absl::Status TimeRow(const std::string& what, double target, absl::FunctionRef<absl::Status()> call) {
    std::vector<double> seconds;
    RETURN_IF_ERROR(Time(kListRounds, call, seconds));
    rows_.push_back(Row(what, seconds, target));
    return absl::OkStatus();
  }

  const Options options_;
  const fs::path folder_;
  const std::string data_;
  EndedJob example_;
  nlohmann::json rows_ = nlohmann::json::array();
  nlohmann::json memory_;
};

void PrintMemory(const nlohmann::json& memory) {
  std::printf("\n%12s %13s %14s %8s %15s\n", "jobs done", "resident MiB", "anonymous MiB", "threads", "/metrics bytes");
  for (const nlohmann::json& row : memory["after"]) {
    std::printf("%12d %13.1f %14.1f %8d %15d\n", row["jobs"].get<int>(),
                row["resident_bytes"].get<double>() / (1 << 20), row["anonymous_bytes"].get<double>() / (1 << 20),
                row["threads"].get<int>(), row["metrics_bytes"].get<int>());
  }
  std::printf("message of a job: %d bytes, %d in memory; daemon with the stored jobs: %.1f MiB resident\n",
              memory["job_message_bytes"].get<int>(), memory["job_message_bytes_in_memory"].get<int>(),
              memory["resident_bytes_with_stored_jobs"].get<double>() / (1 << 20));
}

absl::Status Measure(const Options& options) {
  std::error_code error;
  std::string name = (fs::path(options.directory) / "recurve_daemon_benchmark_XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot create a folder in ", options.directory));
  }
  DaemonBenchmark benchmark(options, name);
  const absl::Status status = benchmark.Run();
  if (!status.ok()) return absl::Status(status.code(), absl::StrCat(status.message(), " (see ", name, ")"));
  fs::remove_all(name, error);
  PrintRows(benchmark.rows());
  PrintMemory(benchmark.memory());
  if (options.json.empty()) return absl::OkStatus();
  const nlohmann::json report = {
      {"stored_jobs", options.stored}, {"rows", benchmark.rows()}, {"memory", benchmark.memory()}};
  std::ofstream file(options.json);
  file << report.dump() << "\n";
  return file.flush() ? absl::OkStatus() : absl::UnavailableError(absl::StrCat("cannot write ", options.json));
}

int Main(int argc, char** argv) {
  Options options;
  options.executor = (fs::canonical("/proc/self/exe").parent_path() / "recurve-executor").string();
  options.directory = fs::temp_directory_path().string();
  CLI::App app(
      "Measures an executor daemon over gRPC: the creation of jobs, calls with many jobs in its store, and its memory\n"
      "while small jobs run. Takes about a minute.");
  app.add_option("--executor", options.executor, "The recurve-executor to measure")
      ->type_name("FILE")
      ->capture_default_str();
  app.add_option("--directory", options.directory, "Where to put the state directories; choose a disk, not a tmpfs")
      ->type_name("DIR")
      ->capture_default_str();
  app.add_option("--json", options.json, "Also write the figures to FILE, as one JSON object")->type_name("FILE");
  app.add_option("--calls", options.calls, "Calls of CreateJob per row")
      ->check(CLI::Range(kClients, 10'000))
      ->capture_default_str();
  app.add_option("--stored", options.stored, "Ended jobs in the store")
      ->check(CLI::Range(1, 50'000))
      ->capture_default_str();
  app.add_option("--run", options.run, "Jobs that run")->check(CLI::Range(80, 50'000))->capture_default_str();
  app.add_option("--at-once", options.at_once, "Jobs that run at the same time")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  setenv("RECURVE_CACHE", "", 1);  // the daemons measure link costs themselves
  if (const absl::Status status = Measure(options); !status.ok()) {
    std::cerr << "daemon_benchmark: " << status.message() << "\n";
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace recurve

int main(int argc, char** argv) { return recurve::Main(argc, argv); }
