// SPDX-License-Identifier: Apache-2.0
#include "executor/checkpoint/checkpoint_directory.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "executor/data/posix_error.h"
#include "executor/data/sha256.h"
#include "planner_service/fields/check_fields.h"
#include "planner_service/status/status_macros.h"
#include "planner_service/text/strict_json.h"

namespace recurve {
namespace {

namespace fs = std::filesystem;

constexpr char kFormat[] = "recurve-checkpoint";
constexpr char kPrefix[] = "step-";
constexpr char kTemporary[] = ".tmp-";
constexpr char kTensors[] = "tensors.safetensors";
constexpr char kManifest[] = "manifest.json";
constexpr char kSums[] = "SHA256SUMS";
constexpr int64_t kMaxManifestBytes = 64 << 20;

struct FileRecord {
  std::string name;
  int64_t size_bytes = 0;
  std::string sha256;
};

void VisitFields(FileRecord& file, FieldVisitor& visitor) {
  visitor.Text({"name"}, file.name);
  visitor.Count({"size_bytes"}, kNotNegative, file.size_bytes);
  visitor.Text({"sha256"}, file.sha256);
}

// Writes a file, and records its size and digest.
class RecordingWriter {
 public:
  static absl::StatusOr<RecordingWriter> Create(FileSystem& file_system, const std::string& folder,
                                                const std::string& name) {
    ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file, file_system.Create(folder + "/" + name));
    return RecordingWriter(name, std::move(file));
  }

  absl::Status Write(const void* data, int64_t size) {
    sha256_->Add(data, size);
    record_.size_bytes += size;
    return file_->Write(data, size);
  }

  absl::StatusOr<FileRecord> Finish() {
    RETURN_IF_ERROR(file_->Sync());
    record_.sha256 = sha256_->Hex();
    return record_;
  }

 private:
  RecordingWriter(const std::string& name, std::unique_ptr<WritableFile> file)
      : record_{.name = name}, file_(std::move(file)), sha256_(std::make_unique<Sha256>()) {}

  FileRecord record_;
  std::unique_ptr<WritableFile> file_;
  std::unique_ptr<Sha256> sha256_;
};

absl::StatusOr<FileRecord> WriteTensors(FileSystem& file_system, const std::string& folder,
                                        const TensorSource& source) {
  ASSIGN_OR_RETURN(RecordingWriter file, RecordingWriter::Create(file_system, folder, kTensors));
  const std::string preamble = SafetensorsPreamble({{"format", kFormat}}, source.tensors);
  RETURN_IF_ERROR(file.Write(preamble.data(), static_cast<int64_t>(preamble.size())));
  std::vector<float> values;
  for (size_t i = 0; i < source.tensors.size(); ++i) {
    values.resize(static_cast<size_t>(source.tensors[i].elements()));
    source.read(i, values.data());
    RETURN_IF_ERROR(file.Write(values.data(), static_cast<int64_t>(values.size() * sizeof(float))));
  }
  return file.Finish();
}

absl::StatusOr<FileRecord> WriteText(FileSystem& file_system, const std::string& folder, const std::string& name,
                                     const std::string& text) {
  ASSIGN_OR_RETURN(RecordingWriter file, RecordingWriter::Create(file_system, folder, name));
  RETURN_IF_ERROR(file.Write(text.data(), static_cast<int64_t>(text.size())));
  return file.Finish();
}

absl::StatusOr<std::string> ReadText(const std::string& path) {
  ASSIGN_OR_RETURN(const std::unique_ptr<InputFile> file, InputFile::Open(path));
  if (file->size() > kMaxManifestBytes) {
    return absl::DataLossError(absl::StrCat(path, " has ", file->size(), " bytes, too many"));
  }
  std::string text(static_cast<size_t>(file->size()), '\0');
  RETURN_IF_ERROR(file->Read(0, text.data(), file->size()));
  return text;
}

std::string SumLine(const FileRecord& file) { return absl::StrCat(file.sha256, "  ", file.name, "\n"); }

absl::Status Damaged(const std::string& what) { return absl::DataLossError(what); }

absl::StatusOr<Json> ParseObject(const std::string& text) {
  absl::StatusOr<Json> manifest = ParseStrictJson<Json>(text);
  if (!manifest.ok()) return Damaged(absl::StrCat(kManifest, " ", manifest.status().message()));
  if (!manifest->is_object()) return Damaged(absl::StrCat(kManifest, " is not a JSON object"));
  return manifest;
}

// A newer format need not have the other fields.
absl::Status CheckFormat(const Json& manifest) {
  std::string format;
  int64_t version = 0;
  JsonReader reader(manifest, kManifest);
  reader.Text({.name = "format", .required = true}, format);
  reader.Count({.name = "version", .required = true}, {}, version);
  if (format != kFormat || version < 1) return Damaged(absl::StrCat(kManifest, " is not that of a checkpoint"));
  if (version <= CheckpointDirectory::kFormatVersion) return absl::OkStatus();
  return absl::UnimplementedError(absl::StrCat("has format version ", version, ", and this program reads up to ",
                                               CheckpointDirectory::kFormatVersion,
                                               "; use the newer Recurve that wrote it"));
}

struct Manifest {
  int64_t step = 0;
  std::vector<FileRecord> files;
  Json training;
};

absl::StatusOr<Manifest> ParseManifest(const Json& json) {
  RETURN_IF_ERROR(CheckFormat(json));
  Manifest manifest;
  std::string format;
  int64_t version = 0;
  JsonReader reader(json, kManifest, /*require_all=*/true);
  reader.Text({"format"}, format);
  reader.Count({"version"}, {}, version);
  reader.Count({"step"}, kNotNegative, manifest.step);
  reader.Fields({"files"}, {}, manifest.files);
  if (const Json* training = reader.Find("training"); training != nullptr && training->is_object()) {
    manifest.training = *training;
  } else {
    reader.Fail("training", "must be an object");
  }
  if (manifest.files.size() != 1 || manifest.files.front().name != kTensors) {
    reader.Fail("files", absl::StrCat("must have ", kTensors, " and nothing else"));
  }
  if (const absl::Status status = reader.End(); !status.ok()) return Damaged(std::string(status.message()));
  return manifest;
}

absl::Status CheckSize(const InputFile& file, const FileRecord& record) {
  if (file.size() == record.size_bytes) return absl::OkStatus();
  return Damaged(absl::StrCat(record.name, " has ", file.size(), " bytes, but should have ", record.size_bytes));
}

absl::Status CheckFile(const InputFile& file, const FileRecord& record, const StopCheck& stop) {
  RETURN_IF_ERROR(CheckSize(file, record));
  ASSIGN_OR_RETURN(const std::string sha256, Sha256Of(file, stop));
  if (sha256 == record.sha256) return absl::OkStatus();
  return Damaged(absl::StrCat(record.name, " does not have the SHA-256 in its manifest"));
}

struct OpenedCheckpoint {
  Manifest manifest;
  std::unique_ptr<InputFile> tensors;
  int64_t size_bytes = 0;  // of all files
};

// Checks everything but the contents of the tensors.
absl::StatusOr<OpenedCheckpoint> OpenCheckpoint(const std::string& folder, int64_t step) {
  ASSIGN_OR_RETURN(const std::string text, ReadText(folder + "/" + kManifest));
  ASSIGN_OR_RETURN(const std::string sums, ReadText(folder + "/" + kSums));
  const std::string manifest_sum = SumLine({.name = kManifest, .sha256 = Sha256Of(text)});
  if (!absl::StrContains(sums, manifest_sum)) {
    return Damaged(absl::StrCat(kManifest, " does not have the SHA-256 in ", kSums));
  }
  ASSIGN_OR_RETURN(const Json json, ParseObject(text));
  OpenedCheckpoint opened;
  ASSIGN_OR_RETURN(opened.manifest, ParseManifest(json));
  const FileRecord& tensors = opened.manifest.files.front();
  if (sums != SumLine(tensors) + manifest_sum) return Damaged(absl::StrCat(kSums, " does not match ", kManifest));
  if (opened.manifest.step != step) {
    return Damaged(absl::StrCat(kManifest, " is that of step ", opened.manifest.step));
  }
  ASSIGN_OR_RETURN(opened.tensors, InputFile::Open(folder + "/" + kTensors));
  opened.size_bytes = opened.tensors->size() + static_cast<int64_t>(text.size() + sums.size());
  return opened;
}

absl::Status CheckSizes(const std::string& folder, int64_t step) {
  ASSIGN_OR_RETURN(const OpenedCheckpoint opened, OpenCheckpoint(folder, step));
  return CheckSize(*opened.tensors, opened.manifest.files.front());
}

// Adds the size of a file of a checkpoint, and takes over its time if that is later.
void AddFile(const std::string& path, CheckpointSummary& summary) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return;
  if (S_ISREG(info.st_mode)) summary.size_bytes += static_cast<int64_t>(info.st_size);
  summary.written = std::max(summary.written, absl::TimeFromTimespec(info.st_mtim));
}

// Errors that concern one checkpoint only, so that an older one may do.
bool IsDamage(const absl::Status& status) { return !absl::IsCancelled(status) && !absl::IsUnimplemented(status); }

}  // namespace

CheckpointDirectory::CheckpointDirectory(std::string path, int64_t keep, FileSystem& file_system)
    : path_(std::move(path)), keep_(std::max<int64_t>(1, keep)), file_system_(file_system) {}

std::string CheckpointDirectory::FolderOf(int64_t step) { return absl::StrFormat("%s%010d", kPrefix, step); }

absl::StatusOr<std::vector<int64_t>> CheckpointDirectory::Steps() const {
  std::set<int64_t> steps;
  std::error_code error;
  fs::directory_iterator entry(path_, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    int64_t step = 0;
    if (!absl::StartsWith(name, kPrefix) || !absl::SimpleAtoi(name.substr(sizeof(kPrefix) - 1), &step)) continue;
    if (step >= 0 && name == FolderOf(step)) steps.insert(step);
  }
  if (error && error.value() != ENOENT) return PosixError(error.value(), "read directory", path_);
  return std::vector<int64_t>(steps.begin(), steps.end());
}

absl::StatusOr<bool> CheckpointDirectory::HasAny() const {
  ASSIGN_OR_RETURN(const std::vector<int64_t> steps, Steps());
  return !steps.empty();
}

absl::StatusOr<std::vector<CheckpointSummary>> CheckpointDirectory::List() const {
  ASSIGN_OR_RETURN(const std::vector<int64_t> steps, Steps());
  std::vector<CheckpointSummary> summaries;
  for (const int64_t step : steps) {
    CheckpointSummary summary{.step = step, .path = absl::StrCat(path_, "/", FolderOf(step))};
    summary.problem = std::string(CheckSizes(summary.path, step).message());
    for (const char* name : {kTensors, kManifest, kSums}) AddFile(summary.path + "/" + name, summary);
    std::error_code error;
    // Removed meanwhile by the training that writes here.
    if (!summary.problem.empty() && !fs::exists(summary.path, error)) continue;
    summaries.push_back(std::move(summary));
  }
  return summaries;
}

absl::Status CheckpointDirectory::CheckWritable() const {
  std::error_code ignored;
  const std::string place = fs::exists(path_, ignored) ? path_ : Parent();
  if (access((place + "/").c_str(), W_OK | X_OK) == 0) return absl::OkStatus();
  return PosixError(errno, "write checkpoints into", path_);
}

std::string CheckpointDirectory::Parent() const {
  const fs::path parent = (fs::path(path_) / "").parent_path().parent_path();  // "a" of "a/b" and of "a/b/"
  return parent.empty() ? "." : parent.string();
}

absl::StatusOr<int64_t> CheckpointDirectory::Write(int64_t step, const Json& training, const TensorSource& source) {
  if (step == good_step_) return good_bytes_;
  RETURN_IF_ERROR(MakeDirectory());
  RemoveAbandoned();
  const std::string temporary = absl::StrCat(path_, "/", kTemporary, FolderOf(step));
  const std::string folder = absl::StrCat(path_, "/", FolderOf(step));
  RETURN_IF_ERROR(file_system_.MakeDirectory(temporary));
  absl::Cleanup removal = [&] { file_system_.RemoveTree(temporary).IgnoreError(); };
  ASSIGN_OR_RETURN(const int64_t bytes, WriteFolder(temporary, step, training, source));
  RETURN_IF_ERROR(file_system_.RemoveTree(folder));  // a damaged one of this step
  RETURN_IF_ERROR(file_system_.Rename(temporary, folder));
  std::move(removal).Cancel();
  RETURN_IF_ERROR(file_system_.SyncDirectory(path_));
  RemoveOld(std::exchange(good_step_, step), step);
  good_bytes_ = bytes;
  return bytes;
}

// The name of a new directory is durable once its parent is synced.
absl::Status CheckpointDirectory::MakeDirectory() {
  std::error_code ignored;
  made_ = made_ || !fs::exists(path_, ignored);
  RETURN_IF_ERROR(file_system_.MakeDirectory(path_));
  if (!made_) return absl::OkStatus();
  absl::Status status = file_system_.SyncDirectory(Parent());
  if (!status.ok() && !absl::IsPermissionDenied(status)) return status;  // a parent may be unreadable
  made_ = false;
  return absl::OkStatus();
}

absl::StatusOr<int64_t> CheckpointDirectory::WriteFolder(const std::string& folder, int64_t step, const Json& training,
                                                         const TensorSource& source) {
  ASSIGN_OR_RETURN(FileRecord tensors, WriteTensors(file_system_, folder, source));
  const Json manifest = {{"format", kFormat},
                         {"version", kFormatVersion},
                         {"step", step},
                         {"files", Json::array({FieldsJson(tensors)})},
                         {"training", training}};
  const std::string text = manifest.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
  ASSIGN_OR_RETURN(const FileRecord described, WriteText(file_system_, folder, kManifest, text));
  ASSIGN_OR_RETURN(const FileRecord sums,
                   WriteText(file_system_, folder, kSums, SumLine(tensors) + SumLine(described)));
  RETURN_IF_ERROR(file_system_.SyncDirectory(folder));
  return tensors.size_bytes + described.size_bytes + sums.size_bytes;
}

// Left by a killed process.
void CheckpointDirectory::RemoveAbandoned() {
  std::error_code error;
  std::vector<std::string> abandoned;
  fs::directory_iterator entry(path_, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    if (absl::StartsWith(entry->path().filename().string(), kTemporary)) abandoned.push_back(entry->path().string());
  }
  for (const std::string& path : abandoned) file_system_.RemoveTree(path).IgnoreError();
}

// Failures are ignored: the next checkpoint tries again.
void CheckpointDirectory::RemoveOld(int64_t before, int64_t step) {
  const absl::StatusOr<std::vector<int64_t>> steps = Steps();
  if (!steps.ok()) return;
  int64_t kept = 0;
  for (auto found = steps->rbegin(); found != steps->rend(); ++found) {
    const bool damaged = before >= 0 && *found > before && *found < step;  // or its writing was reported as failed
    if (*found <= step && !damaged && ++kept <= keep_) continue;
    file_system_.RemoveTree(absl::StrCat(path_, "/", FolderOf(*found))).IgnoreError();
  }
}

absl::StatusOr<LoadedCheckpoint> CheckpointDirectory::LoadStep(int64_t step, const StopCheck& stop) const {
  LoadedCheckpoint loaded{.step = step, .path = absl::StrCat(path_, "/", FolderOf(step))};
  ASSIGN_OR_RETURN(OpenedCheckpoint opened, OpenCheckpoint(loaded.path, step));
  loaded.file = std::move(opened.tensors);
  RETURN_IF_ERROR(CheckFile(*loaded.file, opened.manifest.files.front(), stop));
  ASSIGN_OR_RETURN(SafetensorsReader tensors, SafetensorsReader::Open(*loaded.file));
  loaded.tensors = std::move(tensors);
  loaded.training = std::move(opened.manifest.training);
  loaded.size_bytes = opened.size_bytes;
  return loaded;
}

absl::StatusOr<LoadedCheckpoint> CheckpointDirectory::Load(const StopCheck& stop) {
  ASSIGN_OR_RETURN(std::vector<int64_t> steps, Steps());
  std::vector<std::string> damaged;
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    absl::StatusOr<LoadedCheckpoint> loaded = LoadStep(*step, stop);
    if (loaded.ok()) {
      loaded->damaged = std::move(damaged);
      good_step_ = *step;
      good_bytes_ = loaded->size_bytes;
      return loaded;
    }
    const std::string why = absl::StrCat("checkpoint ", path_, "/", FolderOf(*step), ": ", loaded.status().message());
    if (!IsDamage(loaded.status())) return absl::Status(loaded.status().code(), why);
    damaged.push_back(why);
  }
  if (damaged.empty()) return absl::NotFoundError(absl::StrCat(path_, " has no checkpoint"));
  return absl::DataLossError(absl::StrCat("no checkpoint can be used: ", absl::StrJoin(damaged, "; ")));
}

}  // namespace recurve
