// SPDX-License-Identifier: Apache-2.0
//
// What a daemon finds in its state directory: the database, the report of a crash, and unfinished uploads. The first
// byte of the input chooses which.
#include <filesystem>
#include <string>

#include "absl/strings/str_replace.h"
#include "executor/daemon/crash_marker.h"
#include "executor/daemon/job_store.h"
#include "executor/store/job_database.h"
#include "executor/transfers/upload_store.h"
#include "tests/fuzz/fuzz_folder.h"
#include "tests/fuzz/fuzz_target.h"

namespace recurve {
namespace {

absl::StatusOr<std::unique_ptr<JobStore>> OpenStore(const FuzzFolder& folder, const std::string& path) {
  absl::StatusOr<std::unique_ptr<JobDatabase>> database = JobDatabase::Open(path);
  if (!database.ok()) return database.status();
  JobStoreOptions options;
  options.jobs_directory = folder.At("jobs");
  return JobStore::Open(std::move(options), *std::move(database));
}

void OpenDatabase(const FuzzFolder& folder, const std::string& bytes) {
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(folder.At("jobs.sqlite") + suffix);
  const std::string path = folder.Write("jobs.sqlite", bytes);
  {
    const absl::StatusOr<std::unique_ptr<JobStore>> store = OpenStore(folder, path);
    if (!FuzzRead(store.status())) return;
    executor::v1::ListJobsRequest request;
    const absl::StatusOr<executor::v1::ListJobsResponse> jobs = (*store)->List(request);
    FuzzCheck(jobs.ok(), "the jobs of an opened store can be listed");
    for (const executor::v1::Job& job : jobs->jobs()) {
      FuzzCheck(!job.id().empty() && (*store)->Get(job.id()).ok(), "a listed job can be found");
      FuzzRead((*store)->EventFrom(job.id(), 0).status());
      FuzzRead((*store)->Cancel(job.id()).status());
      FuzzRead((*store)->Delete(job.id()));
    }
    (*store)->ShutDown();
  }
  FuzzRead(OpenStore(folder, path).status());
}

void ReadCrash(const FuzzFolder& folder, const std::string& text) {
  const CrashReport report = ReadCrashReport(folder.Write("crashes", text));
  FuzzCheck(report.suspects.empty() || *report.suspects.begin() > 0, "the numbers of jobs are positive");
  FuzzCheck(report.suspects.empty() || report.fault, "only a fault has suspects");
  fuzz_accepted += report.fault ? 1 : 0;
}

// The name of a partial upload, its content, and the name of another entry.
void OpenUploads(const FuzzFolder& folder, const std::string& text) {
  const std::vector<std::string> parts = Sections(text, 3);
  std::filesystem::remove_all(folder.At("uploads"));
  std::filesystem::create_directories(folder.At("uploads/partial"));
  const auto name = [](const std::string& part) {
    return absl::StrReplaceAll(part.substr(0, 200), {{"/", "_"}, {std::string(1, '\0'), "_"}});
  };
  folder.Write("uploads/partial/" + name(parts[0]), parts[1]);
  folder.Write("uploads/partial/" + name(parts[2]), parts[1]);
  UploadStoreOptions options;
  options.directory = folder.At("uploads");
  const auto store = UploadStore::Open(options);
  if (!FuzzRead(store.status())) return;
  executor::v1::FileDescription file;
  file.set_name("text");
  file.set_sha256(parts[0].substr(0, 64));
  file.set_size_bytes(16);
  const absl::StatusOr<int64_t> received = (*store)->Received(file);
  if (!FuzzRead(received.status())) return;
  const auto upload = (*store)->Begin(file, UploadKind::kData, *received);
  FuzzRead(upload.status());
}

}  // namespace
}  // namespace recurve

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const recurve::FuzzFolder folder;
  if (size == 0) return 0;
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      recurve::ReadCrash(folder, bytes);
      break;
    case 1:
      recurve::OpenUploads(folder, bytes);
      break;
    default:
      recurve::OpenDatabase(folder, bytes);
  }
  return 0;
}
