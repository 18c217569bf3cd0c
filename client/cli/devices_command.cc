// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/cli/commands.h"
#include "client/cli/executor_option.h"
#include "client/cli/json.h"
#include "client/cli/option_values.h"
#include "client/cli/text_table.h"
#include "client/executor_client.h"
#include "planner_service/text/units.h"

namespace recurve {
namespace {

namespace v1 = executor::v1;

constexpr char kDevicesFooter[] = R"(
Examples:
  recurve devices --executor node7:7402
  recurve devices --json                  one JSON object for each device, for schedulers

"budget" is the memory that jobs may use, "promised" what planned and running jobs hold of it, and "free" the rest.)";

struct DevicesOptions {
  ServiceOption executor;
  bool json = false;
};

Json DeviceJson(const v1::Device& device) {
  return {{"name", device.name()},
          {"total_bytes", device.total_bytes()},
          {"budget_bytes", device.budget_bytes()},
          {"promised_bytes", device.promised_bytes()},
          {"free_bytes", device.free_bytes()},
          {"running_jobs", device.running_jobs()},
          {"queued_jobs", device.queued_jobs()}};
}

std::string DevicesText(const std::vector<v1::Device>& devices) {
  std::vector<std::vector<std::string>> rows = {{"device", "total", "budget", "promised", "free", "running", "queued"}};
  for (const v1::Device& device : devices) {
    rows.push_back({device.name(), FormatBytesRounded(device.total_bytes()), FormatBytesRounded(device.budget_bytes()),
                    FormatBytesRounded(device.promised_bytes()), FormatBytesRounded(device.free_bytes()),
                    absl::StrCat(device.running_jobs()), absl::StrCat(device.queued_jobs())});
  }
  return TextTable(rows);
}

ExitStatus RunDevices(const DevicesOptions& options) {
  ExecutorClient executor({.target = options.executor.target, .tls = options.executor.tls});
  const absl::StatusOr<std::vector<v1::Device>> devices = executor.GetDevices();
  if (!devices.ok()) return Fail(devices.status());
  if (options.json) {
    for (const v1::Device& device : *devices) PrintJson(DeviceJson(device));
  } else {
    std::fputs(DevicesText(*devices).c_str(), stdout);
  }
  return ExitStatus::kDone;
}

}  // namespace

Command AddDevicesCommand(const Section& section) {
  CLI::App& devices =
      AddCommand(section, "devices", "list the devices of an executor daemon and their memory", kDevicesFooter);
  auto options = std::make_shared<DevicesOptions>();
  AddExecutorOption(devices, options->executor);
  AddFlag(devices, "--json", options->json, "print one JSON object for each device");
  return {&devices, [options] { return RunDevices(*options); }};
}

}  // namespace recurve
