// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_TESTS_INTEGRATION_RUNNING_PLANNER_H_
#define RECURVE_TESTS_INTEGRATION_RUNNING_PLANNER_H_

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "planner_service/client/remote_planner.h"
#include "tests/integration/child_process.h"
#include "tests/planner_service/grpc_server/probes.h"

namespace recurve {

// The recurve-planner program on free ports, once it serves.
class RunningPlanner {
 public:
  explicit RunningPlanner(const std::vector<std::string>& more = {}) : process_(Command(more)) {
    EXPECT_TRUE(process_.WaitForOutput("no TLS")) << process_.output();
  }

  int port() const { return NumberAfter("serves gRPC on 127.0.0.1:"); }
  int metrics_port() const { return NumberAfter("metrics http://127.0.0.1:"); }
  ChildProcess& process() { return process_; }
  // A metric without labels; -1 if it is not there.
  double Metric(const std::string& name) const {
    const std::string text = HttpGet(metrics_port(), "/metrics");
    const size_t at = text.find("\n" + name + " ");
    return at == std::string::npos ? -1 : std::atof(text.c_str() + at + name.size() + 2);
  }
  std::unique_ptr<Planner> Client() const {
    return MakeRemotePlanner({.target = "127.0.0.1:" + std::to_string(port())});
  }

 private:
  static std::vector<std::string> Command(const std::vector<std::string>& more) {
    std::vector<std::string> command{RECURVE_PLANNER_BINARY, "--listen", "127.0.0.1:0", "--metrics-listen",
                                     "127.0.0.1:0"};
    command.insert(command.end(), more.begin(), more.end());
    return command;
  }

  int NumberAfter(const std::string& text) const {
    const size_t at = process_.output().find(text);
    return at == std::string::npos ? 0 : std::atoi(process_.output().c_str() + at + text.size());
  }

  ChildProcess process_;
};

}  // namespace recurve

#endif  // RECURVE_TESTS_INTEGRATION_RUNNING_PLANNER_H_
