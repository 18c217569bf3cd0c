// SPDX-License-Identifier: Apache-2.0
#include "executor/model/model_file.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "executor/model/parameters.h"
#include "nlohmann/json.hpp"
#include "planner_service/status/status_macros.h"
#include "planner_service/text/strict_json.h"

namespace recurve {
namespace {

constexpr const char* kMetadataKey = "recurve";
constexpr const char* kFormat = "byte-rnn-1";  // what the parameters mean; a reader refuses any other
constexpr int64_t kMaxExtent = int64_t{1} << 20;
constexpr int64_t kLargestHeader = 16 << 20;       // that is looked at
constexpr int64_t kLargestUsualHeader = 64 << 10;  // room for one when space is checked

absl::Status FileError(const std::string& path, std::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("model file ", path, ": ", absl::string_view(what.data(), what.size())));
}

std::string ConfigToJson(const ModelConfig& config) {
  return nlohmann::json{{"format", kFormat},
                        {"vocabulary", config.vocabulary},
                        {"cell", std::string(ToString(config.cell))},
                        {"layers", config.layers},
                        {"hidden", config.hidden},
                        {"embedding", config.embedding_size()},
                        {"residual", config.residual},
                        {"layer_norm", config.layer_norm},
                        {"dropout", config.dropout},
                        {"recurrent_dropout", config.recurrent_dropout}}
      .dump();
}

absl::StatusOr<int64_t> ReadExtent(const std::string& path, const nlohmann::json& json, const char* field) {
  const auto found = json.find(field);
  if (found == json.end() || !found->is_number_integer()) {
    return FileError(path, absl::StrCat("metadata recurve.", field, " is missing or no whole number"));
  }
  const auto value = found->get<int64_t>();
  if (value < 1 || value > kMaxExtent) {
    return FileError(path, absl::StrCat("metadata recurve.", field, " is ", value, ", must be 1..", kMaxExtent));
  }
  return value;
}

absl::StatusOr<double> ReadRate(const std::string& path, const nlohmann::json& json, const char* field) {
  const auto found = json.find(field);
  if (found == json.end() || !found->is_number()) {
    return FileError(path, absl::StrCat("metadata recurve.", field, " is missing or no number"));
  }
  const auto rate = found->get<double>();
  if (!(rate >= 0 && rate < 1)) {
    return FileError(path, absl::StrCat("metadata recurve.", field, " is ", rate, ", must be in [0, 1)"));
  }
  return rate;
}

absl::StatusOr<ModelConfig> ConfigFromMetadata(const std::string& path, const Safetensors& file) {
  const auto text = file.metadata.find(kMetadataKey);
  if (text == file.metadata.end()) return FileError(path, "has no `recurve` metadata; it was not saved by recurve");
  const absl::StatusOr<nlohmann::json> parsed = ParseStrictJson<nlohmann::json>(text->second);
  if (!parsed.ok()) return FileError(path, absl::StrCat("its `recurve` metadata ", parsed.status().message()));
  if (!parsed->is_object()) return FileError(path, "its `recurve` metadata is no JSON object");
  const nlohmann::json& json = *parsed;
  const auto format = json.find("format");
  if (format == json.end() || *format != kFormat) {
    return FileError(path,
                     absl::StrCat("metadata recurve.format is not \"", kFormat, "\", the only one that is known"));
  }
  ModelConfig config;
  const std::pair<const char*, int64_t*> extents[] = {{"vocabulary", &config.vocabulary},
                                                      {"layers", &config.layers},
                                                      {"hidden", &config.hidden},
                                                      {"embedding", &config.embedding}};
  for (const auto& [field, value] : extents) {
    ASSIGN_OR_RETURN(const int64_t extent, ReadExtent(path, json, field));
    *value = extent;
  }
  const auto cell = json.find("cell");
  const std::optional<Cell> known =
      cell != json.end() && cell->is_string() ? ParseCell(cell->get<std::string>()) : std::nullopt;
  if (!known) return FileError(path, "metadata recurve.cell is missing or names no cell that is known");
  config.cell = *known;
  for (const auto& [field, value] : {std::pair("residual", &config.residual), {"layer_norm", &config.layer_norm}}) {
    const auto found = json.find(field);
    if (found == json.end() || !found->is_boolean()) {
      return FileError(path, absl::StrCat("metadata recurve.", field, " is missing or neither true nor false"));
    }
    *value = found->get<bool>();
  }
  for (const auto& [field, value] :
       {std::pair("dropout", &config.dropout), {"recurrent_dropout", &config.recurrent_dropout}}) {
    ASSIGN_OR_RETURN(const double rate, ReadRate(path, json, field));
    *value = rate;
  }
  return config;
}

// The tensors in the order of the layout: a file written by another program may have them in any.
absl::StatusOr<std::vector<NamedTensor>> Arrange(const std::string& path, const ModelConfig& config,
                                                 std::vector<NamedTensor> tensors) {
  const ParameterLayout layout(config);
  if (tensors.size() != layout.entries().size()) {
    return FileError(
        path, absl::StrCat("has ", tensors.size(), " tensors, its configuration says ", layout.entries().size()));
  }
  std::vector<NamedTensor> arranged;
  arranged.reserve(tensors.size());
  for (const ParameterLayout::Entry& entry : layout.entries()) {
    const auto found = std::find_if(tensors.begin(), tensors.end(),
                                    [&](const NamedTensor& tensor) { return tensor.name == entry.name; });
    if (found == tensors.end()) return FileError(path, absl::StrCat("has no tensor ", entry.name));
    if (found->shape != entry.shape) {
      return FileError(path, absl::StrCat("tensor ", entry.name, " has shape [", absl::StrJoin(found->shape, ", "),
                                          "], its configuration says [", absl::StrJoin(entry.shape, ", "), "]"));
    }
    arranged.push_back(std::move(*found));
  }
  return arranged;
}

// What Recurve wrote says so in the metadata of its header. Only the header is read.
bool LooksLikeAModel(std::ifstream& file, int64_t size) {
  uint64_t length = 0;
  file.read(reinterpret_cast<char*>(&length), sizeof(length));
  if (!file || length > static_cast<uint64_t>(std::min(size, kLargestHeader))) return false;
  std::string text(length, '\0');
  file.read(text.data(), static_cast<std::streamsize>(length));
  const auto shallow = [](int depth, nlohmann::json::parse_event_t, const nlohmann::json&) { return depth <= 4; };
  const nlohmann::json header = nlohmann::json::parse(text, shallow, /*allow_exceptions=*/false);
  const auto metadata = header.is_object() ? header.find("__metadata__") : header.end();
  return metadata != header.end() && metadata->is_object() && metadata->contains(kMetadataKey);
}

absl::Status CheckIsNoOtherFile(const std::string& path) {
  std::error_code error;
  const bool regular = std::filesystem::is_regular_file(path, error);
  const uintmax_t size = regular ? std::filesystem::file_size(path, error) : 0;
  if (!regular || error || size == 0) return absl::OkStatus();
  std::ifstream file(path, std::ios::binary);
  if (file && LooksLikeAModel(file, static_cast<int64_t>(size))) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "cannot save a model as ", path, ": there is a file that is no model; give another name, or remove it"));
}

absl::Status CheckFinite(const std::string& path, const std::vector<NamedTensor>& tensors) {
  for (const NamedTensor& tensor : tensors) {
    const auto found =
        std::find_if(tensor.values.begin(), tensor.values.end(), [](float value) { return !std::isfinite(value); });
    if (found == tensor.values.end()) continue;
    return FileError(path, absl::StrCat("tensor ", tensor.name, " has the value ", *found, " at index ",
                                        found - tensor.values.begin(), "; every value must be finite"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status SaveModel(const std::string& path, const Model& model, AtomicFile::Links links) {
  RETURN_IF_ERROR(CheckIsNoOtherFile(path));
  return WriteSafetensors(path, {{kMetadataKey, ConfigToJson(model.config)}}, model.parameters, links);
}

absl::Status CheckModelCanBeSaved(const std::string& path, const ModelConfig& config, AtomicFile::Links links) {
  ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path, links));
  RETURN_IF_ERROR(CheckIsNoOtherFile(path));
  return file.CheckRoom(kLargestUsualHeader + ParameterLayout(config).count() * static_cast<int64_t>(sizeof(float)));
}

absl::StatusOr<Model> LoadModel(const InputFile& input) {
  absl::StatusOr<Safetensors> file = ReadSafetensors(input);
  if (absl::IsInvalidArgument(file.status())) {
    return absl::InvalidArgumentError(
        absl::StrCat(input.name(), " is no model that recurve saved: ", file.status().message()));
  }
  if (!file.ok()) return file.status();
  ASSIGN_OR_RETURN(const ModelConfig config, ConfigFromMetadata(input.name(), *file));
  ASSIGN_OR_RETURN(std::vector<NamedTensor> parameters, Arrange(input.name(), config, std::move(file->tensors)));
  RETURN_IF_ERROR(CheckFinite(input.name(), parameters));
  return Model{.config = config, .parameters = std::move(parameters)};
}

absl::StatusOr<Model> LoadModel(const std::string& path) {
  const absl::StatusOr<std::unique_ptr<InputFile>> file = InputFile::Open(path);
  return file.ok() ? LoadModel(**file) : file.status();
}

}  // namespace recurve
