// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_GRPC_SERVER_HELP_FORMATTER_H_
#define RECURVE_PLANNER_SERVICE_GRPC_SERVER_HELP_FORMATTER_H_

#include <CLI/CLI.hpp>
#include <string>

namespace recurve {

// CLI11's help with lines of at most 120 columns and one empty line between sections.
class HelpFormatter final : public CLI::Formatter {
 public:
  HelpFormatter();
  std::string make_description(const CLI::App* app) const override;
  std::string make_option_desc(const CLI::Option* option) const override;
  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override;
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_GRPC_SERVER_HELP_FORMATTER_H_
