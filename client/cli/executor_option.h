// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_CLI_EXECUTOR_OPTION_H_
#define RECURVE_CLIENT_CLI_EXECUTOR_OPTION_H_

#include <CLI/CLI.hpp>
#include <string>

namespace recurve {

// --executor HOST:PORT
inline void AddExecutorOption(CLI::App& app, std::string& target) {
  target = "127.0.0.1:7402";
  app.add_option("--executor", target, "the daemon")->type_name("HOST:PORT")->capture_default_str();
}

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_EXECUTOR_OPTION_H_
