// SPDX-License-Identifier: Apache-2.0
//
// download and upload.
#include <cstdio>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "client/cli/commands.h"
#include "client/cli/executor_option.h"
#include "client/cli/file_upload.h"
#include "client/cli/json.h"
#include "client/cli/option_values.h"
#include "client/executor_client.h"
#include "client/file_transfer.h"
#include "executor/job/training_job.h"
#include "planner_service/text/printable.h"
#include "planner_service/text/units.h"

namespace recurve {
namespace {

namespace v1 = executor::v1;

constexpr char kDownloadFooter[] = R"(
Example:
  recurve download 3f2a --output book.safetensors --executor node7:7402

Gets the model that the job saved. The file appears once it is complete and its SHA-256 is right; until then its bytes
are in FILE.download, and after an interruption the same command continues there.)";

constexpr char kUploadFooter[] = R"(
Examples:
  recurve upload book.txt --executor node7:7402
      prints the path of the file on the daemon's machine, for `recurve submit --data`
  recurve upload book.safetensors --model
  recurve submit --data book.txt --upload --memory 5%       both at once

After an interruption, the same command continues where it ended. A file of the same name is replaced once the new one
is complete and its SHA-256 is right.)";

struct TransferOptions {
  ServiceOption executor;
  std::string id;
  std::string path;
  bool model = false;
  bool json = false;
};

Json FileJson(const std::string& path, const v1::FileDescription& file) {
  return {{"path", path}, {"size_bytes", file.size_bytes()}, {"sha256", file.sha256()}};
}

ExitStatus RunDownload(const TransferOptions& options) {
  if (options.path.empty()) return Fail(ExitStatus::kUsage, "--output is missing; give the file to write");
  if (options.path == "-") {
    return Fail(ExitStatus::kUsage, "--output is \"-\"; must be a file, which is complete or absent");
  }
  JobSpec saved;  // replaces only a model, as `train --save` does
  saved.save_path = options.path;
  if (absl::Status status = CheckJobFiles(saved, ""); !status.ok()) {
    return Fail(status, absl::IsInvalidArgument(status) ? ExitStatus::kUsage : ExitStatus::kFailed);
  }
  ExecutorClient executor({.target = options.executor.target, .tls = options.executor.tls});
  absl::StatusOr<v1::FileDescription> file;
  {
    TransferLine line("downloaded");
    file = DownloadModelFile(executor, options.id, options.path, line.progress());
  }
  if (!file.ok()) return Fail(file.status());
  if (options.json) {
    PrintJson(FileJson(options.path, *file));
  } else {
    std::printf("saved %s, %s, sha256 %s\n", Printable(options.path).c_str(),
                FormatBytesRounded(file->size_bytes()).c_str(), Printable(file->sha256()).c_str());
  }
  return ExitStatus::kDone;
}

ExitStatus RunUpload(const TransferOptions& options) {
  ExecutorClient executor({.target = options.executor.target, .tls = options.executor.tls});
  const FilePurpose purpose = options.model ? FilePurpose::kModel : FilePurpose::kData;
  const absl::StatusOr<UploadedFile> file = UploadFromPath(executor, purpose, options.path);
  if (!file.ok()) return Fail(file.status());
  if (options.json) {
    PrintJson(FileJson(file->path, file->description));
  } else {
    std::printf("%s\n", Printable(file->path).c_str());
  }
  return ExitStatus::kDone;
}

}  // namespace

Command AddDownloadCommand(const Section& section) {
  CLI::App& download =
      AddCommand(section, "download", "get the model of a job from an executor daemon", kDownloadFooter);
  auto options = std::make_shared<TransferOptions>();
  AddPositional(download, "id", options->id, "the job's id, as printed by submit", "ID");
  AddExecutorOption(download, options->executor);
  AddText(download, "--output", options->path, "file to write; an existing one must be a model", "FILE");
  AddFlag(download, "--json", options->json, "print one JSON object: path, size and SHA-256");
  return {&download, [options] { return RunDownload(*options); }};
}

Command AddUploadCommand(const Section& section) {
  CLI::App& upload = AddCommand(
      section, "upload", "send a data or model file to an executor daemon; prints its path there", kUploadFooter);
  auto options = std::make_shared<TransferOptions>();
  AddPositional(upload, "file", options->path, "the file to send", "FILE");
  AddExecutorOption(upload, options->executor);
  AddFlag(upload, "--model", options->model, "the file is a model, not data");
  AddFlag(upload, "--json", options->json, "print one JSON object: path there, size and SHA-256");
  return {&upload, [options] { return RunUpload(*options); }};
}

}  // namespace recurve
