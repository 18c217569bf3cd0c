// SPDX-License-Identifier: Apache-2.0
#include "executor/model/model_file.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "executor/data/atomic_file.h"
#include "nlohmann/json.hpp"
#include "planner_service/status/status_macros.h"
#include "planner_service/text/strict_json.h"

namespace recurve {
namespace {

constexpr const char* kMetadataKey = "recurve";
constexpr int64_t kLargestHeader = 16 << 20;       // to inspect
constexpr int64_t kLargestUsualHeader = 64 << 10;  // reserved for the header when checking disk space

// Checks the header's metadata, which identifies files written by Recurve. Reads only the header.
bool LooksLikeAModel(const InputFile& file) {
  uint64_t length = 0;
  if (file.size() < static_cast<int64_t>(sizeof(length)) || !file.Read(0, &length, sizeof(length)).ok()) return false;
  const int64_t rest = file.size() - static_cast<int64_t>(sizeof(length));
  if (length > static_cast<uint64_t>(std::min(rest, kLargestHeader))) return false;
  std::string text(length, '\0');
  if (!file.Read(sizeof(length), text.data(), static_cast<int64_t>(length)).ok()) return false;
  const auto shallow = [](int depth, nlohmann::json::parse_event_t, const nlohmann::json&) { return depth <= 4; };
  const nlohmann::json header = nlohmann::json::parse(text, shallow, /*allow_exceptions=*/false);
  const auto metadata = header.is_object() ? header.find("__metadata__") : header.end();
  return metadata != header.end() && metadata->is_object() && metadata->contains(kMetadataKey);
}

absl::Status CheckReplacesOnlyAModel(const AtomicFile& output, const FilePath& path) {
  const absl::StatusOr<std::unique_ptr<InputFile>> file = output.Replaced();
  if (file.ok() && (*file == nullptr || (*file)->size() == 0 || LooksLikeAModel(**file))) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "cannot save a model as ", path.text, ": the existing file is not a model; give another name, or remove it"));
}

absl::Status CheckFinite(const std::string& path, const std::vector<NamedTensor>& tensors) {
  for (const NamedTensor& tensor : tensors) {
    const auto found =
        std::find_if(tensor.values.begin(), tensor.values.end(), [](float value) { return !std::isfinite(value); });
    if (found == tensor.values.end()) continue;
    return ModelFileError(path, absl::StrCat("tensor ", tensor.name, " has the value ", *found, " at index ",
                                             found - tensor.values.begin(), "; every value must be finite"));
  }
  return absl::OkStatus();
}

// The error of reading `input` as safetensors.
absl::Status AsModelError(const InputFile& input, const absl::Status& error) {
  if (!absl::IsInvalidArgument(error)) return error;
  return absl::InvalidArgumentError(absl::StrCat(input.name(), " is not a model saved by recurve: ", error.message()));
}

// What the metadata says about the model, without its tensors.
absl::StatusOr<ModelFile> DescriptionOf(const InputFile& input, const std::map<std::string, std::string>& metadata) {
  const auto text = metadata.find(kMetadataKey);
  if (text == metadata.end()) {
    return ModelFileError(input.name(), "has no `recurve` metadata, so it was not saved by recurve");
  }
  const absl::StatusOr<nlohmann::json> json = ParseStrictJson<nlohmann::json>(text->second);
  if (!json.ok()) {
    return ModelFileError(input.name(), absl::StrCat("its `recurve` metadata ", json.status().message()));
  }
  if (!json->is_object()) return ModelFileError(input.name(), "its `recurve` metadata is not a JSON object");
  const auto format = json->find("format");
  if (format == json->end() || !format->is_string()) {
    return ModelFileError(input.name(), "metadata recurve.format is missing or not text");
  }
  return ModelFile{.description = text->second, .format = format->get<std::string>()};
}

}  // namespace

absl::Status ModelFileError(const std::string& name, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("model file ", name, ": ", what));
}

absl::Status SaveModel(const FilePath& path, const std::string& description, const Parameters& parameters) {
  ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
  RETURN_IF_ERROR(CheckReplacesOnlyAModel(file, path));
  return WriteSafetensors(std::move(file), {{kMetadataKey, description}}, parameters);
}

absl::Status CheckModelCanBeSaved(const FilePath& path, int64_t parameters) {
  ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
  RETURN_IF_ERROR(CheckReplacesOnlyAModel(file, path));
  return file.CheckRoom(kLargestUsualHeader + parameters * static_cast<int64_t>(sizeof(float)));
}

absl::StatusOr<ModelFile> ReadModelFile(const InputFile& input) {
  absl::StatusOr<Safetensors> file = ReadSafetensors(input);
  if (!file.ok()) return AsModelError(input, file.status());
  ASSIGN_OR_RETURN(ModelFile model, DescriptionOf(input, file->metadata));
  model.tensors = std::move(file->tensors);
  return model;
}

absl::Status CheckModelFile(const InputFile& input) {
  const absl::StatusOr<SafetensorsReader> file = SafetensorsReader::Open(input);
  return file.ok() ? DescriptionOf(input, file->metadata()).status() : AsModelError(input, file.status());
}

absl::StatusOr<Parameters> Arrange(const std::string& path, const ParameterLayout& layout,
                                   std::vector<NamedTensor> tensors) {
  if (tensors.size() != layout.entries().size()) {
    return ModelFileError(path, absl::StrCat("has ", tensors.size(), " tensors, but its configuration requires ",
                                             layout.entries().size()));
  }
  Parameters arranged;
  arranged.reserve(tensors.size());
  for (const ParameterLayout::Entry& entry : layout.entries()) {
    const auto found = std::find_if(tensors.begin(), tensors.end(),
                                    [&](const NamedTensor& tensor) { return tensor.name == entry.name; });
    if (found == tensors.end()) return ModelFileError(path, absl::StrCat("has no tensor ", entry.name));
    if (found->shape != entry.shape) {
      return ModelFileError(path,
                            absl::StrCat("tensor ", entry.name, " has shape [", absl::StrJoin(found->shape, ", "),
                                         "], but its configuration requires [", absl::StrJoin(entry.shape, ", "), "]"));
    }
    arranged.push_back(std::move(*found));
  }
  RETURN_IF_ERROR(CheckFinite(path, arranged));
  return arranged;
}

}  // namespace recurve
