// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "client/cli/build_info.h"
#include "client/cli/commands.h"
#include "client/cli/json.h"
#include "client/cli/option_values.h"
#include "client/cli/service_option.h"
#include "client/cli/terminal.h"
#include "client/doctor/checks.h"
#include "planner_service/grpc_server/address.h"
#include "planner_service/text/number_text.h"
#include "planner_service/text/printable.h"
#include "planner_service/text/wrapped.h"

namespace recurve {
namespace {

constexpr char kDoctorFooter[] = R"(
Examples:
  recurve doctor
  recurve doctor --planner planner.internal:7401 --executor node7:7402
  recurve doctor --json                  one JSON object for each finding

Checks GPUs, processors, memory, limits and the clock; for daemons also ports, the state directory and certificates;
and whether the daemons named are SERVING and of this version. It changes nothing.
Exit status 0: all is ok, or there are only warnings; 1: a check failed.)";

constexpr char kNotChecked[] = "ports, the state directory, daemons and certificates were not checked: ";

constexpr size_t kLeastColumns = 40;  // for text, in a narrow terminal

struct DoctorCommand {
  DoctorOptions checks;
  bool json = false;
};

const char* TextOf(Severity severity) {
  return severity == Severity::kOk ? "ok" : severity == Severity::kWarning ? "warning" : "failure";
}

// Lines such as "warning  clock     2026-11-28 01:02:03 UTC, not synchronized", with the remedy below.
class Report {
 public:
  Report(bool json, const std::vector<Check>& checks) : json_(json) {
    for (const Check& check : checks) width_ = std::max(width_, check.name.size());
  }

  void Add(const std::string& check, const Finding& finding) {
    ++(finding.severity == Severity::kOk ? ok_ : finding.severity == Severity::kWarning ? warnings_ : failures_);
    if (json_) {
      PrintJson({{"check", check},
                 {"result", TextOf(finding.severity)},
                 {"found", finding.found},
                 {"remedy", finding.remedy}});
      return;
    }
    const std::string left = absl::StrFormat("%-7s  %-*s  ", TextOf(finding.severity), width_, check);
    const std::string below(left.size(), ' ');
    std::puts((left + Indented(finding.found, below)).c_str());
    if (!finding.remedy.empty()) std::puts((below + "-> " + Indented(finding.remedy, below + "   ")).c_str());
    std::fflush(stdout);
  }

  ExitStatus End() const {
    if (!json_) {
      if (!HasServices()) std::printf("\n%s%s\n", kNotChecked, kNoServices);
      std::printf("\n%s: %d ok, %s, %s\n", Counted(ok_ + warnings_ + failures_, "finding").c_str(), ok_,
                  Counted(warnings_, "warning").c_str(), Counted(failures_, "failure").c_str());
    }
    return failures_ == 0 ? ExitStatus::kDone : ExitStatus::kFailed;
  }

 private:
  // Wrapped to the terminal with an indent; elsewhere one line, which tools can search.
  static std::string Indented(const std::string& text, const std::string& indent) {
    std::string line = Printable(text);
    if (!TerminalMovesCursor()) return line;
    const size_t columns = std::max<size_t>(TerminalWidth(), indent.size() + kLeastColumns) - indent.size();
    return absl::StrReplaceAll(Wrapped(line, columns), {{"\n", "\n" + indent}});
  }

  const bool json_;
  size_t width_ = 0;
  int ok_ = 0, warnings_ = 0, failures_ = 0;
};

ExitStatus RunDoctor(DoctorCommand& command) {
  for (const std::string& address : command.checks.listen) {
    if (const absl::Status wrong = ParseAddress(address).status(); !wrong.ok()) return Fail(wrong, ExitStatus::kUsage);
  }
  command.checks.client_tls = OrFromEnvironment(command.checks.client_tls);
  for (const auto& [files, options] : {std::pair{&command.checks.daemon_tls, "--tls-cert-file and --tls-key-file"},
                                       std::pair{&command.checks.client_tls, "--cert-file and --key-file"}}) {
    if (files->certificate.empty() == files->key.empty()) continue;
    return Fail(ExitStatus::kUsage, absl::StrCat(options, " belong together; give both"));
  }
  command.checks.version = Version();
  command.checks.cuda = HasCuda();
  std::vector<Check> checks = MachineChecks();
  for (Check& check : DaemonChecks()) checks.push_back(std::move(check));
  Report report(command.json, checks);
  for (const Check& check : checks) {
    for (const Finding& finding : check.run(command.checks)) report.Add(check.name, finding);
  }
  return report.End();
}

void AddDaemonOptions(CLI::App& doctor, DoctorOptions& options) {
  AddTarget(doctor, "--planner", options.planner, "a planner daemon that should be serving");
  AddTarget(doctor, "--executor", options.executor, "an executor daemon that should be serving");
  AddTexts(doctor, "--listen", options.listen,
           "an address on which a daemon is to listen; may be repeated. Default: ports 7401, 9401, 7402 and 9402 of "
           "127.0.0.1, as of the daemons",
           "ADDRESS");
  AddText(doctor, "--state-dir", options.state_directory,
          "the state directory of an executor daemon. Default: the daemon's default for this user", "DIR");
  const Section tls(doctor, "TLS and identity");
  AddText(tls, "--tls-cert-file", options.daemon_tls.certificate,
          "PEM file of a daemon's certificate, with those of its issuers", "FILE");
  AddText(tls, "--tls-key-file", options.daemon_tls.key, "PEM file of that certificate's private key", "FILE");
  AddTlsFiles(doctor, options.client_tls);
}

}  // namespace

Command AddDoctorCommand(const Section& section) {
  CLI::App& doctor =
      AddCommand(section, "doctor", "check this machine and the daemons, and say what to fix", kDoctorFooter);
  auto command = std::make_shared<DoctorCommand>();
  if (HasServices()) AddDaemonOptions(doctor, command->checks);
  AddFlag(doctor, "--json", command->json, "print one JSON object for each finding");
  return {&doctor, [command] { return RunDoctor(*command); }};
}

}  // namespace recurve
