// SPDX-License-Identifier: Apache-2.0
#include "tests/executor/task/copy/copy_task.h"

#include <cmath>
#include <cstring>
#include <random>

#include "absl/strings/str_cat.h"
#include "executor/model/recurrent_stack.h"

namespace recurve {
namespace {

constexpr uint64_t kHeldOutSeed = 1'000'000;

struct CopyLayout {
  explicit CopyLayout(const ModelConfig& config) : layers(tensors.AddLayers(config, /*input_width=*/1)) {
    output_weight = tensors.Add("output.weight", {config.hidden, 1});
    output_bias = tensors.Add("output.bias", {1});
  }
  ParameterLayout tensors;
  std::vector<ParameterLayout::LayerIndices> layers;
  int output_weight, output_bias;
};

// The numbers of a batch, [T, B].
void Draw(uint64_t seed, int64_t index, const SequenceShape& shape, float* numbers) {
  std::mt19937_64 random(seed * 7919 + static_cast<uint64_t>(index));
  for (int64_t i = 0; i < shape.length * shape.batch; ++i) {
    numbers[i] = static_cast<float>(random() % 2001) / 1000.0f - 1.0f;
  }
}

// CPU only: the host computes the loss.
class CopyModel final : public TrainableModel {
 public:
  CopyModel(const CopySpec& spec, const SequenceShape& shape, Use use, Backend& backend)
      : spec_(spec),
        shape_(shape),
        use_(use),
        backend_(backend),
        layout_(spec.model),
        stack_(spec.model, shape, use == Use::kTraining, backend) {
    Place(needs_);
  }

  const Regions& needs() const override { return needs_; }
  void Bind(Regions regions) override { Place(regions); }
  const ParameterLayout& layout() const override { return layout_.tensors; }
  Parameters InitialParameters(uint64_t seed) const override {
    Parameters parameters = ZeroParameters(layout_.tensors);
    const float bound = 1.0f / std::sqrt(static_cast<float>(spec_.model.hidden));
    for (size_t i = 0; i < parameters.size(); ++i) {
      std::vector<float>& values = parameters[i].values;
      FillUniform(values.data(), values.data() + values.size(), bound, seed, static_cast<uint32_t>(i));
    }
    return parameters;
  }
  float* parameters() override { return parameters_; }
  const float* gradients() const override { return gradients_; }
  const double* loss() const override { return loss_; }
  std::byte* batch() override { return reinterpret_cast<std::byte*>(numbers_); }
  void SetDropoutStream(uint64_t seed, uint64_t step) override { stack_.SetDropoutStream(seed, step); }
  void PrepareWeights() override {
    stack_.Pack();
    backend_.Pack(Packing::kForward, Weight(layout_.layers[0].input_weight), 1, width(), input_);
    backend_.Pack(Packing::kForward, Weight(layout_.output_weight), spec_.model.hidden, 1, output_forward_);
    backend_.Pack(Packing::kBackward, Weight(layout_.output_weight), spec_.model.hidden, 1, output_backward_);
  }
  absl::StatusOr<BatchSize> TakeBatch(const std::byte* host, int64_t /*links*/) override {
    if (host != batch()) std::memcpy(numbers_, host, static_cast<size_t>(needs_.batch.used()));
    return BatchSize{.steps = shape_.length, .predictions = (shape_.length - spec_.lag) * shape_.batch};
  }
  void MakeTrialBatch(std::byte* host) const override { Draw(1, 0, shape_, reinterpret_cast<float*>(host)); }
  void BeginBatch(const BatchSize& size) override {
    scale_ = 2.0f / static_cast<float>(size.predictions);
    *loss_ = 0;
    if (gradients_ != nullptr) backend_.Zero(gradients_, layout_.tensors.block_bytes());
  }
  void EndBatch() override {}

  int64_t links() const override { return shape_.links(); }
  int64_t state_bytes(int64_t state) const override { return stack_.states().bytes() + Unused(state, 3); }
  int64_t tape_bytes(int64_t link) const override { return stack_.tapes().bytes() + Unused(link, 5); }
  int64_t max_state_bytes() const override { return stack_.states().bytes() + Unused(2, 3); }
  int64_t max_tape_bytes() const override { return stack_.tapes().bytes() + Unused(4, 5); }
  bool links_differ() const override { return spec_.links_differ; }
  void Forward(int64_t link, const std::byte* in, std::byte* out, std::byte* tape, bool keep_tape) override {
    const RecurrentStack::Link here{.index = link, .state_in = in, .state_out = out, .tape = tape};
    backend_.LinearForward(rows(link), 1, width(), Numbers(link), input_, Weight(layout_.layers[0].bias),
                           stack_.FirstInput(here), stack_.input_stride());
    stack_.Forward(here, {.projected = stack_.FirstInput(here)}, keep_tape);
    if (use_ == Use::kForwardOnly) Predict(link, stack_.Output(here));
  }
  void Backward(int64_t link, const std::byte* in, const std::byte* out, std::byte* tape,
                std::byte* state_gradient) override {
    const RecurrentStack::Link here{.index = link, .state_in = in, .state_out = out, .tape = tape};
    float* output = stack_.Output(here);
    const int64_t H = spec_.model.hidden;
    Predict(link, output);
    backend_.LinearWeightGradient(rows(link), H, 1, output, predicted_, 1, Gradient(layout_.output_weight),
                                  Gradient(layout_.output_bias));
    backend_.LinearInputGradient(rows(link), H, 1, predicted_, 1, output_backward_, output);
    stack_.Backward(here, state_gradient);
    backend_.LinearWeightGradient(rows(link), 1, width(), Numbers(link), stack_.FirstInputGradient(here),
                                  stack_.input_stride(), Gradient(layout_.layers[0].input_weight),
                                  Gradient(layout_.layers[0].bias));
  }

 private:
  void Place(Regions& regions) {
    parameters_ = regions.weights.Floats(layout_.tensors.block_floats());
    gradients_ = use_ == Use::kTraining ? regions.gradients.Floats(layout_.tensors.block_floats()) : nullptr;
    numbers_ = regions.batch.Floats(shape_.length * shape_.batch);
    loss_ = reinterpret_cast<double*>(regions.workspace.Bytes(sizeof(double)));
    predicted_ = regions.workspace.Floats(shape_.link * shape_.batch);
    input_ = regions.weights.Bytes(backend_.PackedBytes(Packing::kForward, 1, width()));
    output_forward_ = regions.weights.Bytes(backend_.PackedBytes(Packing::kForward, spec_.model.hidden, 1));
    output_backward_ = regions.weights.Bytes(backend_.PackedBytes(Packing::kBackward, spec_.model.hidden, 1));
    stack_.Place(layout_.tensors, layout_.layers, parameters_, gradients_, regions.weights, regions.workspace);
  }
  // Adds the squared errors of a link to the loss, and leaves the gradients of its predictions in predicted_.
  void Predict(int64_t link, const float* output) {
    backend_.LinearForward(rows(link), spec_.model.hidden, 1, output, output_forward_, Weight(layout_.output_bias),
                           predicted_, 1);
    const float* read = Numbers(link);
    for (int64_t row = 0; row < rows(link); ++row) {
      const bool counts = shape_.first_step(link) + row / shape_.batch >= spec_.lag;
      const float error = counts ? predicted_[row] - read[row - spec_.lag * shape_.batch] : 0;
      *loss_ += static_cast<double>(error) * error;
      predicted_[row] = scale_ * error;
    }
  }
  int64_t Unused(int64_t position, int64_t period) const {
    return spec_.links_differ ? position % period * 10 * kAlignment : 0;
  }
  int64_t rows(int64_t link) const { return shape_.steps(link) * shape_.batch; }
  int64_t width() const { return GeometryOf(spec_.model.cell).gates * spec_.model.hidden; }
  const float* Numbers(int64_t link) const { return numbers_ + shape_.first_step(link) * shape_.batch; }
  const float* Weight(int index) const { return parameters_ + layout_.tensors.entries()[index].offset; }
  float* Gradient(int index) const { return gradients_ + layout_.tensors.entries()[index].offset; }

  const CopySpec spec_;
  const SequenceShape shape_;
  const Use use_;
  Backend& backend_;
  const CopyLayout layout_;
  RecurrentStack stack_;
  Regions needs_;
  float *parameters_ = nullptr, *gradients_ = nullptr, *numbers_ = nullptr, *predicted_ = nullptr;
  double* loss_ = nullptr;
  std::byte *input_ = nullptr, *output_forward_ = nullptr, *output_backward_ = nullptr;
  float scale_ = 1;
};

class CopyData final : public TaskData {
 public:
  CopyData(const CopySpec& spec, const BatchOptions& batch) : spec_(spec), batch_(batch), lengths_{batch.length} {}

  DataSummary Summary() const override { return {.unit = "number", .train = 1'000'000, .held_out = batch_.length}; }
  const std::vector<int64_t>& lengths() const override { return lengths_; }
  int64_t HeldBytes() const override { return 0; }
  std::string Change() const override { return ""; }
  bool StartsAfresh(int64_t /*index*/) const override { return true; }
  absl::StatusOr<int64_t> StepsOf(int64_t /*index*/, const CancelCheck& /*cancelled*/) override {
    return batch_.length;
  }
  absl::Status Fill(int64_t index, const HostBatch& batch, const CancelCheck& /*cancelled*/) override {
    Draw(batch_.seed, index, batch.shape, reinterpret_cast<float*>(batch.block));
    return absl::OkStatus();
  }
  bool holds_out() const override { return true; }
  absl::StatusOr<Metric> Evaluate(const Parameters& parameters, Backend& backend, const CancelCheck& /*cancelled*/,
                                  const EvaluationProgress& /*progress*/) const override {
    const SequenceShape shape{.length = batch_.length, .link = batch_.length, .batch = 16};
    CopyModel model(spec_, shape, TrainableModel::Use::kForwardOnly, backend);
    std::vector<std::unique_ptr<DeviceMemory>> memory;
    const auto take = [&](int64_t bytes) {
      memory.push_back(backend.Allocate(bytes).value());
      backend.Zero(memory.back()->data(), bytes);
      return memory.back()->data();
    };
    model.Bind({.weights = Region(take(model.needs().weights.used())),
                .batch = Region(take(model.needs().batch.used())),
                .workspace = Region(take(model.needs().workspace.used()))});
    Upload(parameters, model.layout(), backend, model.parameters());
    model.PrepareWeights();
    Draw(kHeldOutSeed, 0, shape, reinterpret_cast<float*>(model.batch()));
    const BatchSize size = model.TakeBatch(model.batch(), 1).value();
    model.BeginBatch(size);
    std::byte* const start = take(model.max_state_bytes());
    std::byte* const end = take(model.max_state_bytes());
    model.Forward(0, start, end, take(model.max_tape_bytes()), /*keep_tape=*/true);
    return CopyOptions(spec_).MetricOf(*model.loss() / static_cast<double>(size.predictions));
  }

 private:
  const CopySpec spec_;
  const BatchOptions batch_;
  const std::vector<int64_t> lengths_;
};

}  // namespace

void CopyOptions::VisitFields(FieldVisitor& visitor) {
  visitor.Count({.name = "lag", .help = "steps between reading and predicting a number"}, {.least = 1}, lag);
}

absl::StatusOr<std::unique_ptr<TaskData>> CopyOptions::Open(const InputFiles& /*inputs*/, const BatchOptions& batch,
                                                            const CancelCheck& /*cancelled*/) const {
  return std::make_unique<CopyData>(*this, batch);
}

ModelFactory CopyOptions::Model() const {
  const CopySpec spec = *this;
  return [spec](const SequenceShape& shape, TrainableModel::Use use, Backend& backend) {
    return std::make_unique<CopyModel>(spec, shape, use, backend);
  };
}

ParameterLayout CopyOptions::Layout() const { return CopyLayout(model).tensors; }

std::string CopyOptions::Describe() const {
  return absl::StrCat(R"({"format":"copy-1","lag":)", lag, R"(,"hidden":)", model.hidden, "}");
}

}  // namespace recurve
