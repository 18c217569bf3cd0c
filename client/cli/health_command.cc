// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <cmath>
#include <cstdio>
#include <memory>
#include <string>

#include "client/cli/commands.h"
#include "client/cli/json.h"
#include "client/cli/option_values.h"
#include "client/cli/service_option.h"
#include "planner_service/client/health_client.h"
#include "planner_service/client/target.h"

namespace recurve {
namespace {

constexpr char kHealthFooter[] = R"(
Examples:
  recurve health 127.0.0.1:7402
  recurve health 127.0.0.1:7401 --service recurve.planner.v1.PlannerService --timeout 1s

Exit status 0: SERVING; 1: NOT_SERVING, as while the daemon starts or drains, or no answer in time, with a message.
Health checks of containers and scripts use it; tools that speak gRPC ask grpc.health.v1.Health themselves.)";

struct HealthOptions {
  ServiceOption daemon;
  std::string service;
  double timeout = 5;
  bool json = false;
};

ExitStatus RunHealth(const HealthOptions& options) {
  if (const absl::Status wrong = CheckTarget(options.daemon.target); !wrong.ok()) {
    return Fail(wrong, ExitStatus::kUsage);
  }
  const absl::StatusOr<DaemonHealth> answer =
      AskHealth({.target = options.daemon.target,
                 .service = options.service,
                 .timeout = std::chrono::milliseconds(std::llround(1000 * options.timeout)),
                 .tls = options.daemon.tls});
  if (!answer.ok()) return Fail(answer.status());
  const std::string health = answer->serving ? "SERVING" : "NOT_SERVING";
  if (options.json) {
    PrintJson({{"target", options.daemon.target}, {"service", options.service}, {"health", health}});
  } else {
    std::puts(health.c_str());
  }
  return answer->serving ? ExitStatus::kDone : ExitStatus::kFailed;
}

}  // namespace

Command AddHealthCommand(const Section& section) {
  CLI::App& health =
      AddCommand(section, "health", "ask a daemon, planner or executor, whether it is serving", kHealthFooter);
  auto options = std::make_shared<HealthOptions>();
  AddPositional(health, "target", options->daemon.target, "the daemon, such as 127.0.0.1:7401 or 127.0.0.1:7402",
                "TARGET");
  AddText(health, "--service", options->service, "ask about one gRPC service; default: the daemon as a whole", "NAME");
  AddSeconds(health, "--timeout", options->timeout, "how long to wait for the answer, such as 500ms or 5s",
             {.least = 0.001, .most = 1e6});
  AddFlag(health, "--json", options->json, "print one JSON object");
  AddTlsOptions(health, options->daemon.target, options->daemon.tls);
  return {&health, [options] { return RunHealth(*options); }};
}

}  // namespace recurve
