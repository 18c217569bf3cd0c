// SPDX-License-Identifier: Apache-2.0
//
// What configures the daemons: files of settings, the environment, PEM files of TLS and files of plans to make first.
// The first byte of the input chooses which.
#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): setenv is POSIX

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "client/cli/chain_file.h"
#include "planner_service/grpc_server/settings.h"
#include "planner_service/service/warm_up.h"
#include "planner_service/tls/tls_credentials.h"
#include "tests/fuzz/fuzz_folder.h"
#include "tests/fuzz/fuzz_target.h"

namespace recurve {
namespace {

// A daemon with a setting of each kind.
struct Daemon {
  Daemon() {
    app.add_option("--max-jobs", max_jobs, "How many")->type_name("N")->check(CLI::Range(1, 100));
    app.add_option("--resume-jobs", resume, "Whether")->type_name("true|false");
    app.add_option("--listen", listen, "Where")->type_name("ADDRESS");
    app.add_option("--device", devices, "May be repeated")->type_name("DEVICE");
    settings.emplace(app);
  }
  absl::Status Complete(std::vector<std::string> arguments) {
    app.parse(std::move(arguments));
    return settings->Complete();
  }
  bool operator==(const Daemon& other) const {
    return max_jobs == other.max_jobs && resume == other.resume && listen == other.listen && devices == other.devices;
  }

  CLI::App app{"", "recurve-example"};
  int max_jobs = 5;
  bool resume = true;
  std::string listen = "127.0.0.1:7402";
  std::vector<std::string> devices;
  std::optional<Settings> settings;  // once all options have been added
};

void ReadSettings(const FuzzFolder& folder, const std::string& text) {
  Daemon daemon;
  if (!FuzzRead(daemon.Complete({folder.Write("settings.toml", text), "--config"}))) return;
  const absl::StatusOr<std::string> printed = daemon.settings->ToFile();
  if (!FuzzRead(printed.status())) return;
  Daemon again;
  const absl::Status status = again.Complete({folder.Write("printed.toml", *printed), "--config"});
  FuzzCheck(status.ok() && again == daemon, "settings that were printed are read as they were");
}

void ReadEnvironment(const std::string& text) {
  constexpr const char* kNames[] = {"RECURVE_EXAMPLE_MAX_JOBS", "RECURVE_EXAMPLE_RESUME_JOBS", "RECURVE_EXAMPLE_LISTEN",
                                    "RECURVE_EXAMPLE_DEVICE"};
  const std::vector<std::string> values = Sections(text, std::size(kNames));
  for (size_t i = 0; i < values.size(); ++i) {
    if (!values[i].empty()) setenv(kNames[i], values[i].c_str(), 1);
  }
  Daemon daemon;
  FuzzRead(daemon.Complete({}));
  for (const char* name : kNames) unsetenv(name);
}

void ReadPem(const FuzzFolder& folder, const std::string& text) {
  const std::vector<std::string> parts = Sections(text, 3);
  const TlsFiles files{.certificate = folder.Write("tls.crt", parts[0]),
                       .key = folder.Write("tls.key", parts[1]),
                       .authorities = folder.Write("ca.crt", parts[2])};
  FuzzRead(ReadTlsFiles(files, TlsRole::kServer).status());
  FuzzRead(ReadTlsFiles({.authorities = files.authorities}, TlsRole::kClient).status());
}

}  // namespace
}  // namespace recurve

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const recurve::FuzzFolder folder;
  if (size == 0) return 0;
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 5) {
    case 0:
      recurve::ReadSettings(folder, text);
      break;
    case 1:
      recurve::ReadEnvironment(text);
      break;
    case 2:
      recurve::ReadPem(folder, text);
      break;
    case 3:
      recurve::FuzzRead(recurve::ReadWarmUp(folder.Write("plans", text), {}).status());
      break;
    default:
      recurve::FuzzRead(recurve::ReadChainFile(folder.Write("chain.json", text)).status());
  }
  return 0;
}
