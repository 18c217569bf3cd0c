// SPDX-License-Identifier: Apache-2.0
#include "executor/task/language_model/language_model_options.h"

#include <cmath>
#include <numbers>

#include "absl/strings/str_cat.h"
#include "executor/task/language_model/inference.h"
#include "executor/task/language_model/language_model.h"
#include "executor/task/language_model/lines.h"
#include "executor/task/language_model/text_data.h"
#include "planner_service/fields/check_fields.h"
#include "planner_service/fields/json_fields.h"
#include "planner_service/model/training_bytes.h"
#include "planner_service/status/status_macros.h"
#include "planner_service/text/strict_json.h"

namespace recurve {
namespace {

constexpr int64_t kMostTokens = int64_t{1} << 20;

// The description of the model in a model file.
void VisitDescription(std::string& format, ModelConfig& config, FieldVisitor& visitor) {
  visitor.Text({"format"}, format);
  visitor.Count({"vocabulary"}, {1, kMostTokens}, config.vocabulary);
  VisitFields(config, visitor);
}

}  // namespace

Metric BitsPerByte(double bits) { return {.name = "bits_per_byte", .value = bits, .unit = "bits per byte"}; }

void LanguageModelOptions::VisitFields(FieldVisitor& visitor) {
  visitor.Text(
      {.name = "data_path", .help = "file to train on, read as bytes; required", .option = "--data", .kind = "FILE"},
      data_path);
  visitor.Fields({.name = "model", .heading = "Model (byte embedding, stacked recurrent layers, output layer)"}, model);
  visitor.Enum({.name = "sequences",
                .help = "sequences to train on: windows of the continuous text, or single lines",
                .heading = "Data"},
               kSequences, sequences);
  visitor.Real({.name = "holdout",
                .help = "share of the data, at its end, held out for evaluation; 0: none",
                .heading = "Data",
                .notation = Notation::kShare},
               {.least = 0, .most = 0.5}, LanguageModelSpec::holdout);
}

absl::Status LanguageModelOptions::Check() const {
  if (!data_path.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError("data_path is empty; must be the path of the file to train on (--data)");
}

absl::StatusOr<std::unique_ptr<TaskData>> LanguageModelOptions::Open(const InputFiles& inputs,
                                                                     const BatchOptions& batch,
                                                                     const CancelCheck& cancelled) const {
  return TextData::Open(*this, inputs.front(), batch, cancelled);
}

ModelFactory LanguageModelFactory(const ModelConfig& config) {
  return [config](const SequenceShape& shape, TrainableModel::Use use,
                  Backend& backend) -> std::unique_ptr<TrainableModel> {
    return std::make_unique<LanguageModel>(config, shape, use, backend);
  };
}

ModelFactory LanguageModelOptions::Model() const { return LanguageModelFactory(model); }

ParameterLayout LanguageModelOptions::Layout() const { return LanguageModelLayout(model).tensors; }

std::string LanguageModelOptions::Describe() const {
  std::string format(kFormat);
  ModelConfig config = model;
  config.embedding = model.embedding_size();  // explicit, so that readers need not know the default
  return FieldsJson([&](FieldVisitor& visitor) { VisitDescription(format, config, visitor); }).dump();
}

std::string LanguageModelOptions::Title() const {
  return absl::StrCat("byte-level ", std::string(NameOf(kCellTitles, model.cell)), ", ", model.layers,
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
  ASSIGN_OR_RETURN(const Json json, ParseStrictJson<Json>(description));
  auto options = std::make_unique<LanguageModelOptions>();
  std::string format;
  const FieldsFunction fields = [&](FieldVisitor& visitor) { VisitDescription(format, options->model, visitor); };
  JsonReader reader(json, "metadata recurve", /*require_all=*/true);
  fields(reader);
  RETURN_IF_ERROR(reader.End());
  RETURN_IF_ERROR(CheckFields(fields, "metadata recurve."));
  return options;
}

}  // namespace recurve
