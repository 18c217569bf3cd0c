// SPDX-License-Identifier: Apache-2.0
#include "executor/task/language_model/language_model_options.h"

#include <cmath>
#include <numbers>
#include <optional>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "executor/task/language_model/inference.h"
#include "executor/task/language_model/language_model.h"
#include "executor/task/language_model/lines.h"
#include "executor/task/language_model/text_data.h"
#include "nlohmann/json.hpp"
#include "planner_service/model/training_bytes.h"
#include "planner_service/status/status_macros.h"
#include "planner_service/text/strict_json.h"

namespace recurve {
namespace {

constexpr int64_t kMaxExtent = int64_t{1} << 20;

std::string ConfigToJson(const ModelConfig& config) {
  return nlohmann::json{{"format", std::string(LanguageModelOptions::kFormat)},
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

absl::StatusOr<int64_t> ReadExtent(const nlohmann::json& json, const char* field) {
  const auto found = json.find(field);
  if (found == json.end() || !found->is_number_integer()) {
    return absl::InvalidArgumentError(absl::StrCat("metadata recurve.", field, " is missing or not an integer"));
  }
  const auto value = found->get<int64_t>();
  if (value < 1 || value > kMaxExtent) {
    return absl::InvalidArgumentError(
        absl::StrCat("metadata recurve.", field, " is ", value, ", must be 1..", kMaxExtent));
  }
  return value;
}

absl::StatusOr<double> ReadRate(const nlohmann::json& json, const char* field) {
  const auto found = json.find(field);
  if (found == json.end() || !found->is_number()) {
    return absl::InvalidArgumentError(absl::StrCat("metadata recurve.", field, " is missing or not a number"));
  }
  const auto rate = found->get<double>();
  if (!(rate >= 0 && rate < 1)) {
    return absl::InvalidArgumentError(absl::StrCat("metadata recurve.", field, " is ", rate, ", must be in [0, 1)"));
  }
  return rate;
}

absl::StatusOr<ModelConfig> ConfigFromJson(const nlohmann::json& json) {
  ModelConfig config;
  const std::pair<const char*, int64_t*> extents[] = {{"vocabulary", &config.vocabulary},
                                                      {"layers", &config.layers},
                                                      {"hidden", &config.hidden},
                                                      {"embedding", &config.embedding}};
  for (const auto& [field, value] : extents) {
    ASSIGN_OR_RETURN(const int64_t extent, ReadExtent(json, field));
    *value = extent;
  }
  const auto cell = json.find("cell");
  const std::optional<Cell> known =
      cell != json.end() && cell->is_string() ? ParseCell(cell->get<std::string>()) : std::nullopt;
  if (!known) return absl::InvalidArgumentError("metadata recurve.cell is missing or not a known cell");
  config.cell = *known;
  for (const auto& [field, value] : {std::pair("residual", &config.residual), {"layer_norm", &config.layer_norm}}) {
    const auto found = json.find(field);
    if (found == json.end() || !found->is_boolean()) {
      return absl::InvalidArgumentError(absl::StrCat("metadata recurve.", field, " is missing or not a boolean"));
    }
    *value = found->get<bool>();
  }
  for (const auto& [field, value] :
       {std::pair("dropout", &config.dropout), {"recurrent_dropout", &config.recurrent_dropout}}) {
    ASSIGN_OR_RETURN(const double rate, ReadRate(json, field));
    *value = rate;
  }
  return config;
}

const char* CellTitle(Cell cell) {
  switch (cell) {
    case Cell::kLstm:
      return "LSTM";
    case Cell::kGru:
      return "GRU";
    case Cell::kGruResetBefore:
      return "GRU with the reset gate before the product";
    case Cell::kTanhRnn:
      return "tanh RNN";
    case Cell::kReluRnn:
      return "ReLU RNN";
    case Cell::kSlstm:
      return "sLSTM";
  }
  return "unknown cell";
}

Metric BitsPerByte(double bits) { return {.name = "bits_per_byte", .value = bits, .unit = "bits per byte"}; }

}  // namespace

void LanguageModelOptions::VisitFields(FieldVisitor& visitor) {
  visitor.Text(
      {.name = "data_path", .help = "file to train on, read as bytes; required", .option = "--data", .kind = "FILE"},
      data_path);
  visitor.Real({.name = "holdout",
                .help = "last part of the data, held out for evaluation; 0: none",
                .notation = Notation::kShare},
               {.least = 0, .most = 0.5}, LanguageModelSpec::holdout);
  visitor.Enum({"sequences", "what a sequence is: a window of the continuous text, or a single line"}, kSequences,
               sequences);
}

absl::Status LanguageModelOptions::Check() const {
  if (data_path.empty()) return absl::InvalidArgumentError("data is empty, must be the path of the file to train on");
  const double share = LanguageModelSpec::holdout;
  if (!(share >= 0 && share <= 0.5)) {
    return absl::InvalidArgumentError(absl::StrCat("holdout is ", 100 * share, "%, must be 0% to 50%"));
  }
  const std::tuple<const char*, int64_t, int64_t, int64_t> counts[] = {{"layers", model.layers, 1, kMaxLayers},
                                                                       {"hidden", model.hidden, 1, kMaxWidth},
                                                                       {"embedding", model.embedding, 0, kMaxWidth}};
  for (const auto& [field, value, least, most] : counts) {
    if (value >= least && value <= most) continue;
    return absl::InvalidArgumentError(absl::StrCat(field, " is ", value, ", must be ", least, "..", most));
  }
  for (const auto& [field, rate] :
       {std::pair("dropout", model.dropout), {"recurrent_dropout", model.recurrent_dropout}}) {
    if (rate >= 0 && rate < 1) continue;
    return absl::InvalidArgumentError(absl::StrCat(field, " is ", rate, ", must be in [0, 1)"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<TaskData>> LanguageModelOptions::Open(const BatchOptions& batch,
                                                                     const CancelCheck& cancelled) const {
  return TextData::Open(*this, batch, cancelled);
}

ModelFactory LanguageModelFactory(const ModelConfig& config) {
  return [config](const SequenceShape& shape, TrainableModel::Use use,
                  Backend& backend) -> std::unique_ptr<TrainableModel> {
    return std::make_unique<LanguageModel>(config, shape, use, backend);
  };
}

ModelFactory LanguageModelOptions::Model() const { return LanguageModelFactory(model); }

ParameterLayout LanguageModelOptions::Layout() const { return LanguageModelLayout(model).tensors; }

std::string LanguageModelOptions::Describe() const { return ConfigToJson(model); }

std::string LanguageModelOptions::Title() const {
  return absl::StrCat("byte-level ", CellTitle(model.cell), ", ", model.layers,
                      model.layers == 1 ? " layer of " : " layers of ", model.hidden);
}

// The multiply-adds of the recurrent product.
int64_t LanguageModelOptions::StepOperations(int64_t batch) const {
  return batch * model.hidden * GeometryOf(model.cell).gates * model.hidden;
}

absl::Status LanguageModelOptions::CheckCountable(int64_t length, int64_t batch) const {
  return recurve::CheckCountable(model, length, batch);
}

int64_t LanguageModelOptions::EvaluationBytes(Backend& backend) const {
  return recurve::EvaluationBytes(model, backend);
}

Metric LanguageModelOptions::MetricOf(double loss) const { return BitsPerByte(loss / std::numbers::ln2); }

absl::StatusOr<Metric> LanguageModelOptions::EvaluateFile(const Parameters& parameters, const InputFile& file,
                                                          double share, Backend& backend, const CancelCheck& cancelled,
                                                          const EvaluationProgress& progress) const {
  RETURN_IF_ERROR(CheckText(file));
  const Text text = Text(file).Last(static_cast<int64_t>(std::ceil(share * static_cast<double>(file.size()))));
  if (ragged()) {
    ASSIGN_OR_RETURN(const Lines lines, Lines::Find(text, text.size() + 1, cancelled));
    RETURN_IF_ERROR(lines.CheckLineEnds());
  }
  ASSIGN_OR_RETURN(const double bits, EvaluateText({model, parameters}, text, sequences, backend, cancelled, progress));
  return BitsPerByte(bits);
}

absl::Status LanguageModelOptions::Sample(const Parameters& parameters, const SampleOptions& options, Backend& backend,
                                          const std::function<bool(char)>& emit) const {
  return recurve::Sample({model, parameters}, options, backend, emit);
}

std::unique_ptr<TaskOptions> MakeLanguageModelOptions() { return std::make_unique<LanguageModelOptions>(); }

absl::StatusOr<std::unique_ptr<TaskOptions>> ParseLanguageModelOptions(const std::string& description) {
  ASSIGN_OR_RETURN(const nlohmann::json json, ParseStrictJson<nlohmann::json>(description));
  auto options = std::make_unique<LanguageModelOptions>();
  ASSIGN_OR_RETURN(options->model, ConfigFromJson(json));
  return options;
}

}  // namespace recurve
