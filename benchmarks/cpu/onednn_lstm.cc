// SPDX-License-Identifier: Apache-2.0
//
// onednn_lstm BATCH HIDDEN INPUT LENGTH
//
// Forward and backward of oneDNN's LSTM primitive (version 3), with the weights reordered to its preferred layout in
// each pass, because they change between passes. A contestant of benchmarks/rnn/comparison.py; `tape_bytes` is the size
// of the primitive's workspace. OpenMP determines the number of threads.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

#include "oneapi/dnnl/dnnl.hpp"

namespace {

using dnnl::memory;
using Arguments = std::unordered_map<int, memory>;
using Tag = memory::format_tag;

struct Shape {
  int64_t batch, hidden, input, length;
};

memory::desc Floats(const memory::dims& dims, Tag tag) { return {dims, memory::data_type::f32, tag}; }

class Lstm {
 public:
  explicit Lstm(const Shape& s)
      : engine_(dnnl::engine::kind::cpu, 0),
        stream_(engine_),
        x_(Random(Floats({s.length, s.batch, s.input}, Tag::tnc))),
        y_(Random(Floats({s.length, s.batch, s.hidden}, Tag::tnc))),
        dy_(Random(Floats({s.length, s.batch, s.hidden}, Tag::tnc))),
        w_input_(Random(Floats({1, 1, s.input, 4, s.hidden}, Tag::ldigo))),
        w_recurrent_(Random(Floats({1, 1, s.hidden, 4, s.hidden}, Tag::ldigo))),
        bias_(Random(Floats({1, 1, 4, s.hidden}, Tag::ldgo))) {
    const auto kind = dnnl::prop_kind::forward_training;
    const auto direction = dnnl::rnn_direction::unidirectional_left2right;
    const auto any_input = Floats({1, 1, s.input, 4, s.hidden}, Tag::any);
    const auto any_recurrent = Floats({1, 1, s.hidden, 4, s.hidden}, Tag::any);
    const memory::desc none;
    const dnnl::lstm_forward::primitive_desc forward(engine_, kind, direction, x_.get_desc(), none, none, any_input,
                                                     any_recurrent, bias_.get_desc(), y_.get_desc(), none, none);
    const dnnl::lstm_backward::primitive_desc backward(
        engine_, dnnl::prop_kind::backward, direction, x_.get_desc(), none, none, any_input, any_recurrent,
        bias_.get_desc(), y_.get_desc(), none, none, x_.get_desc(), none, none, any_input, any_recurrent,
        bias_.get_desc(), y_.get_desc(), none, none, forward);
    workspace_ = memory(forward.workspace_desc(), engine_);
    forward_ = dnnl::lstm_forward(forward);
    backward_ = dnnl::lstm_backward(backward);
    forward_arguments_ = {{DNNL_ARG_SRC_LAYER, x_},
                          {DNNL_ARG_WEIGHTS_LAYER, memory(forward.weights_layer_desc(), engine_)},
                          {DNNL_ARG_WEIGHTS_ITER, memory(forward.weights_iter_desc(), engine_)},
                          {DNNL_ARG_BIAS, bias_},
                          {DNNL_ARG_DST_LAYER, y_},
                          {DNNL_ARG_WORKSPACE, workspace_}};
    backward_arguments_ = forward_arguments_;
    backward_arguments_[DNNL_ARG_WEIGHTS_LAYER] = memory(backward.weights_layer_desc(), engine_);
    backward_arguments_[DNNL_ARG_WEIGHTS_ITER] = memory(backward.weights_iter_desc(), engine_);
    backward_arguments_[DNNL_ARG_DIFF_SRC_LAYER] = memory(x_.get_desc(), engine_);
    backward_arguments_[DNNL_ARG_DIFF_WEIGHTS_LAYER] = memory(backward.diff_weights_layer_desc(), engine_);
    backward_arguments_[DNNL_ARG_DIFF_WEIGHTS_ITER] = memory(backward.diff_weights_iter_desc(), engine_);
    backward_arguments_[DNNL_ARG_DIFF_BIAS] = memory(bias_.get_desc(), engine_);
    backward_arguments_[DNNL_ARG_DIFF_DST_LAYER] = dy_;
  }

  double Run() {
    const auto begin = std::chrono::steady_clock::now();
    ReorderWeights(forward_arguments_);
    forward_.execute(stream_, forward_arguments_);
    ReorderWeights(backward_arguments_);
    for (const int gradient : {DNNL_ARG_DIFF_WEIGHTS_LAYER, DNNL_ARG_DIFF_WEIGHTS_ITER, DNNL_ARG_DIFF_BIAS}) {
      memory& m = backward_arguments_[gradient];  // accumulates into existing values
      std::fill_n(static_cast<char*>(m.get_data_handle()), m.get_desc().get_size(), 0);
    }
    backward_.execute(stream_, backward_arguments_);
    stream_.wait();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  }

  size_t workspace_bytes() const { return workspace_.get_desc().get_size(); }

 private:
  memory Random(const memory::desc& desc) {
    memory result(desc, engine_);
    auto* values = static_cast<float*>(result.get_data_handle());
    std::mt19937 random(1);
    std::uniform_real_distribution<float> uniform(-0.05f, 0.05f);
    std::generate_n(values, desc.get_size() / sizeof(float), [&] { return uniform(random); });
    return result;
  }

  void ReorderWeights(Arguments& arguments) {
    dnnl::reorder(w_input_, arguments[DNNL_ARG_WEIGHTS_LAYER])
        .execute(stream_, w_input_, arguments[DNNL_ARG_WEIGHTS_LAYER]);
    dnnl::reorder(w_recurrent_, arguments[DNNL_ARG_WEIGHTS_ITER])
        .execute(stream_, w_recurrent_, arguments[DNNL_ARG_WEIGHTS_ITER]);
  }

  dnnl::engine engine_;
  dnnl::stream stream_;
  memory x_, y_, dy_, w_input_, w_recurrent_, bias_, workspace_;
  dnnl::lstm_forward forward_;
  dnnl::lstm_backward backward_;
  Arguments forward_arguments_, backward_arguments_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: onednn_lstm BATCH HIDDEN INPUT LENGTH\n");
    return 1;
  }
  Lstm lstm({std::atoll(argv[1]), std::atoll(argv[2]), std::atoll(argv[3]), std::atoll(argv[4])});
  for (int i = 0; i < 2; ++i) lstm.Run();  // faults in memory, selects kernels
  const dnnl_version_t* version = dnnl_version();
  std::cout << "{\"version\": \"" << version->major << '.' << version->minor << '.' << version->patch
            << "\", \"tape_bytes\": " << lstm.workspace_bytes() << "}" << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << "{\"seconds\": " << lstm.Run() << "}" << std::endl;
  }
  return 0;
}
