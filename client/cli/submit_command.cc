// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/cli/commands.h"
#include "client/cli/executor_option.h"
#include "client/cli/file_upload.h"
#include "client/cli/input_arguments.h"
#include "client/cli/job_messages.h"
#include "client/cli/job_options.h"
#include "client/cli/job_watch.h"
#include "client/cli/json.h"
#include "client/cli/labels.h"
#include "client/cli/option_values.h"
#include "client/executor_client.h"
#include "executor/codec/job_codec.h"
#include "planner_service/status/status_macros.h"
#include "planner_service/text/printable.h"

namespace recurve {
namespace {

constexpr char kSubmitFooter[] = R"(
Examples:
  recurve submit --executor node7:7402 --data /data/book.txt --memory 64MiB --steps 600 --save /models/book.safetensors
      prints the job's id; `recurve watch ID --executor node7:7402` follows it
  recurve submit --data book.txt --memory 5% --save book.safetensors --watch
  recurve submit --executor node7:7402 --data texts/book.txt --save book.safetensors --relative-to-roots
      paths relative to the daemon's --data-root and --model-root
  recurve submit --data book.txt --upload --memory free --name night --label team=speech --priority 10
      sends book.txt first; `recurve download ID` gets the model if --save names a file there

Paths are on the daemon's machine, which resolves symbolic links and "..". Relative paths start in this command's
working directory or, with --relative-to-roots, in the daemon's roots.

The job belongs to the trace of the environment variable TRACEPARENT (W3C Trace Context), or to a new one if that is
unset or invalid. --json and `recurve jobs --json` print the trace id, which the logs of both daemons have.)";

struct SubmitOptions {
  ServiceOption executor;
  JobSpec job;
  std::string request_id, name, owner;
  std::vector<std::string> labels;
  int64_t priority = 0;
  bool relative_to_roots = false;
  bool upload = false;
  bool watch = false;
  bool json = false;
};

// Prepends the working directory without normalizing: what ".." resolves to depends on symbolic links on the daemon's
// machine.
absl::Status MakeAbsolute(const char* option, std::string& path) {
  if (path.empty() || std::filesystem::path(path).is_absolute()) return absl::OkStatus();
  std::error_code error;
  const std::filesystem::path here = std::filesystem::current_path(error);
  if (error) {
    return absl::InvalidArgumentError(absl::StrCat(option, " ", path,
                                                   " is relative to a directory that no longer exists (",
                                                   error.message(), "); give an absolute path"));
  }
  path = (here / path).string();
  return absl::OkStatus();
}

// Checks what can be checked here, and makes paths independent of the working directory.
absl::Status CheckSubmission(const SubmitOptions& options, JobSpec& spec) {
  RETURN_IF_ERROR(CheckInputArguments(spec));
  RETURN_IF_ERROR(CheckJobSpec(spec));
  if (!options.relative_to_roots) {
    RETURN_IF_ERROR(MakeAbsolute("--save", spec.save_path));
    for (const TaskOptions::Input& input : spec.task->Inputs()) {
      if (!options.upload) RETURN_IF_ERROR(MakeAbsolute(input.option, *input.path));
    }
  }
  // Messages carry only UTF-8. The command line has been checked; the working directory has not.
  std::vector<std::string> paths = {spec.save_path};
  for (const TaskOptions::Input& input : spec.task->Inputs()) paths.push_back(*input.path);
  for (const std::string& path : paths) {
    if (IsUtf8(path)) continue;
    return absl::InvalidArgumentError(absl::StrCat("the working directory is not UTF-8, which makes ", path,
                                                   " invalid; give absolute paths in UTF-8"));
  }
  return absl::OkStatus();
}

// Replaces the paths of the job's data by those of the files on the daemon's machine.
absl::Status UploadInputs(ExecutorClient& executor, JobSpec& spec) {
  for (const TaskOptions::Input& input : spec.task->Inputs()) {
    if (input.path->empty()) continue;
    ASSIGN_OR_RETURN(const UploadedFile file,
                     UploadFromPath(executor, FilePurpose::kData, *input.path, /*unique_name=*/true));
    *input.path = file.path;
  }
  return absl::OkStatus();
}

executor::v1::CreateJobRequest SubmitRequest(const SubmitOptions& options, const JobSpec& spec,
                                             const std::map<std::string, std::string>& labels) {
  executor::v1::CreateJobRequest request;
  request.set_request_id(options.request_id);
  *request.mutable_spec() = EncodeJobSpec(spec);
  request.set_display_name(options.name);
  for (const auto& [key, value] : labels) (*request.mutable_labels())[key] = value;
  request.set_owner(options.owner);
  request.set_priority(static_cast<int32_t>(options.priority));
  return request;
}

ExitStatus RunSubmit(const SubmitOptions& options) {
  JobSpec spec = options.job;
  if (absl::Status wrong = CheckSubmission(options, spec); !wrong.ok()) return Fail(wrong, ExitStatus::kUsage);
  const absl::StatusOr<std::map<std::string, std::string>> labels = ParseLabels(options.labels);
  if (!labels.ok()) return Fail(labels.status(), ExitStatus::kUsage);
  ExecutorClient executor({.target = options.executor.target, .tls = options.executor.tls});
  if (options.upload) {
    if (absl::Status status = UploadInputs(executor, spec); !status.ok()) return Fail(status);
  }
  const absl::StatusOr<executor::v1::Job> job = executor.CreateJob(SubmitRequest(options, spec, *labels));
  if (!job.ok()) return Fail(job.status());
  if (options.json) {
    PrintJson(JobJson(*job));
  } else {
    std::printf("%s\n", Printable(job->id()).c_str());
    std::fflush(stdout);
  }
  return options.watch ? WatchUntilEnd(executor, {.id = job->id(), .json = options.json}) : ExitStatus::kDone;
}

}  // namespace

Command AddSubmitCommand(const Section& section) {
  CLI::App& submit =
      AddCommand(section, "submit", "submit a training job to an executor daemon; prints its id", kSubmitFooter);
  auto options = std::make_shared<SubmitOptions>();
  AddExecutorOption(submit, options->executor);
  AddText(submit, "--request-id", options->request_id, "repeating an id returns the same job instead of a second one",
          "ID");
  AddText(submit, "--name", options->name, "a name for display, at most 128 characters", "NAME");
  AddTexts(submit, "--label", options->labels, "for the filters of `recurve jobs`; may be repeated", "KEY=VALUE");
  AddText(submit, "--owner", options->owner,
          "who the job belongs to, for administrators; default: you, or nobody if the daemon asks for no identity",
          "NAME");
  AddCount(submit, "--priority", options->priority,
           "jobs of higher priority start first, and preempt running ones of lower priority; -1000 to 1000, "
           "above 0 only by administrators where the daemon knows its callers",
           {-kMostPriority, kMostPriority});
  AddFlag(submit, "--upload", options->upload,
          "--data is a file on this machine: send it to the daemon first, and train on it there");
  AddFlag(submit, "--relative-to-roots", options->relative_to_roots,
          "relative paths start in the daemon's --data-root and --model-root");
  AddFlag(submit, "--watch", options->watch, "follow the job until it ends");
  AddFlag(submit, "--json", options->json, "print one JSON object: the job");
  AddJobOptions(submit, options->job);
  return {&submit, [options] { return RunSubmit(*options); }};
}

}  // namespace recurve
