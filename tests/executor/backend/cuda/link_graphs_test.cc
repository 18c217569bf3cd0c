// SPDX-License-Identifier: Apache-2.0
#include "executor/backend/cuda/link_graphs.h"

#include <gtest/gtest.h>

namespace recurve::cuda {
namespace {

// The default stream cannot be captured, on a machine with a GPU or without.
TEST(LinkGraphs, CountsWhatCannotBeCaptured) {
  LinkGraphs graphs;
  int runs = 0;
  const auto enqueue = [&] {
    ++runs;
    return absl::OkStatus();
  };
  const LinkGraphs::Key key{.backward = false, .cell = Cell::kLstm, .steps = 8, .rows = 4, .H = 16, .weights = nullptr};
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(graphs.Run(key, nullptr, enqueue).ok());
  EXPECT_EQ(runs, 4);
  EXPECT_EQ(graphs.runs(), (LinkRuns{.graphs = 0, .failed_graphs = 1, .graph_launches = 0, .one_by_one = 4}));

  LinkGraphs::Key few_steps = key;
  few_steps.steps = 1;
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(graphs.Run(few_steps, nullptr, enqueue).ok());
  EXPECT_EQ(runs, 8);
  EXPECT_EQ(graphs.runs().failed_graphs, 1);
  EXPECT_EQ(graphs.runs().one_by_one, 8);
}

}  // namespace
}  // namespace recurve::cuda
